"""
Blocks of a CSV export (CloudWatch Logs Insights, Azure, Grafana, Datadog) → its rows.

PostgreSQL's csvlog is not an export: csvlog.py reads it.
"""

from __future__ import annotations

import csv
import io
import re

from kinetune.logs.json_content import CONTENT_KEYS
from kinetune.logs.json_stream import StreamItem
from kinetune.logs.known_texts import is_known_text
from kinetune.logs.window import MAX_LINE_BYTES

_SEPARATORS = (",", ";", "\t")
_NAME = re.compile(r'"?(?:[@A-Za-z_][\w @.\-\[\]()/:]{0,60})?"?')
_CSVLOG = re.compile(rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [A-Z0-9+-]+,(?:\"|,)", re.MULTILINE)
_LINE_START = re.compile(r"(?:time=|INFO\[|[\d<\x1b]|[A-Z][a-z]{2} [ \d]\d )")
_MAX_ROW_LINES = 2000
_NO_LETTER = re.compile(r"[^a-z]")
_TEXT_NAMES = {_NO_LETTER.sub("", name.lower()) for name in CONTENT_KEYS} | {"logline", "event", "rawdata"}
_MIN_COLUMNS = 2


def detect_csv(head: bytes) -> CsvStream | None:
    """The reader of an export by its first lines; None for any other text, also for PostgreSQL's csvlog."""
    first, newline, rest = head.partition(b"\n")
    if not newline or _CSVLOG.search(head):
        return None
    line = first.decode("utf-8", "replace").strip("\r")
    for separator in _SEPARATORS:
        names = line.split(separator)
        if len(names) >= _MIN_COLUMNS and all(map(_NAME.fullmatch, names)):
            header = [name.strip('"') for name in names]
            # `@message`, `log_line`, `jsonPayload.message`
            words = (_NO_LETTER.sub("", name.lower().rpartition(".")[2]) for name in header)
            if not _TEXT_NAMES.isdisjoint(words):
                return CsvStream(separator, header)
    if _is_row(line) and (not rest or _is_row(rest.split(b"\n", 1)[0])):
        return CsvStream(",", [])
    return None


def _is_row(line: str | bytes) -> bool:
    """Whether a whole field in quotes looks like a line: an export without a header."""
    text = line if isinstance(line, str) else line.decode("utf-8", "replace")
    if '"' not in text or "," not in text:
        return False
    fields = _parse_row(text, ",")
    quoted = [field for field in fields[1:] if f'"{field[:20].replace(chr(34), chr(34) * 2)}' in text]
    starts = [field for field in quoted if _LINE_START.match(field)]
    return any(is_known_text(field.encode("utf-8", "replace")) for field in starts)


class CsvStream:
    """Takes the blocks of one source. A row of more than MAX_LINE_BYTES is damaged: its lines are not changed."""

    def __init__(self, separator: str, header: list[str]) -> None:
        self._separator = separator
        self._header = header
        self._rest = b""
        self._skips_header = bool(header)

    def feed(self, block: bytes, final: bool = False) -> list[StreamItem]:
        """The rows that end in this block; with `final` also the incomplete rest."""
        data, items, at = self._rest + block, list[StreamItem](), 0
        while at < len(data):
            end = self._find_row_end(data, at, final)
            if end < 0:
                break
            row = data[at:end].rstrip(b"\r\n")
            at = end
            if self._skips_header:
                self._skips_header = False
            elif row:
                items.append(self._make_item(row))
        self._rest = data[at:]
        return items

    def _find_row_end(self, data: bytes, at: int, final: bool) -> int:
        """After the first newline outside of quotes; -1 if the row is not complete."""
        end, quotes = at, 0
        for _ in range(_MAX_ROW_LINES):
            newline = data.find(b"\n", end)
            if newline < 0:
                break
            quotes += data.count(b'"', end, newline)
            end = newline + 1
            if quotes % 2 == 0:
                return end
        first_line = data.find(b"\n", at) + 1
        if final or len(data) - at > MAX_LINE_BYTES or (end > at and data.find(b"\n", end) >= 0):
            return len(data) if first_line == 0 else first_line
        return -1

    def _make_item(self, row: bytes) -> StreamItem:
        text = row.decode("utf-8", "surrogateescape")
        fields = _parse_row(text, self._separator)
        value: object = fields
        if self._header and len(fields) == len(self._header):
            value = dict(zip(self._header, fields, strict=True))
        return StreamItem(value if fields else None, text)


def _parse_row(text: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:  # a field of more than 128 KiB, or a NUL
        return []
