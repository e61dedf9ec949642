"""Copying that is interrupted at every batch, and what a source does while it is copied."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from kinetune.model.failure import CouldNotLook
from kinetune.transfer.copying import copy_missing_rows, make_equal
from kinetune.transfer.incoming import IncomingTable
from kinetune.transfer.rows import Batch
from kinetune.transfer.verification import compare_with_source
from tests.database.stores import STOCK, ask, make
from tests.transfer.tables import INCOMING, ListedSource, create_incoming, incoming, insert, opened, row

ALL = f"SELECT * FROM {INCOMING} ORDER BY id"


def rows_of(dsn: str, table: str = "kine") -> list[object]:
    """As they are after the copy: NULL integers are 0."""
    columns = ", ".join(f"coalesce({name}, 0)" for name in ("created", "deleted", "create_revision", "prev_revision"))
    return list(ask(dsn, f"SELECT id, name, {columns}, coalesce(lease, 0), value, old_value FROM {table} ORDER BY id"))


@pytest.mark.parametrize("writers", [1, 3])
def test_all_rows_are_copied_once(database: str, writers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinetune.transfer.incoming.WRITERS", dict.fromkeys(("postgresql", "yugabytedb"), writers))
    make(database, STOCK, 700)
    create_incoming(database)
    seen: list[int] = []
    with opened(database) as source, incoming(database) as table:
        assert copy_missing_rows(source, table, seen.append) == 3601 == seen[-1]
        assert copy_missing_rows(source, table, seen.append) == 0
        assert compare_with_source(source, table).mismatch is None
    assert seen == sorted(seen)[: len(seen)]
    assert rows_of(database) == rows_of(database, INCOMING)


class Killed(Exception):
    """The process is gone."""


def killed_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    write, left = IncomingTable._write_batch, iter(range(batches, -1, -1))

    def write_batch(self: IncomingTable, session: object, batch: Batch) -> int:
        # All further writes end too, those of other sessions included.
        if next(left, 0) == 0:
            raise Killed
        return write(self, session, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(IncomingTable, "_write_batch", write_batch)


def test_a_copy_that_ends_at_any_batch_is_continued(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinetune.transfer.rows.BATCH_ROWS", 100)
    make(database15, STOCK, 100)
    create_incoming(database15)
    done = []
    with opened(database15) as source, incoming(database15) as table:
        for _ in range(6):
            with monkeypatch.context() as patch:
                killed_after(1, patch)
                with pytest.raises(Killed):
                    copy_missing_rows(source, table)
            done.append(len(list(table.read_ids())))
        assert done == [100, 200, 300, 400, 500, 600]
        assert copy_missing_rows(source, table) == 1
        assert compare_with_source(source, table).mismatch is None


def test_holes_anywhere_in_the_table_are_filled(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As parallel writers leave them that are killed."""
    monkeypatch.setattr("kinetune.transfer.table_rows.ID_PAGE", 37)
    make(database, STOCK, 500)
    create_incoming(database)
    seen: list[int] = []
    with opened(database) as source, incoming(database) as table:
        copy_missing_rows(source, table)
        ask(database, f"DELETE FROM {INCOMING} WHERE id % 13 = 0 OR id BETWEEN 900 AND 1950 OR id > 2590")
        (left,) = ask(database, f"SELECT count(*) FROM {INCOMING}")[0]
        assert copy_missing_rows(source, table, seen.append) == 2601 - left
        assert seen[-1] == 2601
    assert rows_of(database) == rows_of(database, INCOMING)


def test_a_connection_that_is_lost_leaves_whole_batches(database: str) -> None:
    make(database, STOCK, 1000)
    create_incoming(database)
    with opened(database) as source, incoming(database) as table:
        pid = table.session.connection.info.backend_pid

        def report(rows: int) -> None:
            if rows >= 2000:
                ask(database, "SELECT pg_terminate_backend(%s, 5000)", pid)

        with pytest.raises(CouldNotLook):
            copy_missing_rows(source, table, report)
        assert ask(database, f"SELECT count(*) FROM {INCOMING}") == [(2000,)]
    with opened(database) as source, incoming(database) as table:
        assert copy_missing_rows(source, table) == 3101
    assert rows_of(database) == rows_of(database, INCOMING)


def test_rows_that_become_visible_late_are_inserted(database: str) -> None:
    """Ids are drawn before the commit, so a row may appear below the newest one (docs/facts/moving.md §8)."""
    make(database, STOCK, 100)
    ask(database, "DELETE FROM kine WHERE id IN (250, 251)")
    create_incoming(database)
    with opened(database) as source, incoming(database) as table:
        copy_missing_rows(source, table)
        insert(database, row(250), row(251), row(602))
        source.refresh()
        assert make_equal(source, table) == (3, 0)
        assert compare_with_source(source, table).mismatch is None


def test_keys_that_were_deleted_and_compacted_meanwhile_do_not_stay(database: str) -> None:
    """The zombie of docs/facts/moving.md §8: without the deletion its key would be alive in the target."""
    make(database, STOCK)
    insert(database, row(1, "compact_rev_key", prev_revision=0), row(2), row(3, "/registry/pods/a/zombie"))
    create_incoming(database)
    with opened(database) as source, incoming(database) as table:
        copy_missing_rows(source, table)
        ask(database, "DELETE FROM kine WHERE id = 3")
        ask(database, "UPDATE kine SET prev_revision = 900 WHERE id = 1")
        insert(database, *(row(number) for number in range(1000, 1100)))
        source.refresh()
        assert make_equal(source, table) == (100, 1)
        assert compare_with_source(source, table).mismatch is None
        assert make_equal(source, table) == (0, 0)
    assert rows_of(database) == rows_of(database, INCOMING)
    assert ask(database, f"SELECT prev_revision FROM {INCOMING} WHERE name = 'compact_rev_key'") == [(900,)]


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM kine WHERE id = 4",
        "UPDATE kine SET prev_revision = 70 + id WHERE name = 'compact_rev_key'",
        "DELETE FROM kine WHERE name = 'compact_rev_key'",
        "DELETE FROM kine",
        "INSERT INTO kine VALUES (90, 'compact_rev_key', 1, 0, 0, 5, 0, '', NULL)",
    ],
)
def test_one_or_two_rows_of_compaction_become_as_in_the_source(database: str, change: str) -> None:
    make(database, STOCK)
    insert(database, row(1, "compact_rev_key"), row(2), row(4, "compact_rev_key", prev_revision=3), row(5))
    create_incoming(database)
    with opened(database) as source, incoming(database) as table:
        copy_missing_rows(source, table)
        ask(database, change)
        source.refresh()
        make_equal(source, table)
        assert compare_with_source(source, table).mismatch is None
    assert rows_of(database) == rows_of(database, INCOMING)


def test_a_source_that_is_no_database_is_made_equal_the_same_way(database15: str) -> None:
    create_incoming(database15)
    source = ListedSource([row(1, "compact_rev_key"), *(row(number) for number in range(2, 2500))])
    with incoming(database15) as table:
        copy_missing_rows(source, table)
        source.rows = [row(1, "compact_rev_key", prev_revision=9), *source.rows[5:700:2], row(2600), row(2601)]
        assert make_equal(source, table) == (2, 2499 - 1 - 348)
        assert compare_with_source(source, table).mismatch is None


def test_memory_does_not_grow_with_the_rows(database15: str) -> None:
    create_incoming(database15)

    class Endless(ListedSource):
        def read_rows(self, after: int = 0) -> Iterator[Batch]:
            for first in range(1, 60_000, 1000):
                yield [row(number, value=b"x" * 500) for number in range(first, first + 1000)]

    with incoming(database15) as table:
        tracemalloc.start()
        try:
            assert copy_missing_rows(Endless([]), table) == 60_000
            assert copy_missing_rows(Endless([]), table) == 0
            assert tracemalloc.get_traced_memory()[1] < 12_000_000
        finally:
            tracemalloc.stop()
