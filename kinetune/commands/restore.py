"""What `kinetune restore` does between showing and telling: read, look, ask, put back, look again."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kinetune.cli.options import agreed
from kinetune.model.failure import CouldNotLook, Refused, UsageFailure
from kinetune.model.server import Flavour
from kinetune.servers.sequence_flag import SEQUENCE_FLAG

if TYPE_CHECKING:
    from pathlib import Path

    from kinetune.database.apply import Done
    from kinetune.database.session import Session
    from kinetune.model.backup import Backup
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.facts import Facts
    from kinetune.tuning.restoration import Restoration

PG_DUMPS = {b"PGDMP": "pg_restore --no-owner -d DATABASE", b"--\n-- PostgreSQL database dump": "psql -1 -d DATABASE -f"}
"""How files of pg_dump begin, and what puts them back."""


@dataclass(frozen=True)
class Seen:
    """The copy, the place where it is to land, and the way there."""

    endpoint: Endpoint
    file: Path
    backup: Backup
    facts: Facts
    way: Restoration


@dataclass(frozen=True)
class Outcome:
    """What was done, and how long the whole took (seconds)."""

    done: tuple[Done, ...]
    seconds: float


def read(file: Path) -> Backup:
    """The whole file, before anything is asked of the server. UsageFailure where it is not what was written."""
    from kinetune.cli.progress import Doing
    from kinetune.database import backup_file

    with Doing() as doing:
        doing.tell(f"read {file}")
        _refuse_pg_dump(file)
        return backup_file.read(file)


def look(endpoint: Endpoint, file: Path, backup: Backup) -> Seen:
    """On a session that may only read."""
    from kinetune.database.look import store

    with store(endpoint, "restore") as (session, facts):
        if not facts.database:
            facts = replace(facts, database=session.connection.info.dbname)
        way = _way(session, facts, backup)
    return Seen(replace(endpoint, database=facts.database), file, backup, facts, way)


def carry_out(seen: Seen, *, yes: bool) -> Outcome:
    """Ask, put back, verify."""
    _ask(seen, yes=yes)
    started = time.monotonic()
    done = tuple(_apply(seen))
    _verify(seen)
    return Outcome(done, time.monotonic() - started)


def _refuse_pg_dump(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            start = stream.read(64)
    except OSError as error:
        raise UsageFailure(f"cannot read {file}: {error.strerror}", "name a file that can be read") from None
    for mark, command in PG_DUMPS.items():
        if start.startswith(mark):
            raise UsageFailure(f"{file} is of pg_dump, which has its own way back", f"{command} {file}")


def _way(session: Session, facts: Facts, backup: Backup) -> Restoration:
    from kinetune.database.restore import landing
    from kinetune.tuning.restoration import Landing, restoration

    if not facts.database_exists:
        row = landing(session)
        return restoration(backup, facts, Landing("public", frozenset(), *_roles(row)))
    row = landing(session)
    here = Landing(row["schema"], frozenset(row["taken"]), *_roles(row), indexes=tuple(row["indexes"]))
    return restoration(backup, facts, here)


def _roles(row: dict[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(row["roles"]), frozenset(row["known"])


def _ask(seen: Seen, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("nothing was changed: there is no terminal to ask on", "add --yes to go on")
    if not agreed(f"Restore {seen.backup.sums.rows:,} rows to {seen.endpoint}?"):
        raise Refused("nothing was changed", "run it again when you are ready")


def _apply(seen: Seen) -> list[Done]:
    from kinetune.cli.progress import Progress
    from kinetune.database.apply import Apply, alone
    from kinetune.database.look import store
    from kinetune.database.observe import observe

    done: list[Done] = []
    if not seen.facts.database_exists:
        with store(seen.endpoint, "restore", write=True) as (session, facts):
            if not facts.database_exists:
                Apply(session, done.append).script(seen.way.first.outside())
    with store(seen.endpoint, "restore", write=True) as (session, _), alone(session):
        _refuse_cached_ids(session, seen)
        way = _way(session, replace(observe(session), database=seen.endpoint.database), seen.backup)
        for script in (way.first, None, way.then):
            if script is None:
                _load(session, seen)
                continue
            with Progress(None, script) as progress:
                Apply(session, progress.watch).script(script)
            done += progress.done
    return done


def _refuse_cached_ids(session: Session, seen: Seen) -> None:
    """On YugabyteDB the node's flag decides the cache of a new sequence, and no SQL mends it (measured.md §1)."""
    from kinetune.database.probe import least_cache

    if session.server.flavour is not Flavour.YUGABYTEDB or seen.backup.manifest.sequence.cache > 1:
        return
    if (cache := least_cache(session)) > 1:
        raise Refused(
            f"nothing was restored: ids would be cached {cache} at a time on this node",
            f"restart every tserver with --{SEQUENCE_FLAG}=1, then run again",
        )


def _load(session: Session, seen: Seen) -> None:
    from kinetune.cli.progress import Rows
    from kinetune.database.restore import Load, landing
    from kinetune.tuning.restoration import Landing

    table = Landing(landing(session)["schema"]).scratch
    with Rows(f"copy {seen.file} to {table} and read it back", 2 * seen.backup.sums.rows) as progress:
        Load(seen.file, seen.backup, table).into(session, progress.watch)


def _verify(seen: Seen) -> None:
    """The second look, with other eyes: the table that a new session finds by the name kine."""
    from kinetune.database.look import store

    with store(seen.endpoint, "restore") as (_, facts):
        table, sums = facts.table, seen.backup.sums
    if table is None or (table.max_id or 0) < (sums.max_id or 0):
        raise CouldNotLook("restored, but kine is not as it was: newest revisions are missing", "is a Kine running?")
    if table.sequence is None or (table.last_id or 0) < seen.backup.next_above:
        raise CouldNotLook("restored, but its sequence is behind", "run kinetune init, which raises it")
