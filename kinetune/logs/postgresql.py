"""
PostgreSQL's and YugabyteDB's stderr log: `<log_line_prefix>LOG:  duration: 12.345 ms  execute stmtcache_1: SELECT …`.

Any prefix; further lines of a statement begin with a tab; parameters are in a DETAIL line (elog.c, postgres.c).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kinetune.logs.envelope import Peeled, enveloped, peel

DURATION = b"duration: "
HEAD = re.compile(
    rb"(?:duration: (\d{1,12}(?:\.\d{1,6})?) ms)?"
    rb"(?:(?:  |(?<!ms))(statement|execute|parse|bind|plan)(?: ([^:\n\"]*))?:[ \n]?)?"
)
_DETAIL = b"DETAIL:  "
_PID = re.compile(rb"\[(\d+)\]|pid[=: ]+(\d+)|(?<![\d.:-])(\d{2,7})(?![\d.:-])")


class Record(NamedTuple):
    """
    One message about a statement. `milliseconds` is None where the message only announces it (log_statement), `kind`
    empty where it is a bare duration (log_duration). `end` is where the record after it begins.
    """

    kind: bytes
    milliseconds: float | None
    sql: bytes
    detail: bytes
    stamp: bytes
    pid: bytes
    form: str
    end: int


class Window(NamedTuple):
    """A piece of a log: complete lines end before `limit`; `final` says that nothing comes after it."""

    data: bytes
    limit: int
    final: bool


def record(window: Window, start: int, at: int) -> Record | int | None:
    """
    The record whose message begins at `at` in the line that begins at `start`; None where it is none, a number where
    the window ends too early to tell (the record's beginning).
    """
    if enveloped(window.data, start, at):
        return _unwrapped(window, start)
    return _plain(window, start, at)


def _plain(window: Window, start: int, at: int) -> Record | int | None:
    data = window.data
    head = HEAD.match(data, at)
    if head is None or not head[0]:
        return None
    end = _message_end(window, head.end() - 1)
    if end is None:
        return start
    detail, after = b"", end + 1
    found = data.find(_DETAIL, after, after + at - start + 40)
    if found >= 0 and data.find(b"\n", after, found) < 0:
        last = _message_end(window, found)
        if last is None:
            return start
        detail, after = data[found + 9 : last], last + 1
    elif after >= window.limit and not window.final:
        return start
    before = data[start:at]
    return made(head, (data[head.end() : end], detail), (before, pid_of(before)), ("postgresql stderr", after))


def made(head: re.Match[bytes], text: tuple[bytes, bytes], who: tuple[bytes, bytes], rest: tuple[str, int]) -> Record:
    """A record of a matched HEAD, (statement, detail), (what has the time, process) and (form, end)."""
    took = None if head[1] is None else float(head[1])
    return Record(head[2] or b"", took, *text, *who, *rest)


def _message_end(window: Window, at: int) -> int | None:
    """The newline that ends the message; None where it may go on beyond the window."""
    data = window.data
    end = data.find(b"\n", at)
    while end >= 0 and data[end + 1 : end + 2] == b"\t":
        end = data.find(b"\n", end + 1)
    if end < 0 or end >= window.limit:
        return len(data) if window.final else None
    return end


def _unwrapped(window: Window, start: int) -> Record | int | None:
    """As `_plain`, of lines that each come in an envelope: they are put together first."""
    lines: list[bytes] = []
    at = start
    whole = False
    while at < window.limit:
        end = window.data.find(b"\n", at)
        end = len(window.data) if end < 0 else end
        peeled = peel(window.data[at:end])
        if lines and not _goes_on(peeled):
            whole = True
            break
        lines.append(peeled.content)
        at = end + 1
    if not whole and not window.final:
        return start
    text = b"\n".join(lines) + b"\n"
    found = text.find(DURATION)
    if found < 0:
        found = max(text.find(b"execute "), text.find(b"statement: "))
    if found < 0:
        return None
    seen = _plain(Window(text, len(text), True), 0, found)
    if not isinstance(seen, Record):
        return None
    stamp = seen.stamp if any(byte in b"0123456789" for byte in seen.stamp) else window.data[start : start + 64]
    return seen._replace(end=at, stamp=stamp)


def _goes_on(peeled: Peeled) -> bool:
    return peeled.content.startswith(b"\t") or _DETAIL in peeled.content[:200]


def pid_of(prefix: bytes) -> bytes:
    """The process in a log_line_prefix: in brackets, after `pid=`, or the first number that is no part of a time."""
    found = _PID.search(prefix)
    return (found[1] or found[2] or found[3]) if found else b""
