"""Durations in buckets: within 0.4 %, whatever their size."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.logs.histogram import bucket_index, bucket_middle, estimate_percentiles, octave_start

ERROR = 0.004
TIMES = st.floats(0.001, 86_400_000, allow_subnormal=False)


def exact(times: list[float], share: float) -> float:
    """The smallest duration that this share of all does not exceed."""
    return sorted(times)[math.ceil(share * len(times)) - 1]


@given(TIMES)
def test_the_middle_of_a_bucket_is_within_the_error(time: float) -> None:
    assert abs(bucket_middle(bucket_index(time)) - time) <= ERROR * time


@given(TIMES, TIMES)
def test_buckets_keep_the_order(one: float, other: float) -> None:
    assert (one <= other) <= (bucket_index(one) <= bucket_index(other))


@given(TIMES)
def test_an_octave_contains_its_durations(time: float) -> None:
    begin = octave_start(bucket_index(time))
    assert begin <= time < 2 * begin


@given(st.lists(TIMES, min_size=1, max_size=200), st.sampled_from([0.001, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_percentiles_are_the_exact_ones_within_the_error(times: list[float], share: float) -> None:
    (found,) = estimate_percentiles(Counter(map(bucket_index, times)), (share,))
    assert found == pytest.approx(exact(times, share), rel=ERROR)


@pytest.mark.parametrize("time", [0.0, -1.0, 0.0005])
def test_half_a_microsecond_and_less_share_a_bucket(time: float) -> None:
    assert bucket_index(time) == bucket_index(0.0001)


def test_no_durations_have_no_percentiles() -> None:
    assert estimate_percentiles({}, (0.5, 0.99)) == []
