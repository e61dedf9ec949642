"""Profiles side by side: who is best at a call, who wins, and in what words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import Call, MeasuredCall, Query
from kinetune.plans.profile_ranking import ProfileRun, rank_profiles, summarise_ranking


def measured(scenario: str, blocks: int, ms: float = 5.0, *, requests: int | None = None) -> MeasuredCall:
    query = Query("E20", "List", "SELECT", (), "", "", "")
    call = Call(scenario, f"call {scenario}", query, "SELECT", ())
    return MeasuredCall(call, plan=QueryPlan(PlanNode("Result"), execution_ms=ms, blocks=blocks, requests=requests))


def entry(profile: str, *work: int, size: int | None = None, ms: float | None = None) -> ProfileRun:
    """Calls a, b, c … with that work, and a time that follows it."""
    return ProfileRun(profile, tuple(measured(chr(97 + n), each, ms or each) for n, each in enumerate(work)), size)


def test_the_least_work_is_best_and_near_it_is_as_good() -> None:
    (a, b) = rank_profiles((entry("tuned", 100, 1000), entry("article", 200, 1008))).rows
    assert a.best == ("tuned",)
    assert a.above == {"tuned": 0.0, "article": 1.0}
    assert b.best == ("tuned", "article"), "eight blocks are a deeper level of an index"


def test_more_work_that_takes_no_more_time_is_none() -> None:
    (row,) = rank_profiles((entry("tuned", 1918, ms=1.0), entry("article", 160, ms=1.9))).rows
    assert row.best == ("tuned", "article")


def test_the_winner_is_least_bad_where_it_is_worst() -> None:
    found = rank_profiles((entry("article", 100, 100, 900), entry("tuned", 150, 150, 300)))
    assert found.winner == "tuned"
    assert found.worst == {"article": (2.0, "call c"), "tuned": (0.5, "call b")}
    assert summarise_ranking(found) == (
        "Recommended: tuned. tuned needs up to 50 % more than the best (call b); article needs up to 3 times as "
        "much as the best (call c)."
    )


def test_where_all_are_alike_smaller_indexes_win_and_then_the_first() -> None:
    sized = (entry("article", 100, size=900), entry("tuned", 100, size=500))
    assert rank_profiles(sized).winner == "tuned"
    assert rank_profiles((entry("article", 100), entry("tuned", 100))).winner == "article"
    assert summarise_ranking(rank_profiles(sized)) == (
        "Recommended: tuned. tuned and article are within 5 % of the lowest number of blocks; the indexes of tuned are "
        "smaller."
    )


def test_a_profile_that_fails_a_call_loses() -> None:
    failed = replace(measured("a", 1), plan=None, failed="stopped after 30 s")
    found = rank_profiles((ProfileRun("stock", (failed,)), entry("tuned", 5000)))
    assert found.winner == "tuned"
    assert math.isinf(found.worst["stock"][0])
    assert summarise_ranking(found).endswith("stock could not answer in time (call a).")


def test_requests_count_where_the_server_counts_them() -> None:
    both = (
        ProfileRun("lean", (measured("a", 0, 9.0, requests=26),)),
        ProfileRun("range", (measured("a", 0, 10.0, requests=46),)),
    )
    found = rank_profiles(both)
    assert (found.unit, found.winner) == ("requests", "lean")
    assert found.rows[0].above["range"] == pytest.approx(20 / 26)


def test_the_plan_counts_that_the_server_settles_for() -> None:
    slow = QueryPlan(PlanNode("Result"), execution_ms=90.0, blocks=9000)
    one = replace(measured("a", 10), generic=slow, generic_chosen=True)
    calls = (one,)
    cost = ProfileRun("stock", calls).cost("a")
    assert cost is not None
    assert cost.work == 9000
    custom = ProfileRun("tuned", calls, custom=True).cost("a")
    assert custom is not None
    assert custom.work == 10, "it has the server plan anew for every call"


def test_a_whole_read_in_the_storage_counts_as_the_pages_it_reads() -> None:
    """MAX(id) over ids sharded by hash is one request, and grows with the table."""
    node = PlanNode(
        "Seq Scan", relation="kine", loops=1, rows=1, requests=1, details={"Storage Table Rows Scanned": 50_001}
    )
    whole = replace(measured("a", 0, 48.0, requests=1), plan=QueryPlan(node, execution_ms=48.0, requests=1))
    found = rank_profiles((ProfileRun("stock", (whole,)), ProfileRun("tuned", (measured("a", 0, 1.0, requests=1),))))
    assert found.winner == "tuned"
    assert found.worst["stock"] == (48.0, "call a")


@pytest.mark.parametrize(("slow", "alike"), [(65.0, False), (12.0, False), (11.0, True), (5.0, True)])
def test_time_that_no_counter_shows_counts_as_well(slow: float, alike: bool) -> None:
    """A lookup of a missing key took 65 ms and 2 ms, 3 requests both (docs/facts/measured.md §9): not alike."""
    entries = (
        ProfileRun("former", (measured("a", 0, slow, requests=3),)),
        ProfileRun("tuned", (measured("a", 0, 2.0, requests=3),)),
    )
    (row,) = rank_profiles(entries).rows
    assert (row.best == ("former", "tuned")) is alike
