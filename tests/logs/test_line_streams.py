"""Plain lines that a terminal wrapped, or that an export wrote with the newest first; YAML that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kinetune.logs.line_streams import WrappedLines, detect_order
from kinetune.model.hotspot import Signal, SlowCall
from tests.logs.harness import calls, scanned
from tests.logs.test_exports import BY_KEY, split_records

CASES = Path(__file__).parent.parent / "data" / "cases"
STARTS = sorted(CASES.glob("0[1-4]/k3s.log")) + sorted(CASES.glob("7[35]/k3s.log"))
BLOCKS = (1 << 20, 61)
HEAD = 1 << 13


def wrap(text: str, width: int, *, keeps_blanks: bool) -> str:
    pieces = (
        line[at : at + width] if keeps_blanks else line[at : at + width].rstrip(" ")
        for line in text.splitlines()
        for at in range(0, max(len(line), 1), width)
    )
    return "".join(f"{piece}\n" for piece in pieces)


def read_signals(data: bytes, block: int) -> list[tuple[str, str]]:
    """Kind and text, without blanks: a terminal that loses those at the end of lines may lose one in a text."""
    rest = (data[at : at + block] for at in range(HEAD, len(data), block))
    events = scanned([data[:HEAD], *rest])[0]
    return [(event.kind, event.text.replace(" ", "")) for event in events if isinstance(event, Signal)]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("keeps_blanks", [True, False])
@pytest.mark.parametrize("width", [80, 120, 173])
@pytest.mark.parametrize("log", STARTS, ids=lambda log: log.parent.name)
def test_the_cause_in_a_wrapped_paste_is_found(log: Path, width: int, keeps_blanks: bool, block: int) -> None:
    text = log.read_text()
    whole = read_signals(text.encode(), BLOCKS[0])
    assert whole
    assert read_signals(wrap(text, width, keeps_blanks=keeps_blanks).encode(), block) == whole


@pytest.mark.parametrize("log", sorted(CASES.rglob("*.log")), ids=lambda log: f"{log.parent.name}/{log.name}")
def test_no_log_of_a_report_is_taken_for_wrapped(log: Path) -> None:
    assert not isinstance(detect_order(log.read_bytes()[: 1 << 16]), WrappedLines)


def _spread_times(text: str) -> list[tuple[str, str]]:
    """The lines of a server's log, each with its time: a message each second, as exports order them by the second."""
    lines, number = [], 0
    for record in split_records(text):
        number += "DETAIL:  " not in record[:80]
        clock = f"2026-11-25 14:{number // 60:02}:{number % 60:02}"
        moved = re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", clock, record)
        lines += [(clock, line) for line in moved.split("\n")]
    return lines


SERVER_LINES = _spread_times((CASES.parent / "hotspots" / "postgresql-15.log").read_text())
EXPORTS: dict[str, Callable[[str, str], str]] = {
    "logcli --output=raw": lambda _, line: line,
    "logcli": lambda time, line: f'{time.replace(" ", "T")}Z {{app="kine"}} {line}',
    "logcli without labels": lambda time, line: f"{time.replace(' ', 'T')}+00:00 {line}",
    "text of Grafana": lambda time, line: f"{time.replace(' ', 'T')}.331Z\t{line}",
}


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("is_newest_first", [True, False])
@pytest.mark.parametrize("block", BLOCKS)
def test_statements_of_several_lines_in_plain_exports_are_whole(export: str, is_newest_first: bool, block: int) -> None:
    """Without their times: those of an export are in front of those of the server."""
    plain = calls("".join(f"{line}\n" for _, line in SERVER_LINES).encode(), BY_KEY)
    lines = [EXPORTS[export](*line) for line in SERVER_LINES]
    data = "".join(f"{line}\n" for line in (reversed(lines) if is_newest_first else lines)).encode()
    blocks = [data[:HEAD], *(data[at : at + block] for at in range(HEAD, len(data), block))]
    found = [event for event in scanned(blocks, BY_KEY)[0] if isinstance(event, SlowCall)]
    assert sorted(call._replace(at=0) for call in found) == sorted(call._replace(at=0) for call in plain)
    assert any(call.key for call in plain)


def test_a_document_that_is_cut_keeps_its_lines() -> None:
    whole = "---\nlogName: projects/demo/logs/k3s\ntextPayload: 'x'\ntimestamp: '2026-11-23T16:05:58.1Z'\n"
    fatal = 'time="2026-11-23T16:05:59Z" level=fatal msg="preparing server: unknown flag"'
    cut = f"---\nlogName: projects/demo/logs/k3s\ntextPayload: '{fatal}\n"
    assert len(read_signals((whole + cut).encode(), BLOCKS[0])) == 1
