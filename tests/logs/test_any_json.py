"""Any JSON, damaged or endless: nothing raises an error, no plain line is lost, and the memory stays bounded."""

from __future__ import annotations

import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.logs import read_logs as read_logs_module
from kinetune.logs.json_content import find_content
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.logs.running_counts import RunningCounts
from kinetune.logs.scanner import Scanner
from kinetune.logs.stream_envelopes import StreamEnvelope
from kinetune.logs.window import MAX_LINE_BYTES
from kinetune.model.hotspot import SlowCall
from tests.logs import emit, exports
from tests.logs.exports import Line
from tests.logs.harness import NEAR, calls, scanned

CASE = emit.Case("v0.17.3", "ListCurrentVal", "/registry/pods/default/a", 1_795_449_961_000_000, 1_500_000_000)
PLAIN = emit.text(CASE, 4)
LINE = Line(PLAIN.decode().rstrip("\n"), CASE.ended)
KEYS = st.sampled_from(
    ["message", "log", "MESSAGE", "timestamp", "ts", "line", "a", "record", "field", "value", "", "\n"]
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [LINE.text, json.dumps({"message": LINE.text}), "Slow SQL: x", "{", '{"a":', "2026-11-23T16:05:58Z"]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=20,
)
LAYOUTS = st.sampled_from([None, 1, 4, "\t"])


def feed(scanner: Scanner, blocks: Iterator[bytes]) -> int:
    """The number of calls; events are not kept."""
    found = sum(len(scanner.feed(block)) for block in blocks)
    return found + len(scanner.finish())


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4), LAYOUTS, st.data())
def test_any_json_raises_nothing_and_no_plain_line_is_lost(
    values: list[object], indent: object, data: st.DataObject
) -> None:
    """Damage included: characters are removed from the JSON, and a plain line follows it."""
    text = "\n".join(json.dumps(value, indent=indent) for value in values)  # type: ignore[arg-type]
    begin = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.sampled_from([0, 0, 1, 5, 40]))
    document = (text[:begin] + text[begin + cut :]).encode("utf-8", "surrogatepass") + b"\n"
    alone = [event for event in scanned([document])[0] if isinstance(event, SlowCall)]
    followed = [event for event in scanned([document + PLAIN])[0] if isinstance(event, SlowCall)]
    # A text that the damage leaves open ends at the end of the line, as JSON has no newlines within texts.
    assert followed[-1:] == calls(PLAIN)
    assert len(followed) >= len(alone)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_a_line_is_found_wherever_it_is(value: object) -> None:
    envelope = {"any": value, "z": [{"deep": {"er": LINE.text}}]}
    assert LINE.text.encode() in {line.text for line in find_content(envelope)} or LINE.text in json.dumps(value)
    assert calls(json.dumps(envelope).encode() + b"\n")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(sorted(exports.RECORDS)), min_size=1, max_size=6), LAYOUTS, st.data())
def test_the_block_size_does_not_matter(names: list[str], indent: object, data: st.DataObject) -> None:
    document = "".join(json.dumps(exports.RECORDS[name](LINE), indent=indent) + "\n" for name in names).encode()  # type: ignore[arg-type]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(document)), max_size=6)))
    blocks = [document[a:b] for a, b in zip([0, *cuts], [*cuts, len(document)], strict=True)]
    assert scanned([block for block in blocks if block])[0] == scanned([document])[0]


def test_deeply_nested_values_raise_nothing() -> None:
    for text in (b"[" * 200_000, b'{"a":' * 200_000, b'[{"a":' * 100_000 + b"1" + b"}]" * 100_000):
        assert calls(text + b"\n" + PLAIN) == calls(PLAIN)


@pytest.mark.parametrize("layout", ["array", "pretty array", "array of lines"])
@pytest.mark.parametrize("record", ["cloud logging text", "unknown collector"])
def test_an_array_of_any_size_needs_bounded_memory(layout: str, record: str) -> None:
    """An element at a time, also if the array is a single line."""
    whole = exports.LAYOUTS[layout](exports.RECORDS[record], [LINE] * 50)
    begin, end = whole.index(b"{"), whole.rindex(b"}") + 1
    elements, separator = whole[begin:end], whole[:begin].replace(b"[", b",")
    repeated = 100

    def blocks() -> Iterator[bytes]:
        stream = io.BytesIO()
        stream.write(whole[:begin])
        for number in range(repeated):
            stream.write((separator if number else b"") + elements)
            if stream.tell() >= MAX_LINE_BYTES:
                yield stream.getvalue()
                stream.seek(0)
                stream.truncate()
        yield stream.getvalue() + whole[end:]

    scanner = Scanner("x.json", LogOptions(), RunningCounts(), NEAR)
    tracemalloc.start()
    try:
        assert feed(scanner, blocks()) == 50 * repeated
        assert tracemalloc.get_traced_memory()[1] < 25 << 20
    finally:
        tracemalloc.stop()


def test_an_endless_text_in_json_is_cut_and_the_next_record_is_read() -> None:
    """Kine up to v0.11.10 logs the value of an object, which may have megabytes."""
    envelope = StreamEnvelope()
    data = envelope.feed(b'[{"message": "' + LINE.text.replace('"', '\\"').encode() + b" " * (1 << 20))
    for _ in range(20):
        data += envelope.feed(b"x" * (1 << 20))
    data += envelope.feed(b'"}, {"message": ' + json.dumps(LINE.text).encode() + b"}]\n") + envelope.finish()
    assert data.count(b"Slow SQL") == 2
    assert len(data) < 2 * MAX_LINE_BYTES


def test_a_large_export_is_read_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of an array would begin within an element, and a part of UTF-16 within a character."""
    monkeypatch.setattr(read_logs_module, "_MIN_SHARE_BYTES", 1 << 20)
    lines = [LINE] * 4000
    for name, data in (
        ("a.json", exports.LAYOUTS["pretty array"](exports.RECORDS["loki"], lines)),
        ("b.log", (PLAIN * 4000).decode().encode("utf-16")),
        ("c.csv", exports.DOCUMENTS["csv of cloudwatch"](lines)),
    ):
        (tmp_path / name).write_bytes(data)
        reading = read_logs(LogSources((str(tmp_path / name),)), LogOptions(jobs=2))
        assert len(data) > 3 << 20
        assert reading.counts.calls == 4000
        assert reading.counts.not_understood == 0


def test_compressed_data_within_compressed_data_is_read(tmp_path: Path) -> None:
    log = tmp_path / "kine.log.gz"
    log.write_bytes(exports.compress_twice(PLAIN * 5))
    assert read_logs(LogSources((str(log),))).counts.calls == 5


def test_a_compressed_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(PLAIN * 3))))
    assert read_logs(LogSources(("-",))).counts.calls == 3


def test_json_lines_of_a_directory_are_read(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.ndjson", "c.json"):
        (tmp_path / name).write_bytes(exports.LAYOUTS["json lines"](exports.RECORDS["loki"], [LINE]))
    assert read_logs(LogSources((str(tmp_path),))).counts.calls == 3
