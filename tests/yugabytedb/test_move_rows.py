"""Rows onto a real YugabyteDB cluster and from it: hash-sharded and range-sharded ids, and nodes that are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from kinetune.model.failure import CouldNotLook
from kinetune.model.transfer import SourceKind
from kinetune.transfer.copying import copy_missing_rows, make_equal
from kinetune.transfer.digests import digest_batches
from kinetune.transfer.rows import Batch
from kinetune.transfer.verification import compare_with_source
from tests.transfer.tables import CREATE, INCOMING, ListedSource, create_incoming, flat, incoming, insert, opened, row
from tests.transfer.test_copying import Killed, killed_after
from tests.transfer.test_database_source import ODD
from tests.yugabytedb.conftest import Apart, Yb
from tests.yugabytedb.stores import fill, stock

pytestmark = [pytest.mark.yugabytedb, pytest.mark.xdist_group("yugabytedb")]
BIG = [
    row(number, f"/registry/pods/a/{number % 700}", prev_revision=number, value=b"v" * 500) for number in range(1, 8001)
]


def create(yb: Yb, dsn: str, order: str) -> None:
    yb.execute(dsn, CREATE.format("bigint", order))


@pytest.mark.parametrize("order", ["ASC", "HASH"])
def test_rows_arrive_as_they_were_and_a_difference_is_found(yb: Yb, empty: str, order: str) -> None:
    create(yb, empty, order)
    source = ListedSource([*ODD, *(row(3_000_000_000 + number) for number in range(5000))])
    with incoming(empty) as table:
        assert copy_missing_rows(source, table) == len(source.rows)
        assert flat(table.read_rows()) == source.rows
        assert compare_with_source(source, table).mismatch is None
        yb.execute(empty, f"UPDATE {INCOMING} SET value = 'x' WHERE id = 3000001234")
        found = compare_with_source(source, table).mismatch
        assert found is not None
        assert (found.id, found.columns) == (3_000_001_234, ("value",))
        yb.execute(empty, f"DELETE FROM {INCOMING} WHERE id IN (3000001234, 3000000001)")
        insert(empty, row(9), table=INCOMING)
        assert make_equal(source, table) == (2, 1)
        assert compare_with_source(source, table).mismatch is None


@pytest.mark.parametrize("order", ["HASH", "ASC"])
def test_a_store_is_read_in_one_snapshot(yb: Yb, empty: str, database15: str, order: str) -> None:
    """From YugabyteDB to PostgreSQL, while Kine writes to the source."""
    if order == "HASH":
        stock(yb, empty)
    else:
        yb.execute(empty, "CREATE SEQUENCE kine_id_seq", CREATE.format("bigint", "ASC").replace(INCOMING, "kine"))
        yb.execute(empty, "ALTER TABLE kine ALTER id SET DEFAULT nextval('kine_id_seq')")
    fill(empty, 2000)
    create_incoming(database15)
    with opened(empty) as source, incoming(database15) as table:
        before = source.state
        assert before.kind is SourceKind.YUGABYTEDB
        assert before.rows == 2000
        assert before.last_id == before.revision
        yb.execute(empty, "DELETE FROM kine WHERE id IN (SELECT id FROM kine WHERE id BETWEEN 100 AND 120)")
        yb.execute(empty, "INSERT INTO kine (name, prev_revision) VALUES ('/registry/later', 0)")
        assert copy_missing_rows(source, table) == 2000
        assert compare_with_source(source, table).mismatch is None
        assert list(source.read_digests()) == list(digest_batches(source.read_rows()))
        source.refresh()
        assert source.state.rows == 2000 - 21 + 1
        assert make_equal(source, table) == (1, 21)
        assert compare_with_source(source, table).mismatch is None


def test_a_reader_that_stops_early_keeps_the_snapshot(yb: Yb, empty: str) -> None:
    create(yb, empty, "ASC")
    with incoming(empty) as table:
        table.write_batches([BIG[:3000]])
        rows = table.read_rows()
        next(rows)
        rows.close()  # type: ignore[attr-defined]
        assert flat(table.read_rows()) == BIG[:3000]


def test_a_copy_that_ends_at_any_batch_is_continued(yb: Yb, empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create(yb, empty, "ASC")
    source = ListedSource(BIG)
    with incoming(empty) as table:
        for number in range(1, 7):
            with monkeypatch.context() as patch:
                killed_after(1, patch)
                with pytest.raises(Killed):
                    copy_missing_rows(source, table)
            # Batches of other sessions that were on their way may have been written, each as a whole.
            done = len(list(table.read_ids()))
            assert done >= number * 1000
            assert done % 1000 == 0
            if done == len(BIG):
                break
        copy_missing_rows(source, table)
        assert compare_with_source(source, table).mismatch is None


def test_ddl_elsewhere_does_not_end_the_copy(yb: Yb, empty: str) -> None:
    """It changes the catalog, which fails statements of every database with 40001 (docs/facts/recorded.md §3)."""
    create(yb, empty, "ASC")
    stop = threading.Event()

    def change_catalogs() -> None:
        with psycopg.connect(empty, autocommit=True) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    connection.execute(f"CREATE TABLE other{number} (a int)".encode())
                    connection.execute(f"ALTER TABLE other{number} ADD b int".encode())
                    connection.execute(f"DROP TABLE other{number}".encode())
                except psycopg.Error:
                    time.sleep(0.05)

    changing = threading.Thread(target=change_catalogs)
    changing.start()
    try:
        with incoming(empty) as table:
            assert copy_missing_rows(ListedSource(BIG * 1), table) == len(BIG)
    finally:
        stop.set()
        changing.join()
    with incoming(empty) as table:
        assert compare_with_source(ListedSource(BIG), table).mismatch is None


def test_a_client_on_another_node_is_a_writer(yb: Yb, empty: str) -> None:
    *_, (host, port) = yb.execute(yb.dsn, "SELECT host, port FROM yb_servers() ORDER BY host")
    stock(yb, empty)
    fill(empty, 100)
    other = psycopg.conninfo.make_conninfo(empty, host=str(host), port=str(port))
    with opened(empty) as source:
        with psycopg.connect(other) as kine:
            (writer,) = source.find_writers()
            assert f"process {kine.info.backend_pid} of a client without a name" in writer
            assert writer.endswith(f"is connected to {host}:{port}")
        assert source.find_writers() == ()


class SlowSource(ListedSource):
    """As slow as a large store, so that a node can be lost meanwhile."""

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        for batch in super().read_rows(after):
            time.sleep(0.05)
            yield batch


@pytest.mark.soak
@pytest.mark.parametrize("node", [1, 3])
def test_a_node_killed_during_the_copy_costs_at_most_another_run(apart: Apart, node: int) -> None:
    """Node 1 is the one that the copy is connected to."""
    yb = apart("--cache", "1")
    assert yb.ours is not None
    with yb.empty() as dsn:
        create(yb, dsn, "ASC")
        rows = [row(number, prev_revision=number, value=b"v" * 500) for number in range(1, 100_001)]
        killer = threading.Timer(2.0, yb.ours.kill, (node,))
        killer.start()
        try:
            with incoming(dsn) as table:
                copy_missing_rows(SlowSource(rows), table)
                assert node != 1, "its connections were lost"
        except CouldNotLook:
            assert node == 1
        finally:
            killer.join()
            yb.ours.start(node)
        for _ in range(60):
            if yb.ours.whole():
                break
            time.sleep(1)
        with incoming(dsn) as table:
            copy_missing_rows(ListedSource(rows), table)
            assert compare_with_source(ListedSource(rows), table).mismatch is None
