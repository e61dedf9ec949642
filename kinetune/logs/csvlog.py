"""PostgreSQL's csvlog. Message and detail are fields 14 and 15; both are quoted and may contain newlines."""

from __future__ import annotations

from kinetune.logs.stderrlog import HEAD, StatementRecord, make_record
from kinetune.logs.window import Window

_MAX_TAIL = 65536
"""Bytes after the detail in which the end of the record is searched. A stray quote must not swallow the whole log."""


def parse_csv_record(window: Window, start: int, at: int) -> StatementRecord | int | None:
    """The record whose message begins at `at`, after its quote; other results as of parse_stderr_record."""
    data = window.data
    head = HEAD.match(data, at)
    if head is None or not head[0]:
        return None
    end = _find_closing_quote(data, head.end())
    if end is None:
        return None if window.final else start
    detail, last = b"", end
    if data[end + 1 : end + 3] == b',"':  # without a detail the next field is empty: two commas
        closing = _find_closing_quote(data, end + 3)
        if closing is None:
            return None if window.final else start
        detail, last = data[end + 3 : closing].replace(b'""', b'"'), closing
    after = _find_record_end(window, last + 1)
    if after is None:
        return start
    sql = data[head.end() : end].replace(b'""', b'"')
    # The first field is log_time: csvlog ignores log_line_prefix.
    origin = (data[start : start + 40], _pid_field(data[start:at]))
    return make_record(head, (sql, detail), origin, ("postgresql csvlog", after))


def _find_closing_quote(data: bytes, at: int) -> int | None:
    """The quote that closes the field; a doubled quote is part of the text."""
    end = data.find(b'"', at)
    while end >= 0 and data[end + 1 : end + 2] == b'"':
        end = data.find(b'"', end + 2)
    return None if end < 0 else end


def _find_record_end(window: Window, at: int) -> int | None:
    """The beginning of the next record: after the first newline outside of quotes. None if the window ends before."""
    data, end = window.data, at - 1
    while True:
        begin, end = end + 1, data.find(b"\n", end + 1)
        if end < 0 or end >= window.limit:
            return len(data) if window.final else None
        if data.count(b'"', at, end) % 2 == 0 or begin > at + _MAX_TAIL:
            return end + 1


def _pid_field(before: bytes) -> bytes:
    """The fourth field, process_id. User and database names before it are assumed to contain no comma."""
    return b"".join(before.split(b",", 4)[3:4])
