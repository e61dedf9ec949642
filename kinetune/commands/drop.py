"""What `kinetune drop` does between showing and telling: look, ask, keep a copy, take away, look again."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinetune.cli.options import typed
from kinetune.model.failure import CouldNotLook, Refused, UsageFailure

if TYPE_CHECKING:
    from pathlib import Path

    from kinetune.database.apply import Done, Watcher
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.holdings import Holdings
    from kinetune.model.script import Hazard, Script

WRITTEN = "nothing was dropped: kine was written to since it was looked at"
CHANGED = "nothing was dropped: the store has changed since this was shown"


@dataclass(frozen=True)
class Wish:
    """What the user asked for, apart from where. `watch` is in seconds."""

    database: bool
    backup: Path | None
    allow: frozenset[str]
    confirm: str | None
    watch: float


@dataclass(frozen=True)
class Seen:
    """One look at the store, the script it leads to, and what speaks against it."""

    endpoint: Endpoint
    holdings: Holdings
    script: Script
    hazards: tuple[tuple[Hazard, str], ...]


@dataclass(frozen=True)
class Kept:
    """The copy: its file, its bytes, and what is in it. `again` where an earlier run of the same had made it."""

    path: Path
    bytes: int
    rows: int
    max_id: int | None
    again: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done, statement by statement, how long the whole took (seconds), and the copy."""

    done: tuple[Done, ...]
    seconds: float
    kept: Kept | None


def refuse_unready_backup(path: Path | None) -> None:
    """Before the work rather than after it: UsageFailure where the file cannot be made there."""
    from kinetune.database.backup_file import manifest, refuse_taken
    from kinetune.reports.table import refuse_unwritable

    if path is None:
        return
    if path.exists() and not path.is_file():
        raise UsageFailure(f"{path} is not a file", "name a file: a copy is read again before anything is dropped")
    refuse_unwritable(path, "json")
    if path.exists():  # it may be the copy of a drop that was interrupted, and is looked at whole when it is needed
        try:
            manifest(path)
        except UsageFailure:
            refuse_taken(path)


def look(endpoint: Endpoint, wish: Wish) -> Seen:
    """On sessions that may only read. The endpoint is told the database's name where libpq knows it alone."""
    from kinetune.cli.progress import Doing
    from kinetune.database.holdings import holdings
    from kinetune.tuning.removal import hazards

    with Doing() as doing:
        seen = holdings(endpoint, "drop", wish.watch, doing.tell)
    against = tuple(hazards(seen, database=wish.database))
    return Seen(replace(endpoint, database=seen.facts.database), seen, _script(seen, wish), against)


def carry_out(seen: Seen, wish: Wish) -> Outcome:
    """
    Ask, copy, drop, verify. Nothing is begun where something else needs the table, a privilege is missing, a hazard is
    not allowed or the name is not the one; and nothing is dropped before the copy is whole on the disk.
    """
    from kinetune.cli.progress import Progress
    from kinetune.commands.drop_backup import earlier, keep
    from kinetune.tuning.removal import refuse_needed, refuse_powerless

    if not wish.database:
        refuse_needed(seen.holdings)
    refuse_powerless(seen.holdings, seen.script)
    _refuse_hazards(seen, wish)
    kept = earlier(seen, wish.backup)
    _ask(seen, wish)
    started = time.monotonic()
    if wish.backup and not kept:
        kept = keep(seen, wish.backup)
    with Progress(None, seen.script) as progress:
        (_drop_database if wish.database else _drop_table)(seen, wish, progress.watch)
    _verify(seen, wish)
    return Outcome(tuple(progress.done), time.monotonic() - started, kept)


def _script(seen: Holdings, wish: Wish) -> Script:
    """A write between is what RECENT_WRITES allows; ends of sessions are what KINE_RUNS allows."""
    from kinetune.model.script import Hazard
    from kinetune.tuning.removal import removal, whole

    if wish.database:
        return whole(seen, force=Hazard.KINE_RUNS in wish.allow)
    return removal(seen, guarded=Hazard.RECENT_WRITES not in wish.allow)


def _refuse_hazards(seen: Seen, wish: Wish) -> None:
    for hazard, why in seen.hazards:
        if hazard not in wish.allow:
            raise Refused(f"nothing was changed: {why}", f"see to it, or add --allow {hazard}")


def _ask(seen: Seen, wish: Wish) -> None:
    name = seen.endpoint.database
    if wish.confirm is None and not sys.stdin.isatty():
        raise Refused("nothing was changed: there is no terminal to ask on", f"add --confirm {name} to go on")
    answer = wish.confirm
    if answer is None:
        warning = "" if wish.backup else "This cannot be undone. "
        answer = typed(f"{warning}Type the name of the database ({name}) to go on:")
    if answer != name:
        given = "no name was given" if not answer.strip() else f"{answer} is not the database's name"
        raise Refused(f"nothing was changed: {given}", f"it is {name}")


def _drop_table(seen: Seen, wish: Wish, watch: Watcher) -> None:
    from kinetune.database.apply import Apply, alone
    from kinetune.database.holdings import look as holdings_now
    from kinetune.database.lock_row import forget
    from kinetune.database.look import store

    with store(seen.endpoint, "drop", write=True) as (session, facts), alone(session):
        now = holdings_now(session, facts)
        _refuse_written(seen.holdings, now, wish)
        script = _script(now, wish)
        if script.steps != seen.script.steps:
            raise Refused(CHANGED, "run again to see what would go now")
        Apply(session, watch).script(script)
    forget(seen.endpoint)


def _refuse_written(before: Holdings, now: Holdings, wish: Wish) -> None:
    from kinetune.model.script import Hazard

    newest = [table and (table.max_id, table.last_id) for table in (before.facts.table, now.facts.table)]
    if newest[0] != newest[1] and Hazard.RECENT_WRITES not in wish.allow:
        raise Refused(WRITTEN, "stop Kine and run again, or add --allow RECENT_WRITES")


def _drop_database(seen: Seen, wish: Wish, watch: Watcher) -> None:
    """A last look from within, then from a maintenance database: nobody may be connected to what is dropped."""
    from kinetune.database.apply import Apply
    from kinetune.database.look import beside, store

    with store(seen.endpoint, "drop") as (_, facts):
        _refuse_written(seen.holdings, replace(seen.holdings, facts=facts), wish)
    with beside(seen.endpoint, "drop") as session:
        Apply(session, watch).script(seen.script)


def _verify(seen: Seen, wish: Wish) -> None:
    """The second look: whatever is still there was made by somebody else meanwhile, or not taken as told."""
    from kinetune.database.holdings import look as holdings_now
    from kinetune.database.look import store
    from kinetune.model.holdings import Holdings

    with store(seen.endpoint, "drop") as (session, facts):
        left = _script(holdings_now(session, facts) if facts.database_exists else Holdings(facts), wish)
    if left:
        raise CouldNotLook(
            f"dropped, but not all of it: still to {left.steps[0].does}", "is a Kine running? run it again to see why"
        )
