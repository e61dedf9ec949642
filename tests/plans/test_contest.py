"""Profiles side by side: who is best at a call, who wins, and in what words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from kinetune.model.plan import Node, Plan
from kinetune.model.workload import Call, Measured, Query
from kinetune.plans.contest import Entry, contest, verdict


def measured(scenario: str, blocks: int, ms: float = 5.0, *, requests: int | None = None) -> Measured:
    query = Query("E20", "List", "SELECT", (), "", "", "")
    call = Call(scenario, f"call {scenario}", query, "SELECT", ())
    return Measured(call, plan=Plan(Node("Result"), execution_ms=ms, blocks=blocks, requests=requests))


def entry(profile: str, *work: int, size: int | None = None, ms: float | None = None) -> Entry:
    """Calls a, b, c … with that work, and a time that follows it."""
    return Entry(profile, tuple(measured(chr(97 + n), each, ms or each) for n, each in enumerate(work)), size)


def test_the_least_work_is_best_and_near_it_is_as_good() -> None:
    (a, b) = contest((entry("tuned", 100, 1000), entry("article", 200, 1008))).rows
    assert a.best == ("tuned",)
    assert a.above == {"tuned": 0.0, "article": 1.0}
    assert b.best == ("tuned", "article"), "eight blocks are a deeper level of an index"


def test_more_work_that_takes_no_more_time_is_none() -> None:
    (row,) = contest((entry("tuned", 1918, ms=1.0), entry("article", 160, ms=1.9))).rows
    assert row.best == ("tuned", "article")


def test_the_winner_is_least_bad_where_it_is_worst() -> None:
    found = contest((entry("article", 100, 100, 900), entry("tuned", 150, 150, 300)))
    assert found.winner == "tuned"
    assert found.worst == {"article": (2.0, "call c"), "tuned": (0.5, "call b")}
    assert verdict(found) == (
        "By blocks, tuned took up to 50% more than the best (call b); article took up to 3 times the best (call c)"
    )


def test_where_all_are_alike_smaller_indexes_win_and_then_the_first() -> None:
    sized = (entry("article", 100, size=900), entry("tuned", 100, size=500))
    assert contest(sized).winner == "tuned"
    assert contest((entry("article", 100), entry("tuned", 100))).winner == "article"
    assert verdict(contest(sized)) == (
        "By blocks, tuned and article never took more than 5% above the best; tuned by its smaller indexes"
    )


def test_a_profile_that_fails_a_call_loses() -> None:
    failed = replace(measured("a", 1), plan=None, failed="stopped after 30 s")
    found = contest((Entry("stock", (failed,)), entry("tuned", 5000)))
    assert found.winner == "tuned"
    assert math.isinf(found.worst["stock"][0])
    assert verdict(found).endswith("stock could not answer in time (call a)")


def test_requests_count_where_the_server_counts_them() -> None:
    both = (
        Entry("lean", (measured("a", 0, 9.0, requests=26),)),
        Entry("range", (measured("a", 0, 10.0, requests=46),)),
    )
    found = contest(both)
    assert (found.unit, found.winner) == ("requests", "lean")
    assert found.rows[0].above["range"] == pytest.approx(20 / 26)


def test_the_plan_counts_that_the_server_settles_for() -> None:
    slow = Plan(Node("Result"), execution_ms=90.0, blocks=9000)
    one = replace(measured("a", 10), generic=slow, generic_chosen=True)
    calls = (one,)
    cost = Entry("stock", calls).cost("a")
    assert cost is not None
    assert cost.work == 9000
    custom = Entry("tuned", calls, custom=True).cost("a")
    assert custom is not None
    assert custom.work == 10, "it has the server plan anew for every call"


def test_a_whole_read_in_the_storage_counts_as_the_pages_it_reads() -> None:
    """MAX(id) over ids sharded by hash is one request, and grows with the table."""
    node = Node(
        "Seq Scan", relation="kine", loops=1, rows=1, requests=1, details={"Storage Table Rows Scanned": 50_001}
    )
    whole = replace(measured("a", 0, 48.0, requests=1), plan=Plan(node, execution_ms=48.0, requests=1))
    found = contest((Entry("stock", (whole,)), Entry("tuned", (measured("a", 0, 1.0, requests=1),))))
    assert found.winner == "tuned"
    assert found.worst["stock"] == (48.0, "call a")


@pytest.mark.parametrize(("slow", "alike"), [(65.0, False), (12.0, False), (11.0, True), (5.0, True)])
def test_time_that_no_counter_shows_counts_as_well(slow: float, alike: bool) -> None:
    """A lookup of a missing key took 65 ms and 2 ms, 3 requests both (docs/facts/measured.md §9): not alike."""
    entries = (
        Entry("former", (measured("a", 0, slow, requests=3),)),
        Entry("tuned", (measured("a", 0, 2.0, requests=3),)),
    )
    (row,) = contest(entries).rows
    assert (row.best == ("former", "tuned")) is alike
