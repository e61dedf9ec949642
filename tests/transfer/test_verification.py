"""A difference anywhere between source and table is found and named, without values."""

from __future__ import annotations

import pytest

from kinetune.model.transfer import Comparison, Mismatch
from kinetune.transfer.copying import copy_missing_rows
from kinetune.transfer.verification import compare_with_source
from tests.database.stores import STOCK, ask, make
from tests.transfer.tables import INCOMING, ListedSource, create_incoming, incoming, opened, row


@pytest.fixture
def copied(database: str) -> str:
    make(database, STOCK, 700)
    create_incoming(database)
    with opened(database) as source, incoming(database) as table:
        copy_missing_rows(source, table)
    return database


def compared(dsn: str) -> Comparison:
    with opened(dsn) as source, incoming(dsn) as table:
        return compare_with_source(source, table)


def test_equal_tables_have_equal_ranges(copied: str) -> None:
    seen: list[int] = []
    with opened(copied) as source, incoming(copied) as table:
        found = compare_with_source(source, table, seen.append)
    assert (found.mismatch, found.rows, len(found.ranges), seen[-1]) == (None, 3601, 4, 3601)
    assert sum(one.sum_ids for one in found.ranges) == 3601 * 3602 // 2


COLUMNS = {
    "name": "name = name || 'x'",
    "created": "created = 1 - created",
    "deleted": "deleted = 1 - deleted",
    "create_revision": "create_revision = create_revision + 1",
    "prev_revision": "prev_revision = prev_revision + 1",
    "lease": "lease = lease + 1",
    "value": "value = set_byte(value, 3, get_byte(value, 3) # 1)",
    "old_value": "old_value = 'former'",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_named_with_its_row(copied: str, column: str) -> None:
    ask(copied, f"UPDATE {INCOMING} SET {COLUMNS[column]} WHERE id = 2345")
    ((name, value),) = ask(copied, "SELECT name, encode(value, 'escape') FROM kine WHERE id = 2345")
    found = compared(copied)
    assert found.mismatch == Mismatch(2000, 2999, 2345, name, (column,))
    assert [one.number for one in found.ranges] == [0, 1]
    assert str(found.mismatch) == f"row 2345 ({name}), in the range of ids 2,000 to 2,999: {column} differs"
    assert value not in str(found)


@pytest.mark.parametrize(
    ("change", "mismatch", "words"),
    [
        (f"DELETE FROM {INCOMING} WHERE id = 1000", (1000, 1000, True), "it is missing in the target"),
        (f"DELETE FROM {INCOMING} WHERE id < 1000", (0, 1, True), "it is missing in the target"),
        (f"DELETE FROM {INCOMING} WHERE id >= 3000", (3000, 3000, True), "it is missing in the target"),
        (f"DELETE FROM {INCOMING}", (0, 1, True), "it is missing in the target"),
        (f"UPDATE {INCOMING} SET id = 9999 WHERE id = 3601", (3000, 3601, True), "it is missing in the target"),
        ("DELETE FROM kine WHERE id BETWEEN 900 AND 2100", (0, 900, False), "only the target has it"),
        ("DELETE FROM kine", (0, 1, False), "only the target has it"),
    ],
)
def test_a_row_that_one_side_lacks_is_named(
    copied: str, change: str, mismatch: tuple[int, int, bool], words: str
) -> None:
    ask(copied, change)
    found = compared(copied).mismatch
    assert found is not None
    assert (found.first_id, found.id, found.missing, found.columns) == (*mismatch, ())
    assert words in str(found)


def test_leases_of_etcd_may_count_down_but_not_vanish(database15: str) -> None:
    create_incoming(database15)
    source = ListedSource([row(1, lease=30), row(2), row(3, lease=30)])
    with incoming(database15) as table:
        copy_missing_rows(source, table)
        source.rows[0] = row(1, lease=29)
        assert compare_with_source(source, table, exact_leases=False).mismatch is None
        assert compare_with_source(source, table).mismatch == Mismatch(0, 999, 1, "/registry/pods/a/1", ("lease",))
        source.rows[2] = row(3)
        found = compare_with_source(source, table, exact_leases=False).mismatch
        assert found == Mismatch(0, 999, 3, "/registry/pods/a/3", ("lease",))


def test_a_difference_that_has_gone_when_it_is_read_again_is_said_as_such(database15: str) -> None:
    create_incoming(database15)
    source = ListedSource([row(1)])
    with incoming(database15) as table:
        copy_missing_rows(source, table)

        class Repaired(ListedSource):
            def read_digests(self, *, exact_leases: bool = True):  # type: ignore[no-untyped-def]
                return ListedSource([row(1, value=b"other")]).read_digests(exact_leases=exact_leases)

        found = compare_with_source(Repaired([row(1)]), table).mismatch
    assert found == Mismatch(0, 999)
    assert "equal when they were read again" in str(found)
