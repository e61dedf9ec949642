"""
Durations in buckets of growing width, as HdrHistogram with two significant digits: 128 buckets for each power of two,
so the error is at most 0.4 %.

Not the hdrhistogram package: it is a compiled wheel and keeps a dense array for each histogram (30 KB for 1 µs to 1 h).
Here thousands of hotspots have one each, most with few buckets filled, and processes send them to each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

SMALLEST_MS = 0.0005


def bucket_index(milliseconds: float) -> int:
    """The bucket of a duration. Half a microsecond and less share one: a logarithm of 0 does not exist."""
    fraction, exponent = math.frexp(milliseconds if milliseconds > SMALLEST_MS else SMALLEST_MS)
    # frexp returns 0.5 <= fraction < 1: the exponent is the power of two, fraction * 256 - 128 the place within it.
    return exponent << 7 | int(fraction * 256.0) - 128


def bucket_middle(index: int) -> float:
    """The duration in milliseconds that represents a bucket."""
    return math.ldexp(((index & 127) + 128.5) / 256.0, index >> 7)


def octave_start(index: int) -> float:
    """The lower end, in milliseconds, of the power of two that contains a bucket: the heat map has one row for each."""
    return math.ldexp(0.5, index >> 7)


def estimate_percentiles(buckets: Mapping[int, int], shares: Iterable[float]) -> list[float]:
    """For each share (0.99 for p99), the duration in milliseconds that this share of all durations does not exceed."""
    ordered = sorted(buckets.items())
    total = sum(buckets.values())
    found = []
    for share in shares:
        left = math.ceil(share * total)
        for index, count in ordered:
            left -= count
            if left <= 0:
                found.append(bucket_middle(index))
                break
    return found
