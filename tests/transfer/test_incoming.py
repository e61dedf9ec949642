"""The table being filled: rows arrive as they were, a batch whole or not at all, and no error quotes a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from kinetune.database.session import Session
from kinetune.model.failure import CouldNotLook, Failure, Refused
from kinetune.transfer.digests import digest_batches
from kinetune.transfer.incoming import IncomingTable
from kinetune.transfer.rows import Batch, Row
from tests.database.stores import ask
from tests.transfer.tables import INCOMING, create_incoming, incoming, row
from tests.transfer.test_database_source import ODD

NARROW = [one for one in ODD if max(one[0], one[4], one[5]) < 2**31]


@pytest.mark.parametrize("writers", [1, 3])
def test_rows_arrive_as_they_were(database: str, writers: int) -> None:
    create_incoming(database)
    seen: list[int] = []
    batches = [ODD[:3], ODD[3:5], ODD[5:]]
    with incoming(database) as table:
        assert table.write_batches(batches, seen.append, writers) == len(ODD) == seen[-1]
        assert len(seen) == 3
        assert [one for batch in table.read_rows() for one in batch] == ODD
        assert list(table.read_digests()) == list(digest_batches([ODD]))
        assert list(table.read_ids()) == [one[0] for one in ODD]
        assert table.newest_id() == ODD[-1][0]
        assert table.read_range(2_147_483) == ODD[-1:]
    assert ask(database, f"SELECT * FROM {INCOMING} ORDER BY id") == ODD


def test_a_table_may_keep_the_integers_of_an_old_release(database: str) -> None:
    create_incoming(database, "integer")
    with incoming(database) as table:
        table.write_batches([NARROW])
        assert list(table.read_digests()) == list(digest_batches([NARROW]))


def test_an_empty_table_has_nothing(database: str) -> None:
    create_incoming(database)
    with incoming(database) as table:
        assert (table.newest_id(), list(table.read_ids()), list(table.read_digests())) == (0, [], [])
        assert table.write_batches([]) == 0
        assert table.delete_ids([]) == 0


def test_ids_are_deleted_and_only_those_that_existed_count(database: str) -> None:
    create_incoming(database)
    with incoming(database) as table:
        table.write_batches([[row(number) for number in range(1, 3001)]])
        assert table.delete_ids(iter(range(500, 4000))) == 2501
        assert list(table.read_ids()) == list(range(1, 500))


@pytest.mark.parametrize(
    ("bad", "failure"),
    [
        (row(2**31), CouldNotLook("cannot hold row 2147483648: its id does not fit")),
        (row(9, prev_revision=-(2**31) - 1), CouldNotLook("cannot hold row 9: its prev_revision does not fit")),
        (row(9, "/registry/secret\0key"), CouldNotLook("cannot hold one of the rows with ids 8 to 9")),
        (row(9, lease=2**40, value=b"secret"), CouldNotLook("cannot hold row 9: its lease does not fit")),
        (row(3, value=b"secret"), Refused("duplicate key value violates unique constraint")),
    ],
)
@pytest.mark.parametrize("writers", [1, 2])
def test_a_row_that_does_not_fit_leaves_nothing_of_its_batch(
    database: str, writers: int, bad: Row, failure: Failure
) -> None:
    create_incoming(database, "integer")
    with incoming(database) as table:
        table.write_batches([[row(3)]])
        with pytest.raises(type(failure), match=failure.cause) as found:
            table.write_batches([[row(8), bad]], writers=writers)
        assert list(table.read_ids()) == [3]
    shown = f"{found.value!r} {found.value} {found.value.__cause__}"
    assert "secret" not in shown
    assert "/registry" not in shown
    assert found.value.__cause__ is None


def failing(table: IncomingTable, monkeypatch: pytest.MonkeyPatch, *outcomes: str) -> list[int]:
    """The next writes end with an error after they took effect, or before; the numbers of rows that are sent."""
    copy, remaining, sent = IncomingTable._copy_rows, list(outcomes), []

    def copy_rows(self: IncomingTable, session: Session, rows: Batch) -> None:
        sent.append(len(rows))
        outcome = remaining.pop(0) if remaining else ""
        if outcome != "before":
            copy(self, session, rows)
        if outcome:
            raise psycopg.errors.SerializationFailure("a catalog changed")

    monkeypatch.setattr(IncomingTable, "_copy_rows", copy_rows)
    return sent


@pytest.mark.parametrize(
    ("outcomes", "sizes"), [(("before",), [2, 2]), (("after",), [2, 0]), (("before", "before", "after"), [2, 2, 2, 0])]
)
def test_a_write_whose_result_is_not_known_is_not_written_twice(
    database15: str, monkeypatch: pytest.MonkeyPatch, outcomes: tuple[str, ...], sizes: list[int]
) -> None:
    """On YugabyteDB a write may be committed although it failed. The errors are real ones of psycopg, raised here."""
    create_incoming(database15)
    with incoming(database15) as table:
        sent = failing(table, monkeypatch, *outcomes)
        assert table.write_batches([[row(1), row(2)]]) == 2
        assert sent == sizes
        assert list(table.read_ids()) == [1, 2]


def test_what_fails_again_and_again_is_given_up(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create_incoming(database15)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with incoming(database15) as table:
        failing(table, monkeypatch, *["before"] * 20)
        with pytest.raises(CouldNotLook):
            table.write_batches([[row(1)]])


def test_the_first_error_ends_parallel_writing(database: str) -> None:
    create_incoming(database)
    taken: list[int] = []

    def batches() -> Iterator[Batch]:
        for number in range(1, 2000):
            taken.append(number)
            yield [row(number if number != 20 else 1)]

    with incoming(database) as table:
        with pytest.raises(Refused, match="duplicate key"):
            table.write_batches(batches(), writers=3)
        assert len(taken) < 500
        assert set(table.read_ids()) >= set(range(1, 18))
    (count,) = ask(database, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kinetune/move'")[0]
    assert count == 0


def test_parallel_writers_show_the_same_command(database: str) -> None:
    create_incoming(database)
    names: list[Any] = []

    def batches() -> Iterator[Batch]:
        for number in range(1, 6):
            yield [row(number)]
        names.extend(
            ask(database, "SELECT application_name FROM pg_stat_activity WHERE application_name ~ '^kinetune'")
        )

    with incoming(database) as table:
        table.write_batches(batches(), writers=4)
    assert names == [("kinetune/move",)] * 5
