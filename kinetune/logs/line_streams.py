"""Plain lines that are not in the form in which their program wrote them: wrapped by a terminal, or newest first."""

from __future__ import annotations

import re
from itertools import pairwise

from kinetune.logs.json_stream import StreamItem
from kinetune.logs.known_texts import is_known_text
from kinetune.logs.window import MAX_LINE_BYTES

_WIDTHS = range(40, 401)
"""Columns of a terminal."""
_SAMPLE_LINES = 400
_MAX_JOINED = 1 << 15
"""Characters of a line that is joined: all lines of a text without lines of a log may have one width."""
_LOST_BLANKS = 2
"""Some terminals copy a line without the blanks at its end."""
TIME = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
"""To the second: processes of a server write their records of one second in any order."""
SECONDARY = re.compile(rb"\b(?:DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  ")
"""What PostgreSQL writes after a message, in a line of its own."""
MAX_PREFIX = 200
# Of logcli: time and labels; of Grafana's text export: time and tab.
_EXPORT_PREFIX = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?(?:(?: \{[^}\n]*\})? |\t)(?=\t)")
# The further line of a statement after the tab of Grafana.
_TABBED = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:.]+Z\t\t", re.MULTILINE)
# A message of logrus or an object of JSON that does not end in its line. Envelopes split only lines of kilobytes.
_BROKEN = re.compile(rb' level=\w+ msg="(?:[^"\\]|\\.)*+$|^\{"\w+": ?"[^\n]*[^}\s]$')
_MAX_BROKEN = 8000
_LINE_START = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[T ]|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\{\"\w+\":|\t")
"""Of lines of other programs: date and time, the time of syslog, JSON, and the further line of a statement."""


def is_broken_line(line: bytes) -> bool:
    """Whether a line of Kine ends within its message, because a terminal, an editor or a mail program wrapped it."""
    return len(line) < _MAX_BROKEN and _BROKEN.search(line.rstrip(b"\r")) is not None


class LineStream:
    """Takes the blocks of a source of plain lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes, final: bool = False) -> list[StreamItem]:
        """The lines that end in this block; with `final` also the incomplete last one."""
        data = self._rest + block
        end = len(data) if final or len(data) > MAX_LINE_BYTES + len(block) else data.rfind(b"\n") + 1
        lines, self._rest = data[:end].decode("utf-8", "surrogateescape").split("\n"), data[end:]
        return [StreamItem(None, line) for line in self._restore_lines(lines if lines[-1] else lines[:-1], final)]

    def _restore_lines(self, lines: list[str], final: bool) -> list[str]:
        raise NotImplementedError


class WrappedLines(LineStream):
    """Joins lines of the width of a terminal with those that follow them and do not begin like a line of a log."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width
        self._held = ""
        self._is_full = False

    def _restore_lines(self, lines: list[str], final: bool) -> list[str]:
        restored = []
        for line in map(_strip_return, lines):
            if self._is_full and line and len(self._held) < _MAX_JOINED and not _begins_line(line):
                self._held = self._held.ljust(-(-len(self._held) // self._width) * self._width) + line
            else:
                restored.append(self._held)
                self._held = line
            self._is_full = _is_full(line, self._width)
        if final:
            restored.append(self._held)
            self._held = ""
        return [line for line in restored if line]


class ExportLines(LineStream):
    """Removes what an export puts before the further lines of a statement; its order is that of the source."""

    def _restore_lines(self, lines: list[str], final: bool) -> list[str]:  # noqa: ARG002 - no line is held
        return [_EXPORT_PREFIX.sub("", line, count=1) for line in lines]


def detect_order(head: bytes) -> LineStream | None:
    """The reader of wrapped lines or of lines with the newest first, by the first lines; None for any other text."""
    lines = [_strip_return(line) for line in head.decode("utf-8", "surrogateescape").split("\n")[:_SAMPLE_LINES]]
    if width := _find_width(lines):
        return WrappedLines(width)
    return ExportLines() if _is_newest_first(head) or _TABBED.search(head) else None


def _find_width(lines: list[str]) -> int:
    """The columns of the terminal; 0 if the lines are not wrapped: then unknown lines follow lines of any length."""
    width = max(map(len, lines))
    if width not in _WIDTHS:
        return 0
    after_full = elsewhere = 0
    is_cut = has_start = False
    for line, following in pairwise(lines):
        if not following or _begins_line(following):
            continue
        after_full += _is_full(line, width)
        elsewhere += not _is_full(line, width)
        has_start |= _begins_line(line)
        is_cut |= _is_full(line, width) and (line.count('"') - line.count('\\"')) % 2 == 1
    return width if has_start and after_full > 2 * elsewhere and (is_cut or after_full > 1) else 0


def _is_full(line: str, width: int) -> bool:
    return width - _LOST_BLANKS <= len(line) <= width


def _begins_line(line: str) -> bool:
    return _LINE_START.match(line) is not None or is_known_text(line.encode("utf-8", "surrogateescape"))


def _strip_return(line: str) -> str:
    return line.rstrip("\r")


def _is_newest_first(head: bytes) -> bool:
    """Whether no time is later than the one before it, and one is earlier."""
    found = (TIME.search(line[:MAX_PREFIX]) for line in head.split(b"\n")[:-1])
    times = [match[0].replace(b"T", b" ") for match in found if match]
    return bool(times) and times[0] > times[-1] and times == sorted(times, reverse=True)
