from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.unbounded_lists import unbounded_lists
from tests.rules.made import run_one, yugabytedb
from tests.rules.planner import planned


@pytest.mark.parametrize("scenario", ["next-page", "old-page"])
def test_a_page_that_reads_all_ids_up_to_a_revision_is_a_warning(scenario: str) -> None:
    (found,) = run_one(unbounded_lists, planned("v0.17.5-on_on", scenario))
    assert (found.severity, found.on) == (Severity.WARNING, scenario)
    assert "kine_pkey" in found.says
    assert "about 55,000 rows" in found.says


def test_a_page_by_the_index_of_lists_is_fine() -> None:
    assert run_one(unbounded_lists, planned("v0.17.5-on_on", "list-page", "count", "poll")) == ()
    assert run_one(unbounded_lists, yugabytedb()) == ()


def test_lookups_belong_to_another_rule() -> None:
    assert run_one(unbounded_lists, planned("v0.17.5-off_off", "get-missing", "get-old")) == ()
