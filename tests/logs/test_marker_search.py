"""Markers are found wherever they are, with the C library and without."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.kine.signals import MARKERS
from kinetune.logs import marker_search
from kinetune.logs.marker_search import MarkerSearch, contains

KNOWN = (b"Slow SQL", b"duration: ", *MARKERS)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(KNOWN),
        st.sampled_from([b"SQL", b"rror ", b"arting ", b"TTL ", b"\0", b"\n", b" "]),
        st.binary(max_size=9),
    ),
    max_size=30,
).map(b"".join)


def expected(data: bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """By a comparison at each position."""
    return [
        (at, index)
        for at in range(start, stop)
        for index, marker in enumerate(KNOWN)
        if data[at : min(at + len(marker), stop)] == marker
    ]


@pytest.mark.parametrize("by", ["strstr", "bytes.find"])
@settings(deadline=None)
@given(data=TEXTS, cut=st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_all_markers_within_the_span_are_found_in_order(by: str, data: bytes, cut: tuple[int, int]) -> None:
    start = min(cut[0], len(data))
    stop = max(start, len(data) - cut[1])
    with pytest.MonkeyPatch.context() as patch:
        if by == "bytes.find":
            patch.setattr(marker_search, "_load_locate", lambda: marker_search._locate)
        for text in (data, data.replace(b"\0", b" ")):  # strstr is used only where no zero is
            assert MarkerSearch(KNOWN).find(text, start, stop) == expected(text, start, stop)
            assert all(contains(text, marker) == (marker in text) for marker in KNOWN)


def test_the_c_library_of_this_machine_is_used() -> None:
    assert marker_search._load_locate() is not marker_search._locate


def test_a_marker_among_many_words_that_it_shares_is_found() -> None:
    data = b"SQL" * 5000 + b"rror " * 5000 + b"Slow SQL" + b"SQL" * 5000 + b"error in txn" + b"rror " * 5000
    assert MarkerSearch(KNOWN).find(data, 0, len(data)) == expected(data, 0, len(data))
