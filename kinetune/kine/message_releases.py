"""Which releases of Kine write a message, from the generated table in log_messages.py."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from kinetune.kine.log_messages import READ, TABLE

_EVERYWHERE = "v0.6.0"
"""A message of all releases from this one on does not tell releases apart. Older ones are hardly in use."""


@cache
def _read_table() -> tuple[tuple[str, frozenset[int]], ...]:
    """The beginning of each message, and the indexes in READ of the tags that have it."""
    order = {tag: index for index, tag in enumerate(READ.split())}
    rows = (line.split(" | ", 2) for line in TABLE.strip().splitlines())
    return tuple((text, frozenset(_list_indexes(spans, order))) for _, spans, text in rows)


def _list_indexes(spans: str, order: dict[str, int]) -> Iterable[int]:
    for span in spans.split():
        first, _, last = span.partition("–")
        yield from range(order[first], order[last or first] + 1)


def find_spans(*starts: str) -> tuple[str, ...]:
    """`("v0.3.2–v0.14.0",)`: the tags with a message that begins so, of those that were read; empty if none has one."""
    tags = READ.split()
    found = sorted(frozenset().union(*(indexes for text, indexes in _read_table() if text.startswith(starts))))
    runs: list[list[int]] = []
    for index in found:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return tuple(tags[run[0]] if len(run) == 1 else f"{tags[run[0]]}–{tags[run[-1]]}" for run in runs)


def find_releases(starts: Iterable[str]) -> str:
    """`Kine v0.14.1–v0.17.5`; empty without messages, and for those that every release has."""
    spans = find_spans(*starts) if starts else ()
    first, _, last = spans[0].partition("–") if len(spans) == 1 else ("", "", "")
    tags = READ.split()
    if not spans or (last == tags[-1] and tags.index(first) <= tags.index(_EVERYWHERE)):
        return ""
    return f"Kine {', '.join(spans)}"
