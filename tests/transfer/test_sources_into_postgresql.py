"""Rows of SQLite and MariaDB in a table of PostgreSQL: digests that the server computes equal those of the source."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kinetune.transfer.copying import copy_missing_rows, make_equal
from kinetune.transfer.mysql_source import open_mysql
from kinetune.transfer.sqlite_source import open_sqlite
from kinetune.transfer.verification import compare_with_source
from tests.kine.process import Kine
from tests.kine.writers import writing
from tests.mariadb import Mariadb
from tests.transfer.tables import create_incoming, incoming
from tests.transfer.test_mysql_source import work
from tests.transfer.test_sqlite_source import KINE_PARAMETERS

Built = Callable[[str], Path]
pytestmark = pytest.mark.xdist_group("mariadb")
OVERLAP = 1000


def test_sqlite_while_kine_writes_and_compacts(built: Built, database15: str, tmp_path: Path) -> None:
    built("v0.16.4")
    store = tmp_path / "state.db"
    create_incoming(database15)
    # Kine's own compaction, once a second, deletes rows that passes have copied.
    kine = Kine("v0.16.4", f"sqlite://{store}{KINE_PARAMETERS}", compact_interval="1s", compact_min_retain="50")
    with kine, incoming(database15) as table:
        with writing(kine), open_sqlite(store) as source:
            deadline = time.monotonic() + 60
            # Until compaction has removed rows that an earlier pass has copied.
            while source.state.compacted < 200 and time.monotonic() < deadline:
                source.refresh()
                copy_missing_rows(source, table, after=max(table.newest_id() - OVERLAP, 0))
        kine.stop()
        with open_sqlite(store) as source:
            assert source.find_writers() == ()
            _, deleted = make_equal(source, table)
            found = compare_with_source(source, table)
            assert (found.mismatch, found.rows) == (None, source.state.rows)
    assert deleted > 0, "compaction removed what was copied"
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT count(*) FROM kine").fetchone() == (found.rows,)


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.17.5"])
def test_mariadb(built: Built, tag: str, mariadb: Mariadb, database15: str) -> None:
    built(tag)
    database = mariadb.create_database()
    with Kine(tag, mariadb.endpoint(database)) as kine:
        work(kine)
    create_incoming(database15)
    with open_mysql(mariadb.endpoint(database)) as source, incoming(database15) as table:
        assert copy_missing_rows(source, table) == source.state.rows
        found = compare_with_source(source, table)
        assert (found.mismatch, found.rows) == (None, source.state.rows)
        mariadb.run("UPDATE kine SET value = 'other' WHERE id = 7", database=database)
        source.refresh()
        mismatch = compare_with_source(source, table).mismatch
    assert mismatch is not None
    assert "other" not in str(mismatch)
