"""
PostgreSQL's and YugabyteDB's stderr log: `<log_line_prefix>LOG:  duration: 12.345 ms  execute stmtcache_1: SELECT …`.

The prefix may be anything. Further lines of a statement begin with a tab, and parameters are in a DETAIL line after it
(elog.c, postgres.c).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from kinetune.logs.envelopes import UnwrappedLine, has_envelope, unwrap_line
from kinetune.logs.window import Window

DURATION = b"duration: "
# `duration: 1.2 ms`, `duration: 1.2 ms  execute NAME: SQL` or `execute NAME: SQL`. All parts are optional, so an empty
# match means another message. Bounded digits keep a damaged number from becoming infinite.
HEAD = re.compile(
    rb"(?:duration: (\d{1,12}(?:\.\d{1,6})?) ms)?"
    rb"(?:(?:  |(?<!ms))(statement|execute|parse|bind|plan)(?: ([^:\n\"]*))?:[ \n]?)?"
)
_DETAIL = b"DETAIL:  "
# [%p], pid=%p, or a bare %p; not the digits of a time, an address or a date.
_PID = re.compile(rb"\[(\d+)\]|pid[=: ]+(\d+)|(?<![\d.:-])(\d{2,7})(?![\d.:-])")


class StatementRecord(NamedTuple):
    """
    One message about a statement, from any of PostgreSQL's log formats.

    `kind` is the keyword before the statement, empty for a duration alone (log_duration). `milliseconds` is None for a
    statement alone (log_statement). `stamp` contains the time. `end` is where the next record begins in the window.
    """

    kind: bytes
    milliseconds: float | None
    sql: bytes
    detail: bytes
    stamp: bytes
    pid: bytes
    format_name: str
    end: int


def parse_stderr_record(window: Window, start: int, at: int) -> StatementRecord | int | None:
    """
    The record whose message begins at `at`, in the line that begins at `start`.

    None if the message is not about a statement. `start` itself, a number, if the record may continue after the window.
    """
    if has_envelope(window.data, start, at):
        return _parse_wrapped_record(window, start)
    return _parse_plain_record(window, start, at)


def _parse_plain_record(window: Window, start: int, at: int) -> StatementRecord | int | None:
    data = window.data
    head = HEAD.match(data, at)
    if head is None or not head[0]:
        return None
    end = _find_message_end(window, head.end() - 1)
    if end is None:
        return start
    detail, after = b"", end + 1
    # The DETAIL line repeats log_line_prefix, so the keyword is about as far into its line as LOG is in the first.
    found = data.find(_DETAIL, after, after + at - start + 40)
    if found >= 0 and data.find(b"\n", after, found) < 0:
        last = _find_message_end(window, found)
        if last is None:
            return start
        detail, after = data[found + 9 : last], last + 1
    elif after >= window.limit and not window.final:
        return start  # the DETAIL line may be the first of the next block
    before = data[start:at]
    return make_record(head, (data[head.end() : end], detail), (before, find_pid(before)), ("postgresql stderr", after))


def make_record(
    head: re.Match[bytes], text: tuple[bytes, bytes], origin: tuple[bytes, bytes], rest: tuple[str, int]
) -> StatementRecord:
    """A record from a match of HEAD, (statement, detail), (text with the time, process id) and (format, end)."""
    took = None if head[1] is None else float(head[1])
    return StatementRecord(head[2] or b"", took, *text, *origin, *rest)


def _find_message_end(window: Window, at: int) -> int | None:
    """The newline at the end of the message; None if the message may continue after the window."""
    data = window.data
    end = data.find(b"\n", at)
    while end >= 0 and data[end + 1 : end + 2] == b"\t":
        end = data.find(b"\n", end + 1)
    if end < 0 or end >= window.limit:
        return len(data) if window.final else None
    return end


def _parse_wrapped_record(window: Window, start: int) -> StatementRecord | int | None:
    """As _parse_plain_record for a record whose lines each have an envelope: they are unwrapped and joined first."""
    lines: list[bytes] = []
    at = start
    complete = False
    while at < window.limit:
        end = window.data.find(b"\n", at)
        end = len(window.data) if end < 0 else end
        unwrapped = unwrap_line(window.data[at:end])
        if lines and not _continues_record(unwrapped):
            complete = True
            break
        lines.append(unwrapped.content)
        at = end + 1
    if not complete and not window.final:
        return start
    text = b"\n".join(lines) + b"\n"
    found = text.find(DURATION)
    if found < 0:
        found = max(text.find(b"execute "), text.find(b"statement: "))
    if found < 0:
        return None
    record = _parse_plain_record(Window(text, len(text), True), 0, found)
    if not isinstance(record, StatementRecord):
        return None
    # Without %m in log_line_prefix, the envelope has the only time.
    has_time = any(byte in b"0123456789" for byte in record.stamp)
    stamp = record.stamp if has_time else window.data[start : start + 64]
    return record._replace(end=at, stamp=stamp)


def _continues_record(unwrapped: UnwrappedLine) -> bool:
    return unwrapped.content.startswith(b"\t") or _DETAIL in unwrapped.content[:200]


def find_pid(prefix: bytes) -> bytes:
    """The process id in a log_line_prefix: in brackets, after `pid=`, or the first number outside of a time."""
    found = _PID.search(prefix)
    return (found[1] or found[2] or found[3]) if found else b""
