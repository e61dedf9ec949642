"""
Blocks of an export of any collector → blocks of the plain lines in it.

Most logs are plain, or have an envelope for each line that envelopes.py reads: their blocks are not changed. A JSON
array, an object of several lines, JSON lines of an unknown collector and a CSV export are translated here, because a
record of a server is a line and its DETAIL, which collectors keep in two values.
"""

from __future__ import annotations

import re
from typing import Any

from kinetune.logs.csv_stream import CsvStream, detect_csv
from kinetune.logs.envelopes import has_envelope, parse_json, write_json
from kinetune.logs.json_content import (
    ContentFinder,
    ContentLine,
    find_content,
    has_own_time,
    is_entry,
    split_lines,
)
from kinetune.logs.json_stream import JsonStream, PrefixedJsonLines, StreamItem
from kinetune.logs.known_texts import is_known_text, is_server_text
from kinetune.logs.learned_envelope import LearnedEnvelope
from kinetune.logs.line_streams import MAX_PREFIX, SECONDARY, TIME, LineStream, detect_order
from kinetune.logs.text_encodings import TextDecoder, detect_encoding
from kinetune.logs.window import MAX_LINE_BYTES
from kinetune.logs.yaml_stream import YamlStream, detect_yaml

_HEAD_BYTES = 1 << 16
_OPENS_VALUE = re.compile(rb"\[\s*(?:[\[{\"]|$)|\{\s*(?:\"|$)")
_PLAIN_KEYS = {"log", "MESSAGE"}
_PLAIN_STARTS = (b'{"log"', b'{"MESSAGE"', b'{"__', b'{"message":"Slow SQL')
_BLANKS = b" \t\r\n\0"
_MAX_BANNER_LINES = 3
_MAX_HELD = 100
_LONE_RETURN = re.compile(rb"\r(?![\r\n])")
_AnyStream = JsonStream | PrefixedJsonLines | CsvStream | YamlStream | LineStream


class StreamEnvelope:
    """Takes the blocks of one source in order and returns their plain lines."""

    def __init__(self) -> None:
        self._text = TextDecoder()
        self._head: bytes | None = b""
        self._stream: _AnyStream | None = None
        self._ends_with_returns = False
        self._finder = ContentFinder()
        self.learned = LearnedEnvelope()
        self._order = _RecordOrder()
        self._follows_server = False
        self._line_difference = 0
        self._ends_line = True

    def feed(self, block: bytes) -> bytes:
        """The lines of a block. They may come with a later block if it ends within a value."""
        block = self._replace_returns(self._text.feed(block))
        if self._head is None:
            return self._translate(block) if self._stream else self.learned.join_statements(block)
        block, self._head = self._head + block, None
        start = block[:_HEAD_BYTES].lstrip(_BLANKS)
        # A pipe may deliver less than a line.
        if len(block) <= MAX_LINE_BYTES and b"\n" not in start:
            self._head = block
            return b""
        return self._begin(block, start)

    def finish(self) -> bytes:
        """The lines of the rest."""
        rest = self._replace_returns(self._text.finish())
        if self._head is not None:
            block, self._head = self._head + rest, None
            rest = self._begin(block, block[:_HEAD_BYTES].lstrip(_BLANKS))
            return rest + (self.finish() if self._stream else self.learned.finish())
        if self._stream is None:
            return self.learned.join_statements(rest) + self.learned.finish() if rest else self.learned.finish()
        lines = self._translate(rest, final=True)
        self._line_difference += not self._ends_line
        return lines

    def _replace_returns(self, block: bytes) -> bytes:
        """The block with newlines, if the first lines of the source end with carriage returns alone."""
        if self._head is not None and b"\r" in block and not self._ends_with_returns:
            start = block[:_HEAD_BYTES]
            self._ends_with_returns = len(_LONE_RETURN.findall(start, 0, len(start) - 1)) > start.count(b"\n")
        return block.replace(b"\r", b"\n") if self._ends_with_returns else block

    @property
    def is_newest_first(self) -> bool:
        """Whether the times of the records decrease."""
        return self._order.is_descending

    def take_line_difference(self) -> int:
        """How many more lines the source has than what was returned since the last call."""
        difference, self._line_difference = self._line_difference, 0
        return difference

    def _begin(self, block: bytes, start: bytes) -> bytes:
        self._stream = _detect_stream(start)
        if self._stream is None or isinstance(self._stream, LineStream):
            self.learned.learn_suffix(start)
        if self._stream:
            return self._translate(block)
        return self.learned.join_statements(block)

    def _translate(self, block: bytes, final: bool = False) -> bytes:
        assert self._stream is not None
        items = self._stream.feed(block, final)
        lines = self._order.sort([line for item in items for line in self._find_lines(item)])
        lines += self._order.finish() if final else b""
        self._ends_line = block.endswith(b"\n") if block else self._ends_line
        self._line_difference += block.count(b"\n") - lines.count(b"\n")
        return lines

    def _find_lines(self, item: StreamItem) -> list[bytes]:
        found = self._finder.find_lines(item.value) if item.value is not None else []
        if found:
            return [self._write_line(line) for line in found]
        return [_encode(_write_unknown(item)) + b"\n"]

    def _write_line(self, line: ContentLine) -> bytes:
        """The line; with a tab if it continues a statement whose lines the collector keeps in separate values."""
        if is_known_text(line.text) or line.text[:1] == b"{":
            self._follows_server = is_server_text(line.text)
        elif self._follows_server and not has_own_time(line.text):
            return b"\t" + line.text.lstrip() + b"\n"
        return b"\n".join(split_lines(line)) + b"\n"


def needs_one_reader(head: bytes) -> bool:
    """Whether a file that begins like this must not be split: UTF-16, or one JSON value or CSV of many lines."""
    if detect_encoding(head):
        return True
    start = head.lstrip(_BLANKS)[:_HEAD_BYTES]
    stream = _detect_stream(start)
    is_json_lines = isinstance(parse_json(start.split(b"\n", 1)[0]), dict)
    return stream is not None and not is_json_lines


def _write_unknown(item: StreamItem) -> str:
    """A line without known content, so that its signals are found and it counts as not recognised."""
    if item.line is not None:
        return item.line
    return item.raw if item.raw and "\n" not in item.raw else write_json(item.value)


def _encode(text: str) -> bytes:
    """The bytes of a text: those that were not UTF-8 as they were, a lone surrogate of JSON as a question mark."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _detect_stream(start: bytes) -> _AnyStream | None:
    """The reader for a source that begins with this text; None if its lines are read as they are."""
    first, newline, _ = start.partition(b"\n")
    line = first.strip().rstrip(b",")
    record = parse_json(line) if start[:1] in (b"{", b"[", b'"') else None
    if isinstance(record, str) and is_known_text(record.encode("utf-8", "replace")):
        return JsonStream()
    if start[:1] not in (b"{", b"["):
        return (
            _detect_prefixed(start)
            or detect_csv(start)
            or detect_yaml(start)
            or _detect_after_banner(start)
            or detect_order(start)
        )
    if isinstance(record, dict):
        return None if _is_plain(record) else JsonStream()
    if isinstance(record, list):
        return JsonStream() if not record or isinstance(record[0], list | dict | str) else None
    # `[1234] LOG:  …` and `[pod/db-0/postgres] …` are prefixes, and a line that ends with a brace is damaged.
    is_damaged = (bool(newline) and line.endswith(b"}")) or line.startswith(_PLAIN_STARTS)
    return JsonStream() if _OPENS_VALUE.match(line) and not is_damaged else None


def _is_plain(record: dict[str, Any]) -> bool:
    """Whether Docker, journald, Kine or PostgreSQL wrote the object: envelopes.py and jsonlog.py read their lines."""
    inner = parse_json(record["log"]) if isinstance(record.get("log"), str) else None
    is_nested = isinstance(inner, dict) and not is_entry(inner) and bool(find_content(inner))
    return is_entry(record) or (not record.keys().isdisjoint(_PLAIN_KEYS) and not is_nested)


def _detect_prefixed(start: bytes) -> PrefixedJsonLines | None:
    """Values after a prefix, as of Docker Compose or `journalctl -o json-sse`. CRI and syslog are read line by line."""
    line = start.split(b"\n", 1)[0]
    brace = line.find(b"{", 0, MAX_PREFIX)
    if brace < 0 or has_envelope(line, 0, len(line)):
        return None
    record = parse_json(line[brace:])
    return PrefixedJsonLines() if isinstance(record, dict) and not is_entry(record) and find_content(record) else None


def _detect_after_banner(start: bytes) -> _AnyStream | None:
    """As _detect_stream for a source whose first lines are a message of the command that wrote the export."""
    for _ in range(_MAX_BANNER_LINES):
        line, _, start = start.partition(b"\n")
        if is_known_text(line) or not start:
            return None
        if start.lstrip()[:1] in (b"{", b"["):
            return _detect_stream(start.lstrip())
    return None


class _RecordOrder:
    """
    Brings records of a newest-first export into the order in which a server writes them: a DETAIL after its message.

    Cloud Logging, Loki and Datadog return the newest first. Only neighbours are exchanged: the memory stays bounded.
    """

    def __init__(self) -> None:
        self._steps = 0
        """Later minus earlier times, from record to record: negative in a newest-first export."""
        self._last = b""
        self._held: list[bytes] = []

    @property
    def is_descending(self) -> bool:
        return self._steps < 0

    def sort(self, records: list[bytes]) -> bytes:
        """The records, and those held before, in the order of a server's log."""
        is_first = not self._last
        self._count_steps(records)
        # Without any step, as within one second, a source that begins with a DETAIL is newest-first.
        if is_first and not self._steps and records and SECONDARY.search(records[0][:MAX_PREFIX]):
            self._steps = -1
        if not self.is_descending:
            held, self._held = self._held, []
            return b"".join((*held, *records))
        ordered: list[bytes] = []
        for record in records:
            if record.startswith(b"\t") or SECONDARY.search(record[:MAX_PREFIX]):
                self._held.append(record)
                if len(self._held) < _MAX_HELD:
                    continue
            else:
                ordered.append(record)
            ordered += reversed(self._held)
            self._held.clear()
        return b"".join(ordered)

    def finish(self) -> bytes:
        """The records whose message is missing."""
        held, self._held = self._held, []
        return b"".join(reversed(held))

    def _count_steps(self, records: list[bytes]) -> None:
        for record in records:
            found = TIME.search(record[:MAX_PREFIX])
            if found is None:
                continue
            time = found[0].replace(b"T", b" ")
            if self._last and time != self._last:
                self._steps += 1 if time > self._last else -1
            self._last = time
