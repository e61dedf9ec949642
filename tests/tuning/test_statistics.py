"""On YugabyteDB init analyses a store that has rows and was never analysed; once."""

from __future__ import annotations

from dataclasses import replace

from kinetune.tuning.difference import difference
from tests.rules.made import cluster
from tests.tuning.made import PG15, YB, facts_of, wanted


def does(server: object, **changes: object) -> list[str]:
    made = wanted("tuned", YB if server is YB else PG15)
    seen = facts_of(made, YB if server is YB else PG15, **changes)
    return [step.does for step in difference(replace(seen, cluster=cluster()), made).steps]


def test_a_store_with_rows_that_was_never_analysed_is() -> None:
    assert does(YB, rows=None, max_id=5_000, last_id=5_000) == ["analyse kine, for the first time"]


def test_an_analysed_or_nearly_empty_store_is_left_alone() -> None:
    assert does(YB, rows=10, max_id=5_000, last_id=5_000) == []
    assert does(YB, rows=None, max_id=999, last_id=999) == []
    assert does(YB, rows=None, max_id=None, last_id=0) == []


def test_postgresql_sees_to_it_by_itself() -> None:
    assert does(PG15, rows=None, max_id=5_000, last_id=5_000) == []
