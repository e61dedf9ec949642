"""Damaged logs: incomplete, mixed, binary, endless. Nothing raises an error, and lines not understood are counted."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from kinetune.logs.collector import EventCollector
from kinetune.logs.line_reader import LogEvent
from kinetune.logs.line_streams import detect_order
from kinetune.logs.options import LogOptions
from kinetune.logs.running_counts import RunningCounts
from kinetune.logs.scanner import Scanner
from kinetune.logs.text_encodings import detect_encoding
from kinetune.logs.window import MAX_LINE_BYTES
from kinetune.model.hotspot import Signal, SlowCall
from tests.logs import emit
from tests.logs.harness import NEAR, scanned

DATA = Path(__file__).parent.parent / "data"
CASE = emit.Case("v0.17.3", "ListCurrentVal", "/registry/pods/default/a", 1_795_449_961_000_000, 1_500_000_000)
OLD = emit.Case("v0.9.0", "Insert", "/registry/pods/default/a", 1_795_449_961_000_000, 1_500_000_000)
MADE_UP = [
    emit.ENVELOPES[envelope](case, emit.FORMS[form](case, shape))
    for envelope in emit.ENVELOPES
    for form in emit.FORMS
    for case, shape in ((CASE, 4), (OLD, 1))
]
RECORDED = [
    line
    for file in [*sorted((DATA / "logs").glob("*.log")), *sorted((DATA / "hotspots").glob("postgresql-15.*"))]
    for line in file.read_bytes().splitlines(keepends=True)
    if len(line) < 4000
]
LINES = st.sampled_from([*MADE_UP, *RECORDED[::7]])
SERVER = (DATA / "hotspots" / "postgresql-15.log").read_bytes()
CSV = (DATA / "hotspots" / "postgresql-15.csv").read_bytes()
BITS = st.sampled_from(
    [b"\n", b"\r\n", b"\0", b'"', b"\x1b[36m", b"{", b"}", b"\\", b"\t", b"\xff\xfe", b"Slow SQL: ", b"duration: "]
)
NUMBERS = st.sampled_from([b"1.2.3", b"9" * 400, b"1e999", b"nan", b"-1", b"0", b"", b"99999-99-99"])


def sound(events: list[LogEvent]) -> None:
    """Assert that the events have finite numbers and can be ranked."""
    for event in events:
        assert math.isfinite(event.at)
        if isinstance(event, SlowCall):
            assert 0 <= event.milliseconds < math.inf
    collector = EventCollector()
    collector.add_events(events)
    collector.to_reading()


def understood(data: bytes) -> RunningCounts:
    events, counts = scanned([data])
    sound(events)
    assert counts.bytes == len(data)
    if detect_encoding(data) in ("", "utf-8") and b"\r" not in data.replace(b"\r\n", b""):  # else it may end lines
        assert counts.lines == data.count(b"\n") + (data != b"" and not data.endswith(b"\n"))
    assert counts.calls == sum(isinstance(event, SlowCall) for event in events)
    assert counts.signals == sum(isinstance(event, Signal) for event in events)
    return counts


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Real lines with bytes removed, inserted and exchanged."""
    data = bytearray(b"".join(draw(st.lists(LINES, min_size=1, max_size=4))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.sampled_from([at, at + 1, at + 7, at + 100]))
        data[at:end] = draw(st.one_of(BITS, NUMBERS, st.binary(max_size=8), LINES.map(lambda line: line[:50])))
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(damaged())
@example(emit.text(CASE, 4).replace(b"duration=1.5s", b"duration=1.2.3s"))
@example(emit.text(CASE, 4).replace(b"duration=1.5s", b"duration=" + b"9" * 400 + b"s"))
@example(emit.text(CASE, 4).replace(b'Z"\n', b'.5e999Z"\n'))
@example(emit.as_json(CASE, 4).replace(b'"1.5s"', b"1e999"))
@example(emit.as_json(CASE, 4).replace(b'"1.5s"', b"9" * 400))
@example(emit.as_json(CASE, 4).replace(b'"1.5s"', b"NaN"))
@example(b"2026-11-23 16:00:00 UTC [1] LOG:  duration: " + b"9" * 400 + b".000 ms  statement: SELECT 1\n")
@example(b'{"__REALTIME_TIMESTAMP":"' + b"9" * 5000 + b'","MESSAGE":"COMPACT deleted 9 rows"}\n')
def test_damaged_lines_raise_nothing_and_are_counted(data: bytes) -> None:
    understood(data)


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(), BITS, LINES.map(lambda line: line[10:40]))).map(b"".join))
def test_binary_data_raises_nothing(data: bytes) -> None:
    understood(data)


@settings(max_examples=150, deadline=None)
@given(LINES, st.floats(0, 1))
def test_an_incomplete_line_is_a_call_or_counted(line: bytes, share: float) -> None:
    """The last line before a crash: each Slow SQL is a call, counted as not understood, or after the cut."""
    data = line[: int(len(line) * share)]
    counts = understood(data)
    if data.count(b"Slow SQL") == 1 and line.count(b"Slow SQL") == 1:
        assert counts.calls + counts.not_understood == 1


@settings(max_examples=150, deadline=None)
@given(LINES.filter(lambda line: b",LOG," not in line), st.data())
def test_a_valid_line_after_a_damaged_one_is_read(bad: bytes, data: st.DataObject) -> None:
    """Except in csvlog, where a field with an open quote continues on the next line."""
    cut = bad.rstrip(b"\n")[: data.draw(st.integers(0, len(bad)))].replace(b"\n", b"")
    good = emit.text(CASE, 4)
    calls = [event for event in scanned([cut + b"\n" + good])[0] if isinstance(event, SlowCall)]
    assert calls[-1:] == scanned([good])[0]


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=6), st.data())
def test_the_block_size_does_not_matter(lines: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    # The first block of a source shows its form: it is longer than these logs, except with --follow.
    heads = [whole[:cut] for cut in cuts if b"\n" in whole[:cut]]
    assume(all(type(detect_order(head)) is type(detect_order(whole)) for head in heads))
    blocks = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    together, counts = scanned([whole])
    apart, other = scanned([block for block in blocks if block])
    assert apart == together
    assert (other.lines, other.bytes, other.calls, other.not_understood) == (
        counts.lines,
        counts.bytes,
        counts.calls,
        counts.not_understood,
    )


@pytest.mark.parametrize("form", ["log", "csv", "json"])
@pytest.mark.parametrize("size", [1, 37, 1000, 4096])
def test_the_block_size_does_not_matter_for_server_records(form: str, size: int) -> None:
    data = (DATA / "hotspots" / f"postgresql-15.{form}").read_bytes()
    if size == 1:
        data = data[:6000]
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    together, apart = scanned([data])[0], scanned(blocks)[0]
    assert apart == together


@pytest.mark.parametrize("data", [SERVER, CSV], ids=["stderr", "csvlog"])
def test_a_server_log_cut_anywhere_is_read_to_the_cut(data: bytes) -> None:
    whole = understood(data).calls
    for end in range(0, len(data), 1009):
        assert understood(data[:end]).calls <= whole
        assert understood(data[end:]).calls <= whole + 1


def test_an_endless_line_is_cut_and_counted_and_the_next_one_is_read() -> None:
    endless = [b"x" * (1 << 20)] * 5
    events, counts = scanned([*endless, b"\n" + emit.text(CASE, 4)])
    assert len(events) == counts.calls == 1
    assert counts.too_long == 1
    assert counts.bytes == 5 * (1 << 20) + 1 + len(emit.text(CASE, 4))


def test_an_endless_line_with_a_marker_is_read_once() -> None:
    start = emit.text(CASE, 4).rstrip(b"\n")
    events, counts = scanned([start + b" " * (2 << 20), b" " * (2 << 20), b"\n" + emit.text(CASE, 4)])
    assert len(events) == 2
    assert counts.too_long == 1


def test_a_record_without_an_end_needs_bounded_memory() -> None:
    scanner = Scanner("x.log", LogOptions(), counts := RunningCounts(), NEAR)
    scanner.feed(b"2026-11-23 16:00:00.000 UTC [1] LOG:  duration: 1.000 ms  statement: SELECT\n")
    for _ in range(200):
        scanner.feed(b"\t, 1\n" * 10_000)
        assert len(scanner._rest) <= MAX_LINE_BYTES + 50_000
    scanner.finish()
    assert counts.too_long >= 1


def test_an_unclosed_quote_in_csvlog_needs_bounded_memory() -> None:
    head = b'2026-11-23 16:00:00.000 UTC,"a","b",1,"h",x,1,"SELECT",2026-11-23 16:00:00 UTC,3/0,0,LOG,00000,'
    scanner = Scanner("x.log", LogOptions(), counts := RunningCounts(), NEAR)
    scanner.feed(head + b'"duration: 1.000 ms  statement: SELECT\n')
    for _ in range(200):
        scanner.feed(b"and more of it\n" * 4000)
        assert len(scanner._rest) <= MAX_LINE_BYTES + 60_000
    assert counts.too_long >= 1


def test_deeply_nested_json_raises_nothing() -> None:
    deep = b'{"message":"Slow SQL: x","a":' + b"[" * 100_000 + b"\n"
    assert understood(deep).not_understood == 1
    nested = "Slow SQL"
    for _ in range(12):
        nested = json.dumps({"log": nested})
    assert understood(nested.encode() + b"\n").not_understood == 1
    brackets = "[" * 100_000
    started = "Slow SQL (started: 2026-11-23 16:00:00 +0000 UTC m=+3.3) (total time: 1.5s):  SELECT 1"
    plan = '{"Query Text": "SELECT 1", "Plan": '
    for text in (
        f'2026-11-23 16:00:00\tINFO\tcommandwriter/commandwriter.go:126\t{started}\t{{"component":{brackets}}}\n',
        f"2026-11-23 16:00:00.123 UTC [1] LOG:  duration: 5.123 ms  plan:\n\t{plan}{brackets}}}\n",
        f'{{"message":"duration: 5.123 ms  statement: SELECT 1","record":"{brackets}"}}\n',
    ):
        understood(text.encode())
    entry = '{"message":"x","severity":"info","time":"2026-11-23T16:00:00Z","q":'
    for depth in range(900, 1000, 5):  # json reads a little more than it writes
        understood(f'{{"labels":{{}},"line":{entry}{"[" * depth}{"]" * depth}}}}}\n'.encode())


def test_holes_of_zeros_are_skipped() -> None:
    """A machine that lost power leaves them before the next line that it writes."""
    events, counts = scanned([b"\0" * 5000 + emit.text(CASE, 4)])
    assert [event.at for event in events] == pytest.approx([CASE.at], abs=1e-5)
    assert counts.recognised == 1


def test_lines_with_windows_newlines_are_read() -> None:
    line = emit.text(CASE, 4).replace(b"\n", b"\r\n")
    assert understood(line * 3).calls == 3
    assert understood(emit.as_json(CASE, 4).replace(b"\n", b"\r\n") * 3).calls == 3
