"""Cut after any statement on YugabyteDB, a restore in place of an empty table is finished by the next run."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.test_backup import ROWS, backup, make_sqlite
from tests.cli.test_drop_interrupted import cutting
from tests.database.stores import ask
from tests.yugabytedb.conftest import Yb
from tests.yugabytedb.stores import reltuples

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]


@dataclass
class Store:
    """A database that init has prepared, with an owner and privileges; a backup of SQLite; and its rows."""

    dsn: str
    file: Path
    rows: list[tuple[object, ...]]
    owner: str
    reader: str


@pytest.fixture
def prepared(yb: Yb, fresh: str, tmp_path: Path) -> Iterator[Store]:
    source, file = make_sqlite(tmp_path / "state.db"), tmp_path / "copy"
    backup(file, f"sqlite:{source}")
    with sqlite3.connect(source) as store:
        rows = store.execute(ROWS).fetchall()
    assert yb.init(fresh).status == 0
    owner, reader = (f"{kind}_{uuid.uuid4().hex[:8]}" for kind in ("owner", "reader"))
    yb.execute(fresh, f"CREATE ROLE {owner} LOGIN SUPERUSER", f"CREATE ROLE {reader}")
    yb.execute(fresh, f"ALTER TABLE kine OWNER TO {owner}", f"GRANT SELECT ON kine TO {reader}")
    expected = [tuple(0 if 1 < n < 7 and x is None else x for n, x in enumerate(row)) for row in rows]
    yield Store(fresh, file, expected, owner, reader)
    yb.execute(fresh, f"DROP OWNED BY {owner}, {reader}", f"DROP ROLE {owner}", f"DROP ROLE {reader}")


@pytest.mark.parametrize("turn", [3, 7, 8, 15])
def test_a_restore_that_was_cut_is_finished_by_the_next(
    yb: Yb, prepared: Store, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    """While statistics are planted; after the copy; without a table kine; with a sequence."""
    dsn, file = prepared.dsn, prepared.file
    assert cutting(monkeypatch, turn, lambda: yb.run("restore", "--yes", file, dsn))
    said = yb.run("restore", "--yes", file, dsn)
    assert said.status == 0, said.err
    assert ("is continued" in said.out) == (turn > 3)
    assert ask(dsn, ROWS) == prepared.rows
    rights = "SELECT tableowner, has_table_privilege(%s, 'kine', 'SELECT') FROM pg_tables WHERE tablename = 'kine'"
    assert ask(dsn, rights, prepared.reader) == [(prepared.owner, True)]
    assert reltuples(dsn) == 2_000
    assert ask(dsn, "SELECT nextval('kine_id_seq')") == [(351,)]
    assert "Nothing to do" in yb.init(dsn).out
