"""
Finds the markers of a log in large blocks. Lines are not read one by one: only a line with a marker is looked at.

A loop over lines reads 2 GB/s, a regular expression of all markers 0.1 GB/s. For each marker, bytes.find reads 2 to 6
GB/s, memmem of glibc 8 to 18 GB/s, and strstr 12 to 28 GB/s: the faster, the rarer the first two letters of the marker
are in the log. Its length does not matter.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

_SHARED_WORDS = (b"SQL", b"rror ", b"arting ", b"pact ", b"fatal", b"TTL ")
"""Markers with one of these are found by one search for the word. Add a word that other lines contain seldom."""
_BYTES_PER_HIT = 500
"""If a word is more frequent than this, a search for each of its markers is faster."""

Hit = tuple[int, int]
"""The position of a marker, and its index in the markers that were searched."""
_Locate = Callable[[bytes, tuple[int, int], bytes, int], list[int]]


class _ListedMarker(NamedTuple):
    """A marker, its index in the list, and where in it the shared word is."""

    text: bytes
    number: int
    place: int


class MarkerSearch:
    """Searches for markers, which are listed by importance."""

    def __init__(self, markers: tuple[bytes, ...]) -> None:
        left = [_ListedMarker(text, index, 0) for index, text in enumerate(markers)]
        self._shared: list[tuple[bytes, list[_ListedMarker]]] = []
        for word in _SHARED_WORDS:
            chosen = [marker._replace(place=marker.text.find(word)) for marker in left if word in marker.text]
            if len(chosen) > 1:
                self._shared.append((word, chosen))
                left = [marker for marker in left if word not in marker.text]
        self._others = left

    def find(self, data: bytes, start: int, stop: int) -> list[Hit]:
        """All hits between `start` and `stop`, in the order of positions."""
        if len(data) - stop > stop - start:  # strstr reads on to the end of the data
            return [(start + at, number) for at, number in self.find(data[start:stop], 0, stop - start)]
        locate = _choose_locate(data, (start, stop))
        found = _find_each(locate, data, (start, stop), self._others)
        for shared in self._shared:
            found += _find_shared(locate, data, (start, stop), shared)
        found.sort()
        return found


@lru_cache(maxsize=16)
def search_markers(markers: tuple[bytes, ...]) -> MarkerSearch:
    """The search for these markers; a source changes its markers a few times at most."""
    return MarkerSearch(markers)


def contains(data: bytes, text: bytes) -> bool:
    """As `text in data`, but several times as fast for a long block without it."""
    span = (0, len(data))
    return bool(_choose_locate(data, span)(data, span, text, 1))


def _find_each(locate: _Locate, data: bytes, span: tuple[int, int], markers: list[_ListedMarker]) -> list[Hit]:
    return [(at, number) for text, number, _ in markers for at in locate(data, span, text, sys.maxsize)]


def _find_shared(
    locate: _Locate, data: bytes, span: tuple[int, int], shared: tuple[bytes, list[_ListedMarker]]
) -> list[Hit]:
    start, stop = span
    word, markers = shared
    most = (stop - start) // _BYTES_PER_HIT + 16
    places = locate(data, span, word, most)
    if len(places) == most:
        return _find_each(locate, data, span, markers)
    found = []
    for at in places:
        for text, number, place in markers:
            if data.startswith(text, max(at - place, start), stop):
                found.append((at - place, number))
                break
    return found


def _choose_locate(data: bytes, span: tuple[int, int]) -> _Locate:
    """The C library's, except for data with zeros, such as the hole that copytruncate leaves: strstr ends there."""
    return _load_locate() if data.find(b"\0", *span) < 0 else _locate


def _locate(data: bytes, span: tuple[int, int], text: bytes, most: int) -> list[int]:
    """The first positions of a text, `most` at most."""
    start, stop = span
    found: list[int] = []
    at = data.find(text, start, stop)
    while at >= 0 and len(found) < most:
        found.append(at)
        at = data.find(text, at + len(text), stop)
    return found


@cache
def _load_locate() -> _Locate:
    """_locate by strstr of the C library, for data without zeros; _locate itself where there is none, as on Windows."""
    try:
        import ctypes  # noqa: PLC0415 - 2 ms that a command without a log does not need

        strstr = ctypes.CDLL(None).strstr
    except (ImportError, OSError, TypeError, AttributeError):
        return _locate
    strstr.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    strstr.restype = ctypes.c_void_p

    def locate(data: bytes, span: tuple[int, int], text: bytes, most: int) -> list[int]:
        # The address is valid as long as `data` exists. CPython puts a zero after the bytes, where strstr ends.
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        last, size = address + span[1] - len(text), len(text)
        found: list[int] = []
        at = strstr(address + span[0], text)
        while at is not None and at <= last and len(found) < most:
            found.append(at - address)
            at = strstr(at + size, text)
        return found

    return locate
