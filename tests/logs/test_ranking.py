"""Calls → hotspots: exact sums, percentiles within the error, the same result in one pass and in several."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kinetune.logs.histogram import octave_start
from kinetune.logs.ranking import OTHERS, Ranking
from kinetune.model.hotspot import Hotspot, SlowCall, Vantage
from tests.logs.test_histogram import ERROR, exact

YEAR = 365 * 86400
CALLS = st.builds(
    SlowCall,
    at=st.one_of(st.integers(1_700_000_000, 1_700_000_300), st.integers(1_700_000_000, 1_700_000_000 + YEAR)).map(
        float
    ),
    query=st.sampled_from(["ListCurrentVal", "AfterOldVal", ""]),
    eras=st.sampled_from([("E19",), ("E20",)]),
    resource=st.sampled_from(["/registry/pods/", "/registry/secrets/", ""]),
    key=st.just(""),
    milliseconds=st.one_of(st.integers(1, 5).map(float), st.floats(0.01, 100_000)),
    source=st.sampled_from(["a.log", "b.log"]),
    vantage=st.sampled_from(Vantage),
)


def call(at: float, took: float, query: str = "AfterOldVal", resource: str = "/registry/pods/") -> SlowCall:
    return SlowCall(at, query, ("E20",), resource, "", took, "a.log")


def ranking(calls: list[SlowCall]) -> Ranking:
    ranked = Ranking()
    ranked.add_calls(calls)
    return ranked


def group(spot: Hotspot | SlowCall) -> tuple[object, ...]:
    return spot.query, spot.eras, spot.resource, spot.vantage


def rank_calls(calls: list[SlowCall]) -> tuple[Hotspot, ...]:
    return ranking(calls).hotspots()


@given(st.lists(CALLS, min_size=1, max_size=60))
def test_a_hotspot_has_the_sums_of_its_calls(calls: list[SlowCall]) -> None:
    spots = rank_calls(calls)
    assert {group(spot) for spot in spots} == {group(one) for one in calls}
    for spot in spots:
        own = [one for one in calls if group(one) == group(spot)]
        times = [one.milliseconds for one in own]
        assert (spot.count, spot.max) == (len(own), max(times))
        assert spot.total_ms == pytest.approx(sum(times))
        assert (spot.first, spot.last) == (min(one.at for one in own), max(one.at for one in own))
        for share, value in ((0.5, spot.p50), (0.95, spot.p95), (0.99, spot.p99)):
            assert value == pytest.approx(exact(times, share), rel=ERROR)
            assert value <= spot.max
        assert [one.milliseconds for one in spot.worst] == sorted(times, reverse=True)[:5]
        assert sum(slot.count for slot in spot.timeline) == spot.count
        assert sum(slot.total_ms for slot in spot.timeline) == pytest.approx(spot.total_ms)


@given(st.lists(CALLS, min_size=1, max_size=60))
def test_the_heaviest_come_first_and_shares_are_of_each_vantage(calls: list[SlowCall]) -> None:
    spots = rank_calls(calls)
    assert list(spots) == sorted(spots, key=lambda spot: -spot.total_ms)
    for vantage in {spot.vantage for spot in spots}:
        assert sum(spot.share for spot in spots if spot.vantage is vantage) == pytest.approx(1)


def alike(one: tuple[Hotspot, ...]) -> list[Hotspot]:
    """Sums of floats depend on their order: rounded, and in an order that does not depend on them."""
    rounded = [
        replace(
            spot,
            total_ms=round(spot.total_ms, 3),
            share=round(spot.share, 6),
            timeline=tuple(replace(slot, total_ms=round(slot.total_ms, 3)) for slot in spot.timeline),
        )
        for spot in one
    ]
    return sorted(rounded, key=group)


@given(st.lists(st.lists(CALLS, max_size=40), min_size=1, max_size=4))
@example([[call(1.0, 5.0), call(2.0, 5.0), call(3.0, 5.0)], [call(4.0, 5.0), call(5.0, 5.0), call(6.0, 5.0)]])
@example([[call(n, 5.0) for n in range(240)], [call(86400 * 30 * n, 9.0 * n) for n in range(1, 200)]])
def test_merging_parts_equals_one_pass(parts: list[list[SlowCall]]) -> None:
    whole = ranking([one for part in parts for one in part])
    merged = Ranking()
    for part in parts:
        merged.merge(ranking(part))
    assert alike(merged.hotspots()) == alike(whole.hotspots())
    assert merged.slot_seconds == whole.slot_seconds
    assert merged.heat() == whole.heat()


@given(st.lists(CALLS, min_size=1, max_size=300, unique_by=lambda one: one.at))
def test_heat_counts_every_call_in_its_slot_and_octave(calls: list[SlowCall]) -> None:
    ranked = ranking(calls)
    width = ranked.slot_seconds
    cells = {(cell.at, cell.from_ms): cell.count for cell in ranked.heat()}
    assert sum(cells.values()) == len(calls)
    for one in calls:
        assert any(at <= one.at < at + width and low <= one.milliseconds < 2 * low for at, low in cells), one


def test_slots_widen_and_a_wrong_clock_costs_one_slot() -> None:
    ranked = ranking([call(1_700_000_000 + second, 1.0) for second in range(10_000)])
    assert ranked.slot_seconds == 60
    assert len({cell.at for cell in ranked.heat()}) <= 240
    ranked.add_calls([call(5.0, 1.0)])
    assert ranked.slot_seconds == 60
    assert sum(cell.count for cell in ranked.heat()) == 10_001
    assert {cell.from_ms for cell in ranked.heat()} == {octave_start(1 << 7)}


def test_memory_is_bounded_and_no_call_is_lost() -> None:
    rng = random.Random(1)
    calls = [call(float(n), rng.random(), resource=f"/registry/r{n}/") for n in range(12_000)]
    heavy = [call(1.0, 1e6, query="Compact", resource="") for _ in range(3)]
    ranked = ranking(heavy + calls)
    spots = ranked.hotspots()
    assert len(spots) <= 3001
    assert ranked.folded == 12_001 - (len(spots) - 1)
    assert sum(spot.count for spot in spots) == len(ranked) == 12_003
    assert sum(spot.total_ms for spot in spots) == pytest.approx(3e6 + sum(one.milliseconds for one in calls))
    assert spots[0].query == "Compact"
    assert [spot.resource for spot in spots].count(OTHERS) == 1


def test_folded_rankings_merge_into_one() -> None:
    halves = [
        ranking([call(float(n), 1.0 + n, resource=f"/registry/{half}{n}/") for n in range(2900)]) for half in "ab"
    ]
    halves[0].merge(halves[1])
    assert len(halves[0]) == 5800
    assert len(halves[0].hotspots()) <= 3001
    assert halves[0].folded > 0


def test_each_vantage_has_its_own_others() -> None:
    ranked = Ranking()
    for number in range(8000):
        vantage = Vantage.KINE_LOG if number % 2 else Vantage.SERVER_LOG
        ranked.add_calls([call(1.0, 1.0, resource=f"/registry/r{number}/")._replace(vantage=vantage)])
    others = [spot for spot in ranked.hotspots() if spot.resource == OTHERS]
    assert {spot.vantage for spot in others} == {Vantage.KINE_LOG, Vantage.SERVER_LOG}
    assert ranked.has_vantage(Vantage.KINE_LOG)
    assert ranked.has_vantage(Vantage.SERVER_LOG)
