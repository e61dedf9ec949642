"""
Durations in buckets that grow with them, as HdrHistogram's with two digits: 128 to each doubling, error at most 0.4 %.

Own code: the hdrhistogram package keeps a dense array a histogram (30 KB from 1 µs to an hour at two digits) and is a
compiled wheel; here a thousand hotspots have one each, mostly a few buckets full, that travel between processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

_SMALLEST_MS = 0.0005


def bucket(milliseconds: float) -> int:
    """The bucket of a duration; half a microsecond and less is one."""
    fraction, exponent = math.frexp(milliseconds if milliseconds > _SMALLEST_MS else _SMALLEST_MS)
    return exponent << 7 | int(fraction * 256.0) - 128


def middle(index: int) -> float:
    """The duration in milliseconds that stands for a bucket."""
    return math.ldexp(((index & 127) + 128.5) / 256.0, index >> 7)


def doubling(index: int) -> float:
    """Where the doubling begins that the bucket is in, in milliseconds: buckets this wide make the heat map."""
    return math.ldexp(0.5, index >> 7)


def percentiles(buckets: Mapping[int, int], wanted: Iterable[float]) -> list[float]:
    """For each wanted share (0.99) the least bucket that so many of the durations do not exceed, in milliseconds."""
    ordered = sorted(buckets.items())
    total = sum(buckets.values())
    found = []
    for share in wanted:
        left = math.ceil(share * total)
        for index, count in ordered:
            left -= count
            if left <= 0:
                found.append(middle(index))
                break
    return found
