"""
`kinetune move` without its questions: rows/s of the copy alone, and beside it the seconds for verification and indexes.

Each move runs in a process of its own (`python -m bench.move SOURCE TARGET`), whose memory is measured from outside.
`move` has PostgreSQL as its target; `move-yugabytedb` a real cluster, with indexes before and after the rows and with
1, 2, 4 and 8 sessions that write.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.bench_server import BenchServer
from bench.progress import print_progress
from kinetune.database.apply import ScriptRunner
from kinetune.database.observe import observe_store
from kinetune.database.session import open_session
from kinetune.database.table_definition import read_incoming_place
from kinetune.kine.releases import newest_era
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.report import Cell, Paragraph, Report, Table, Tone
from kinetune.model.source_address import parse_source
from kinetune.transfer import incoming as writing
from kinetune.transfer.copying import copy_missing_rows
from kinetune.transfer.rows import Row
from kinetune.transfer.sources import ReadOptions, open_source
from kinetune.transfer.verification import compare_with_source
from kinetune.tuning import incoming as planning
from kinetune.tuning.profiles import build_target

VALUE_BYTES = 500
OBJECTS = 5
"""Revisions of an object."""
RATES = {"PostgreSQL": 100_000, "YugabyteDB": 2_500}
"""Goals in rows/s: of the copy alone on PostgreSQL, with all indexes on YugabyteDB."""
MEGABYTES = 150
SQLITE = """
CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, created INTEGER, deleted INTEGER,
    create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB)
"""
CLUSTER_VARIANTS = [(writers, "after") for writers in (1, 2, 4, 8)] + [(writers, "before") for writers in (1, 4)]


@dataclass(frozen=True)
class MoveCost:
    """Of one move: seconds of its parts, bytes of all values, peak memory in MB (10^6 bytes)."""

    rows: int
    bytes: int
    copy: float
    verify: float
    indexes: float
    memory: float

    @property
    def rate(self) -> float:
        return self.rows / self.copy

    @property
    def whole_rate(self) -> float:
        return self.rows / (self.copy + self.indexes)


def run(bench_server: BenchServer, rows: int) -> Report:
    """From SQLite, PostgreSQL and an archive into PostgreSQL 15."""
    costs: dict[str, MoveCost] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, source in _make_sources(bench_server, Path(folder), rows).items():
            target = bench_server.new_database()
            with bench_server.admin() as admin:
                admin.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(target.database)))
            costs[name] = _measure_move(source, bench_server.dsn(target))
            print_progress(f"{name}: {costs[name]}")
            with bench_server.admin() as admin:
                admin.execute(psycopg.sql.SQL("DROP DATABASE {}").format(psycopg.sql.Identifier(target.database)))
    missed = {name for name, cost in costs.items() if cost.rate < RATES["PostgreSQL"] or cost.memory > MEGABYTES}
    # An archive is unpacked in Python; its own goal is MB/s.
    return _report(f"Moving {rows:,} rows to PostgreSQL 15", costs, missed - {"archive"})


def run_yugabytedb(_: BenchServer, rows: int) -> Report:
    """From SQLite onto a real cluster of three nodes."""
    from tests.yugabytedb.cluster import shared

    costs: dict[str, MoveCost] = {}
    with tempfile.TemporaryDirectory() as folder, shared("move", str(os.getpid()), "--cache", "1") as cluster:
        source = _write_sqlite(Path(folder) / "state.db", rows, former=False)
        for writers, when in CLUSTER_VARIANTS:
            database = f"move_{writers}_{when}"
            with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {database}".encode())
            name = f"{writers} sessions, indexes {when} the rows"
            costs[name] = _measure_move(source, cluster.dsn(database), f"--writers={writers}", f"--indexes={when}")
            print_progress(f"{name}: {costs[name]}")
    missed = {name for name, cost in costs.items() if cost.whole_rate < RATES["YugabyteDB"]}
    return _report(f"Moving {rows:,} rows to YugabyteDB", costs, missed)


def _make_sources(bench_server: BenchServer, folder: Path, rows: int) -> dict[str, str]:
    print_progress(f"writing {rows:,} rows to SQLite, PostgreSQL and an archive")
    sqlite = _write_sqlite(folder / "state.db", rows, former=True)
    database = bench_server.new_database()
    with bench_server.admin() as admin:
        admin.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(database.database)))
    _measure_move(sqlite, bench_server.dsn(database))
    return {"SQLite": sqlite, "PostgreSQL": bench_server.dsn(database)} | _write_archive(folder, sqlite)


def _write_archive(folder: Path, sqlite: str) -> dict[str, str]:
    from kinetune.transfer.archive import write_archive

    path = folder / "store.kinetune"
    with open_source(parse_source(sqlite), ReadOptions(), "bench") as source:
        write_archive(path, source, None, lambda _: None)
    return {"archive": f"archive:{path}"}


def _write_sqlite(path: Path, rows: int, *, former: bool) -> str:
    """`former`: updates have an old_value too, as Kine writes them."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(SQLITE)
        connection.executemany("INSERT INTO kine VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _plain_rows(rows, former=former))
    return f"sqlite:{path}"


def _plain_rows(rows: int, *, former: bool) -> Iterator[Row]:
    """Objects with OBJECTS revisions each. Values cannot be compressed, as those of an encrypting API server."""
    objects = max(rows // OBJECTS, 1)
    for number in range(1, rows + 1):
        value, create = os.urandom(VALUE_BYTES), number <= objects
        name = f"/registry/pods/namespace-{number % 50}/object-{number % objects:08}"
        first = 0 if create else (number - 1) % objects + 1
        before = 0 if create else number - objects
        yield number, name, int(create), 0, first, before, 0, value, value if former and not create else None


def _measure_move(source: str, target: str, *options: str) -> MoveCost:
    arguments = [sys.executable, "-m", "bench.move", source, target, *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the move from {source} failed")
    return MoveCost(**json.loads(output), memory=usage.ru_maxrss * 1024 / 1e6)


def _report(title: str, costs: dict[str, MoveCost], missed: set[str]) -> Report:
    columns = ("source", "copy", "data", "with indexes", "verification", "indexes", "peak memory")
    rows = tuple(
        (
            Cell(name),
            Cell(f"{cost.rate:,.0f} rows/s", Tone.BAD if name in missed else Tone.GOOD),
            Cell(f"{cost.bytes / cost.copy / 1e6:,.0f} MB/s"),
            Cell(f"{cost.whole_rate:,.0f} rows/s"),
            Cell(f"{cost.verify:.1f} s"),
            Cell(f"{cost.indexes:.1f} s"),
            Cell(f"{cost.memory:.0f} MB"),
        )
        for name, cost in costs.items()
    )
    words = f"Values of {VALUE_BYTES} bytes that cannot be compressed, {OBJECTS} revisions of each object."
    data: dict[str, object] = {name: vars(cost) for name, cost in costs.items()}
    data |= {"missed": bool(missed)}
    return Report("bench move", title, (Table(columns, rows, frozenset(columns[1:])), Paragraph(words)), data)


def _move_rows(source_text: str, target: Endpoint) -> dict[str, float]:
    """One move, in this process. Seconds of its parts."""
    address = parse_source(source_text)
    with (
        open_source(address, ReadOptions(), "bench") as source,
        open_session(target, "bench", write=True) as session,
    ):
        facts = observe_store(session)
        definition = planning.definition_from_profile(build_target("tuned", session.server, newest_era()))
        place = read_incoming_place(session, source_text, database_exists=True)
        scripts = planning.plan_incoming(definition, facts, place, None)
        times = [time.perf_counter()]

        def measure() -> float:
            times.append(time.perf_counter())
            return times[-1] - times[-2]

        ScriptRunner(session).run_script(scripts.before_rows)
        before = measure()
        table = writing.IncomingTable(session, place.table)
        rows = copy_missing_rows(source, table)
        copy = measure()
        found = compare_with_source(source, table)
        assert found.mismatch is None, found.mismatch
        verify = measure()
        ScriptRunner(session).run_script(scripts.after_rows)
        indexes = before + measure()
        values = "SELECT sum(coalesce(length(value), 0) + coalesce(length(old_value), 0))::bigint AS bytes FROM kine"
        size = int(session.query(values)[0]["bytes"])
    return {"rows": rows, "bytes": size, "copy": copy, "verify": verify, "indexes": indexes}


def main() -> None:
    """One move from SOURCE to TARGET: an empty database that exists. Writes JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.move", description=main.__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--writers", type=int, help="sessions that write at the same time")
    parser.add_argument("--indexes", choices=("before", "after"), help="when indexes are created")
    asked = parser.parse_args()
    target = parse(asked.target, "bench")
    assert isinstance(target, Endpoint)
    if asked.writers:
        writing.WRITERS.update(dict.fromkeys(writing.WRITERS, asked.writers))
    if asked.indexes:
        early = frozenset(writing.WRITERS) if asked.indexes == "before" else frozenset()
        planning.INDEXES_BEFORE_ROWS = early
    print(json.dumps(_move_rows(asked.source, target)))


if __name__ == "__main__":
    main()
