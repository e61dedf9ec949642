"""What counters grew by between two readings, also when somebody set them to nothing in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.kine.counter_costs import compute_costs, estimate_percentile, merge_counters
from kinetune.model.counters import Bucket, Counter, CounterNode, Counters
from kinetune.model.failure import CouldNotLook

THEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOW = THEN + timedelta(seconds=10)


def reading(at: datetime, *entries: Counter, began: datetime | None = None, evicted: int = 0) -> Counters:
    places = {entry.node: CounterNode(entry.node, began, evicted) for entry in entries}
    return Counters(at, tuple(places.values()), entries)


def entry(calls: int, ms: float, query: str = "List", node: str = "a", **more: object) -> Counter:
    return Counter(node=node, id=query, query=query, calls=calls, total_ms=ms, **more)  # type: ignore[arg-type]


def test_what_came_between_two_readings_is_their_difference() -> None:
    found = compute_costs(
        reading(NOW, entry(15, 300, max_ms=90.0, rows=50)), reading(THEN, entry(5, 100, max_ms=80.0, rows=20))
    )
    (cost,) = found.costs
    assert (cost.count, cost.total_ms, cost.mean, cost.max, cost.rows) == (10, 200, 20, 90.0, 30)
    assert found.seconds == 10


def test_an_old_maximum_says_nothing_of_these_calls() -> None:
    (cost,) = compute_costs(reading(NOW, entry(15, 300, max_ms=90.0)), reading(THEN, entry(5, 100, max_ms=90.0))).costs
    assert cost.max is None


def test_what_was_not_called_is_not_in_it() -> None:
    assert not compute_costs(reading(NOW, entry(5, 100)), reading(THEN, entry(5, 100))).costs


def test_a_counter_that_went_down_was_reset_and_counts_as_it_is() -> None:
    found = compute_costs(reading(NOW, entry(2, 7)), reading(THEN, entry(5, 100)))
    assert (found.costs[0].count, found.costs[0].total_ms) == (2, 7)
    assert found.notices == ("a: the counters were reset after the earlier reading, so they count from the reset on",)


def test_a_known_reset_is_one_even_where_counters_are_higher_again() -> None:
    after = reading(NOW, entry(50, 900), began=THEN + timedelta(seconds=1))
    found = compute_costs(after, reading(THEN, entry(5, 100), began=THEN - timedelta(days=1)))
    assert found.costs[0].count == 50
    assert "were reset" in found.notices[0]


def test_an_entry_that_began_later_counts_from_its_beginning() -> None:
    young = entry(50, 900, since=THEN + timedelta(seconds=2))
    assert compute_costs(reading(NOW, young), reading(THEN, entry(5, 100))).costs[0].count == 50


def test_a_node_in_one_reading_only_is_left_out_with_a_notice() -> None:
    found = compute_costs(
        reading(NOW, entry(9, 9), entry(70, 70, node="c")), reading(THEN, entry(4, 4), entry(5, 5, node="b"))
    )
    assert found.costs[0].count == 5
    assert found.notices == (
        "c is not in the earlier reading and was left out",
        "b is only in the earlier reading: its calls since then are unknown",
    )


def test_nodes_are_summed_by_name_and_ranked_by_time() -> None:
    now = reading(NOW, entry(1, 10), entry(2, 20, node="b"), entry(1, 90, "Count"))
    assert [(cost.query, cost.count, cost.share) for cost in compute_costs(now).costs] == [
        ("Count", 1, 0.75),
        ("List", 3, 0.25),
    ]


def test_evicted_entries_are_reported() -> None:
    found = compute_costs(reading(NOW, entry(5, 5), evicted=3), reading(THEN, entry(5, 5), evicted=2))
    assert "discarded entries" in found.notices[0]


def test_exchanged_readings_are_reported() -> None:
    assert "a clock was set back" in compute_costs(reading(THEN, entry(5, 5)), reading(NOW, entry(5, 5))).notices[0]


def test_gauges_that_only_grow_are_differences_and_of_several_kines_sums() -> None:
    def of(at: datetime, waits: float) -> Counters:
        return Counters(at, (CounterNode("k"),), (), {"go_sql_wait_count_total": waits, "go_sql_open_connections": 3.0})

    found = compute_costs(of(NOW, 12), of(THEN, 5))
    assert (found.growth, found.gauges["go_sql_open_connections"]) == ({"go_sql_wait_count_total": 7.0}, 3.0)
    assert compute_costs(of(NOW, 2), of(THEN, 5)).growth == {"go_sql_wait_count_total": 2.0}
    assert merge_counters([of(NOW, 12), of(THEN, 5)]).gauges["go_sql_open_connections"] == 6.0


def test_the_time_counted_is_since_the_youngest_place_began() -> None:
    assert compute_costs(reading(NOW, entry(1, 1), began=THEN)).seconds == 10
    assert compute_costs(reading(NOW, entry(1, 1))).seconds is None


def test_percentiles_lie_within_their_bucket() -> None:
    buckets = (Bucket(0, 1, 50), Bucket(1, 2, 45), Bucket(8, None, 5))
    assert estimate_percentile(buckets, 0.5) == 1
    assert estimate_percentile(buckets, 0.95) == 2
    assert estimate_percentile(buckets, 0.99) == 8  # no end: at least that
    assert estimate_percentile((), 0.5) is None


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=14), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_has_so_many_calls_below(counts: list[int], share: float) -> None:
    buckets = [Bucket(2.0**at, 2.0 ** (at + 1), count) for at, count in enumerate(counts)]
    found = estimate_percentile(buckets, share)
    if found is None:
        assert not sum(counts)
        return
    below = sum(bucket.count for bucket in buckets if bucket.high_ms is not None and bucket.high_ms <= found)
    assert below <= share * sum(counts) + 1e-6 or found == pytest.approx(max(b.high_ms or 0 for b in buckets))


def test_a_file_of_another_name_is_of_the_same_process_if_that_began_when_it_did() -> None:
    monday = reading(THEN, entry(5, 100, node="monday.txt"), began=THEN - timedelta(days=1))
    found = compute_costs(reading(NOW, entry(15, 300, node="tuesday.txt"), began=THEN - timedelta(days=1)), monday)
    assert (found.costs[0].count, found.costs[0].total_ms) == (10, 200)
    assert found.notices == ()


def test_readings_of_nothing_in_common_are_a_failure_and_no_idle_kine() -> None:
    with pytest.raises(CouldNotLook, match="the earlier reading has no data of b; it has data of a"):
        compute_costs(reading(NOW, entry(15, 300, node="b")), reading(THEN, entry(5, 100)))
