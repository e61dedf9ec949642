"""Databases prepared for a real Kine by `kinetune init` itself, as a user calls it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from tests.database.stores import ask

KINETUNE = [sys.executable, "-c", "from kinetune.cli.main import main; main()"]


def init(dsn: str, *options: str) -> str:
    """What `kinetune init --yes` said; an assertion where it failed."""
    done = subprocess.run(
        [*KINETUNE, "init", "--yes", *options, dsn],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def definitions(dsn: str) -> list[tuple[Any, ...]]:
    """
    Indexes, columns and sequence, and the files of table and indexes: what Kine's start may not change.

    KINE_SCHEMA_MIGRATION writes the sequence's file anew each time. Placeholders keep theirs because they are keyed on
    a column it does not alter: a partial index on any other would be rebuilt (PostgreSQL's CheckIndexCompatible).
    """
    return [
        *ask(dsn, "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'kine' ORDER BY 1"),
        *ask(
            dsn,
            "SELECT relname, relfilenode FROM pg_class WHERE relname LIKE 'kine%' AND relkind IN ('r', 'i') ORDER BY 1",
        ),
        *ask(
            dsn,
            "SELECT attname, format_type(atttypid, atttypmod), attcollation FROM pg_attribute "
            "WHERE attrelid = 'kine'::regclass AND attnum > 0 ORDER BY 1",
        ),
        *ask(dsn, "SELECT seqtypid, seqcache, seqincrement FROM pg_sequence WHERE seqrelid = 'kine_id_seq'::regclass"),
    ]
