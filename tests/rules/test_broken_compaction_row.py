from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kinetune.model.facts import Integrity
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.broken_compaction_row import broken_compaction_row
from tests.rules.made import healthy, run_one, skip_one, with_table, written_by


def integrity(**changes: Any) -> Integrity:
    found = healthy().integrity
    assert isinstance(found, Integrity)
    return replace(found, **changes)


def test_one_row_is_fine_and_none_in_an_empty_store() -> None:
    assert not run_one(broken_compaction_row, healthy())
    assert not run_one(broken_compaction_row, with_table(healthy(integrity=integrity(compaction_rows=0)), max_id=None))


def test_a_second_row_stops_compaction_and_no_restart_is_advised() -> None:
    (finding,) = run_one(broken_compaction_row, healthy(integrity=integrity(compaction_rows=2)))
    assert (finding.severity, finding.on) == (Severity.ERROR, "compact_rev_key")
    assert finding.says.startswith("2 rows have this name: every compaction fails")
    assert "restart" not in finding.do


def test_no_row_beside_others_is_made() -> None:
    (finding,) = run_one(broken_compaction_row, healthy(integrity=integrity(compaction_rows=0)))
    assert finding.do.startswith("stop Kine; INSERT INTO public.kine (name, ")


@pytest.mark.parametrize(
    ("tag", "read"), [("v0.14.9", True), ("v0.14.10", False), ("v0.14.11", False), ("v0.14.12", True)]
)
def test_a_note_without_a_value_is_a_matter_of_the_release(tag: str, read: bool) -> None:
    found = run_one(broken_compaction_row, healthy(integrity=integrity(bare_revision=True), kine=written_by(tag)))
    assert ([one.on for one in found] == []) is read


def test_a_store_that_was_not_looked_into_is_skipped() -> None:
    assert skip_one(broken_compaction_row, healthy(integrity=Unknown("no time"))).reason == "no time"
