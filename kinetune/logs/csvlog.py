"""PostgreSQL's csvlog: message and detail are the 14th and 15th field, quoted, and may hold newlines."""

from __future__ import annotations

from kinetune.logs.postgresql import HEAD, Record, Window, made


def record(window: Window, start: int, at: int) -> Record | int | None:
    """As postgresql.record, of a message that begins at `at`, right after its quote."""
    data = window.data
    head = HEAD.match(data, at)
    if head is None or not head[0]:
        return None
    end = _quote(data, head.end())
    if end is None:
        return None if window.final else start
    detail, last = b"", end
    if data[end + 1 : end + 3] == b',"':
        closing = _quote(data, end + 3)
        if closing is None:
            return None if window.final else start
        detail, last = data[end + 3 : closing].replace(b'""', b'"'), closing
    after = _record_end(window, last + 1)
    if after is None:
        return start
    sql = data[head.end() : end].replace(b'""', b'"')
    return made(head, (sql, detail), (data[start : start + 40], _pid(data[start:at])), ("postgresql csvlog", after))


def _quote(data: bytes, at: int) -> int | None:
    """The closing quote of a field from `at` on; two quotes are one that is meant."""
    end = data.find(b'"', at)
    while end >= 0 and data[end + 1 : end + 2] == b'"':
        end = data.find(b'"', end + 2)
    return None if end < 0 else end


def _record_end(window: Window, at: int) -> int | None:
    """Where the next record begins: after a newline outside quotes."""
    data, end = window.data, at - 1
    while True:
        begin, end = end + 1, data.find(b"\n", end + 1)
        if end < 0 or end >= window.limit:
            return len(data) if window.final else None
        if data.count(b'"', at, end) % 2 == 0 or begin > at + 65536:
            return end + 1


def _pid(before: bytes) -> bytes:
    return b"".join(before.split(b",", 4)[3:4])
