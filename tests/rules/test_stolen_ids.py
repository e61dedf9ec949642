from __future__ import annotations

import pytest

from kinetune.model.facts import KineRelease
from kinetune.model.finding import Severity
from kinetune.rules.stolen_ids import stolen_ids
from tests.rules.made import healthy, run_one, written_by


@pytest.mark.parametrize("tag", ["v0.6.2", "v0.10.3"])
def test_releases_before_v0_11_0_are_a_warning(tag: str) -> None:
    (found,) = run_one(stolen_ids, healthy(kine=written_by(tag)))
    assert (found.severity, found.on) == (Severity.WARNING, f"Kine {tag}")
    assert "may take the id of a write in progress" in found.says
    assert "v0.11.0" in found.do


def test_an_era_that_spans_the_change_is_reported_conditionally() -> None:
    (found,) = run_one(stolen_ids, healthy(kine=KineRelease("v0.9.0", "E07", "seen in pg_stat_statements")))
    assert found.says.startswith("if it is older than v0.11.0 (set --kine)")


@pytest.mark.parametrize("tag", ["v0.11.0", "v0.17.2"])
def test_later_releases_are_fine(tag: str) -> None:
    assert run_one(stolen_ids, healthy(kine=written_by(tag))) == ()


def test_a_later_era_is_fine() -> None:
    assert run_one(stolen_ids, healthy(kine=KineRelease("v0.11.4", "E08", "seen in pg_stat_statements"))) == ()
