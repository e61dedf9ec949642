"""A SQLite store to move, calls of `kinetune move`, and runs that are killed."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from kinetune.transfer.rows import Row
from tests.cli.call import ROOT, CallResult, call, environment, wait_for
from tests.database.stores import ask
from tests.transfer.test_sqlite_source import made

POD = "/registry/pods/a/"
ALL = (
    "SELECT id, name, coalesce(created, 0), coalesce(deleted, 0), coalesce(create_revision, 0), "
    "coalesce(prev_revision, 0), coalesce(lease, 0), value, old_value FROM kine ORDER BY id"
)
TABLES = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S') AND relnamespace = 'public'::regnamespace"
TOKEN = "a password"
BOOTSTRAP = f"/bootstrap/{hashlib.sha256(TOKEN.encode()).hexdigest()[:12]}"
COMPACTION = (1, "compact_rev_key", 1, 0, 0, 0, 0, b"", None)


def history(last: int = 2600) -> list[Row]:
    """Keys that are made, changed twice, and every seventh deleted and made again."""
    rows: list[Row] = [COMPACTION]
    newest: dict[str, tuple[int, int]] = {}
    for number in range(2, last + 1):
        name = f"{POD}{number % 400:04}"
        born, previous = newest.get(name, (0, 0))
        deleted = bool(born) and number % 7 == 0
        made_now = not born
        rows.append((number, name, int(made_now), int(deleted), born, previous, number % 3, b"value %d" % number, None))
        newest[name] = (0 if deleted else born or number, number)
    return rows


def make_store(path: Path, *rows: tuple[Any, ...]) -> Path:
    """A SQLite store with a write-ahead log, as Kine's own settings have it."""
    with closing(sqlite3.connect(made(path, *rows))) as store:
        store.execute("PRAGMA journal_mode = WAL")
    return path


def rows_of(file: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connected:
        return connected.execute(ALL).fetchall()


def fingerprint(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def move(*arguments: object) -> CallResult:
    return call("move", "--yes", *arguments)


def moved(*arguments: object) -> CallResult:
    said = move(*arguments)
    assert said.status == 0, said.err
    return said


def last_line(said: CallResult) -> str:
    return said.err.splitlines()[-1]


def sequence(dsn: str) -> int:
    return int(ask(dsn, "SELECT nextval('kine_id_seq')")[0][0])


def refusal(*arguments: object, status: int = 4) -> str:
    said = move(*arguments)
    assert (said.status, said.err.count("\nkinetune: ")) == (status, int("\n" in said.err[:-1])), said.err
    return last_line(said).removeprefix("kinetune: ")


def untouched(dsn: str) -> bool:
    return ask(dsn, TABLES) == []


STAGES = {
    "copied": "kinetune.transfer.incoming.IncomingTable._write_batch",
    "compared": "kinetune.transfer.incoming.IncomingTable.read_digests",
    "after the rows": "kinetune.commands.move.MoveChange._add_gap_row",
    "verified": "kinetune.commands.move.MoveChange.verify",
}
KILLING = """
import importlib, os, signal, sys
path, name, attribute = sys.argv[1].rsplit(".", 2)
holder = getattr(importlib.import_module(path), name)
original, left = getattr(holder, attribute), [int(sys.argv[2])]
def call(*arguments, **options):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)
setattr(holder, attribute, call)
from kinetune.cli.main import run
sys.exit(run(sys.argv[3:]))
"""


def killed_at(stage: str, after: int, *arguments: object) -> int:
    """The exit status of a run that kills itself with SIGKILL when it calls a function for the n-th time."""
    done = subprocess.run(
        [sys.executable, "-c", KILLING, STAGES[stage], str(after), *map(str, arguments)],
        env=environment({"PYTHONPATH": str(ROOT)}), cwd="/", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return done.returncode


def gone(dsn: str) -> None:
    """The server has noticed that its client was killed."""
    alive = "SELECT 1 FROM pg_stat_activity WHERE application_name ~ '^kinetune/' AND datname = current_database()"
    wait_for(lambda: not ask(dsn, alive))
