"""When statistics of kine serve Kine's queries on YugabyteDB."""

from __future__ import annotations

from kinetune.model.facts import COUNTED_UP_TO
from kinetune.servers.yugabytedb import PLANTED_ROWS, are_missing, needs_analyze


def test_planted_statistics_are_never_of_less_than_half_of_what_is_counted() -> None:
    assert COUNTED_UP_TO == 2 * PLANTED_ROWS
    assert not needs_analyze(PLANTED_ROWS, COUNTED_UP_TO)
    assert needs_analyze(PLANTED_ROWS - 1, COUNTED_UP_TO)


def test_where_nothing_was_counted_nothing_is_due() -> None:
    assert not needs_analyze(None, None)
    assert not are_missing(None, None)
    assert not are_missing(None, 0)
    assert are_missing(None, 1)
