from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Growth, Unknown
from kinetune.model.finding import Severity
from kinetune.rules.single_compaction_row import single_compaction_row
from tests.rules.made import healthy, heard, skipped, yugabytedb


def rows(number: int) -> Growth:
    growth = healthy().growth
    assert isinstance(growth, Growth)
    return replace(growth, compaction_rows=number)


def test_one_row_or_none_is_fine() -> None:
    assert not heard(single_compaction_row, healthy())
    assert not heard(single_compaction_row, yugabytedb(growth=rows(0)))


def test_a_second_row_stops_compaction() -> None:
    (finding,) = heard(single_compaction_row, healthy(growth=rows(2)))
    assert (finding.severity, finding.on) == (Severity.ERROR, "compact_rev_key")
    assert finding.says.startswith("2 rows have this name: compaction cannot note its revision")
    assert "systemctl restart k3s" in finding.do


def test_a_store_that_was_not_looked_into_is_not_judged() -> None:
    assert skipped(single_compaction_row, healthy(growth=Unknown("no time"))).reason == "no time"
