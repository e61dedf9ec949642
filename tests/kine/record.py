"""
Write sql/kine/<era>/<query>.sql from what a real server saw a real Kine send.

`python -m tests.kine.record v0.17.5 [--out DIR] [--without-compaction]` starts a throw-away PostgreSQL 15. Releases
before v0.13.15 compact only after five minutes, and this waits for them unless told otherwise. `--headers` writes the
headers anew from notes.toml and records nothing.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
import time
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from kinetune import resources
from kinetune.kine.queries import load_catalogue
from kinetune.kine.releases import ERAS, Era, era_of_kine, recorded_catalogue
from tests.cluster import DEBIAN_15, Cluster
from tests.kine.drive import Drive
from tests.kine.seen import Seen, named, statements

# Limits a statement was seen with: 0 for none, 1 for any.
_LIMITS = {"never": frozenset({0}), "always": frozenset({1}), "sometimes": frozenset({0, 1})}
NOTES = Path(__file__).parent / "notes.toml"


def record(tag: str, cluster: Cluster, compaction: bool = True) -> dict[str, str]:
    """Query name → file, for every statement that release sends; the cluster is left as it was found."""
    database = f"record_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database}")
        admin.execute(f"ALTER DATABASE {database} SET log_statement = 'all'")
        try:
            log = Drive(tag, cluster.dsn(database), compaction).run()
            _flushed(cluster, admin)
            seen = named(tag, statements(cluster.log, database), log)
            with psycopg.connect(cluster.dsn(database), autocommit=True) as side:
                return {name: rendered(tag, seen[name], _types(side, seen[name].text)) for name in sorted(seen)}
        finally:
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)")


def _flushed(cluster: Cluster, admin: psycopg.Connection[Any]) -> None:
    """Wait until the log collector, a process of its own, has written all that was logged until now."""
    mark = uuid.uuid4().hex
    admin.execute(f"DO $$ BEGIN RAISE LOG '{mark}'; END $$")
    deadline = time.monotonic() + 10
    while mark not in cluster.log.read_text(encoding="utf-8"):
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not write its log")
        time.sleep(0.05)


def _types(side: psycopg.Connection[Any], text: str) -> list[str]:
    """The parameter types the server infers."""
    side.execute(f"PREPARE asked AS {text}".encode())
    row = side.execute("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'asked'").fetchone()
    side.execute("DEALLOCATE asked")
    assert row is not None
    return list(row[0])


@functools.cache
def _notes() -> Mapping[str, Any]:
    return tomllib.loads(NOTES.read_text(encoding="utf-8"))


def notes(name: str, era: Era) -> dict[str, Any]:
    """What is known of a query in an era: the general notes, overridden by those of that era."""
    table = _notes()[name]
    known = {key: value for key, value in table.items() if not isinstance(value, dict)}
    for eras, override in table.items():
        if isinstance(override, dict) and era.number in eras.split():
            known |= override
    return known


def rendered(tag: str, seen: Seen, types: list[str]) -> str:
    """One file of the catalogue."""
    era = era_of_kine(tag)
    known = notes(seen.name, era)
    served = [other.releases for other in ERAS if other.catalogue == recorded_catalogue(era)]
    header = [
        seen.name,
        f"releases: {', '.join(served)}",
        f"recorded: {tag} on PostgreSQL 15",
        *_parameters(types, known["parameters"]),
        f"limit: {_limit(seen.limits)}",
        f"sent when: {known['sent']}",
        f"how often: {known['often']}",
        f"wish: {known['wish']}",
    ]
    return "".join(f"-- {line}\n" for line in header) + seen.text + "\n"


def _parameters(types: list[str], meanings: list[str]) -> list[str]:
    assert len(types) == len(meanings), f"{len(types)} parameters, {meanings}"
    examples = _notes()["examples"]
    rows = enumerate(zip(types, meanings, strict=True), 1)
    return [f"${number} {kind} {meaning}  e.g. {examples[meaning]}" for number, (kind, meaning) in rows]


def _limit(limits: frozenset[int]) -> str:
    """Whether Kine adds a LIMIT, which the file leaves out (queries.limited puts it back)."""
    return next(word for word, kind in _LIMITS.items() if kind == frozenset(bool(n) for n in limits))


def renewed(tag: str) -> dict[str, str]:
    """The files of the era as they are, with headers from today's notes."""
    folder = recorded_catalogue(era_of_kine(tag))
    files = {}
    for query in load_catalogue(folder).values():
        (limit,) = re.findall(r"^-- limit: (\w+)$", _path(folder, query.name).read_text(encoding="utf-8"), re.MULTILINE)
        seen = Seen(query.name, query.text, _LIMITS[limit])
        files[query.name] = rendered(tag, seen, [parameter.type for parameter in query.parameters])
    return files


def _path(folder: str, name: str) -> Path:
    return resources.data_folder("sql") / "kine" / folder / f"{name}.sql"


def write(files: Mapping[str, str], folder: Path) -> None:
    """The files of an era, and no others."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.sql"):
        if old.stem not in files:
            old.unlink()
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")


def _recorded_now(tag: str, compaction: bool) -> dict[str, str]:
    cluster = Cluster.start(DEBIAN_15)
    try:
        return record(tag, cluster, compaction)
    finally:
        cluster.remove()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.kine.record", description=__doc__)
    parser.add_argument("tag")
    parser.add_argument("--out", type=Path, help="default: sql/kine/<era>")
    parser.add_argument("--without-compaction", action="store_true")
    parser.add_argument("--headers", action="store_true")
    asked = parser.parse_args()
    files = renewed(asked.tag) if asked.headers else _recorded_now(asked.tag, not asked.without_compaction)
    folder = asked.out or resources.data_folder("sql") / "kine" / recorded_catalogue(era_of_kine(asked.tag))
    write(files, folder)
    print(f"{asked.tag}: {len(files)} statements in {folder}", file=sys.stderr)


if __name__ == "__main__":
    main()
