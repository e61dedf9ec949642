"""A guest looks at a store of any size in the same time: it never reads the whole table (pg_stat_user_tables)."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from kinetune.database.explain import sample_store
from kinetune.database.observe import observe_store
from kinetune.database.pg_stat_statements import era_in_use
from kinetune.database.session import Session, open_session
from tests.database.stores import OLD, STOCK, ask, make, place, reach

OBJECTS = 4000
LOOKS: list[Callable[[Session], object]] = [observe_store, era_in_use]
SAMPLED = 12_000  # 300 blocks of these small rows; statistics count the rows of a sample as read, and no scan


def everything(session: Session) -> object:
    return session.query("SELECT max(lease) FROM kine")


def scanned(dsn: str, look: Callable[[Session], object]) -> tuple[int, int]:
    """Scans of the whole table, and rows read by them, that one look caused."""
    before = counters(dsn)
    with open_session(place(dsn), "scan-test") as session:
        look(session)
    after = counters(dsn)
    return after[0] - before[0], after[1] - before[1]


def counters(dsn: str) -> tuple[int, int]:
    """Once all are in: a session hands its own in before it is gone, that which made the store too."""
    others = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
        "AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 5
    while ask(dsn, others):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ((scans, rows),) = ask(dsn, "SELECT seq_scan, seq_tup_read FROM pg_stat_user_tables WHERE relname = 'kine'")
    return int(scans), int(rows)


@pytest.mark.parametrize("schema", ["stock", "old", "tuned"])
@pytest.mark.parametrize("analysed", [False, True])
def test_no_look_scans_the_table(database: str, schema: str, analysed: bool) -> None:
    make(database, OLD if schema == "old" else STOCK, OBJECTS)
    if schema == "tuned":
        reach(database, "tuned")
    if analysed:
        ask(database, "VACUUM ANALYZE kine")
    assert {look.__name__: scanned(database, look) for look in LOOKS} == {look.__name__: (0, 0) for look in LOOKS}


@pytest.mark.parametrize("objects", [OBJECTS, 2 * OBJECTS])
@pytest.mark.parametrize("analysed", [False, True])
def test_a_sample_reads_as_many_rows_whatever_the_size(database: str, objects: int, analysed: bool) -> None:
    make(database, STOCK, objects)
    if analysed:
        ask(database, "VACUUM ANALYZE kine")
    scans, rows = scanned(database, sample_store)
    assert scans == 0
    assert 3_000 < rows < SAMPLED


def test_a_scan_would_be_noticed(database: str) -> None:
    make(database, STOCK, OBJECTS)
    assert scanned(database, everything) == (1, OBJECTS * 5 + 101)
