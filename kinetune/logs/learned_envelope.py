"""
Envelopes without a known form, learnt from the lines of a log: what stands before and after every line.

What is before a marker does not matter, as all formats are read from their marker on. Two places do matter: before the
further lines of a server's statement, which begin with a tab, and after a statement that has no closing quote.
"""

from __future__ import annotations

import re

from kinetune.logs.envelopes import has_envelope, unwrap_line
from kinetune.logs.marker_search import contains
from kinetune.logs.statements import MAX_STATEMENT_BYTES, is_recorded_statement

# The level LOG in the languages of server_messages.json: `LOG`, two other Latin words, or letters outside of ASCII.
_LOG = rb"(?:LOGG?|DZIENNIK|[\x80-\xff]{3}):  "
# A time directly before a tab is a line of vcluster or of zap, whose fields are divided by tabs.
_RECORD = re.compile(
    rb"^([^\n\t]{1,300}?)" + _LOG + rb"[^\n]*+\n([^\n\t]{0,299}?(?:[^\w\n\t]|\x1b\[\d*m))(?:\t|#011|\\t)", re.MULTILINE
)
_LEVEL = b"LOG:  "
_OTHER_LEVEL = re.compile(_LOG)
_CLOSING_TAGS = re.compile(rb"(?:\s*</[\w:]{1,60}>)+\s*$")
_MAX_BLOCKS = 16
"""Blocks in which a prefix is looked for. A pipe delivers a line at a time, and its first statement may be long."""
_SAMPLE_BYTES = 1 << 16
_OTHER_BYTES = 4 << 20
"""The beginning of a source in which a level of any language is searched; that takes ten times as long as LOG alone."""
_MIN_LINES = 3
_MAX_SUFFIX = 200
_MAX_PREFIX = 300
_DELIMITER = re.compile(rb"[^\w]")


class LearnedEnvelope:
    """What was learnt of one source."""

    def __init__(self) -> None:
        self._suffix = b""
        self._prefix: re.Pattern[bytes] | None = None
        self._blocks = self._bytes = 0
        self._rest = b""

    def learn_suffix(self, head: bytes) -> None:
        """Remember the end that the first lines have in common."""
        lines = [line.rstrip(b"\r") for line in head[:_SAMPLE_BYTES].split(b"\n")[:-1] if line.strip()]
        if len(set(lines)) >= _MIN_LINES:
            self._suffix = _find_common_end(lines)

    def clean_statement(self, statement: bytes) -> bytes:
        """
        The statement without what the envelope put after it, if one of Kine's recorded statements is left then.

        The common end of the first lines may begin within their statement, so all its tails are tried.
        """
        candidates = [_CLOSING_TAGS.sub(b"", statement)]
        suffix = self._suffix[-len(statement) :]  # the lines may have a short statement in common
        if suffix and statement.endswith(suffix):
            cuts = (found.start() for found in _DELIMITER.finditer(suffix))
            candidates += [statement[: len(statement) - len(suffix) + cut].rstrip() for cut in cuts]
        if candidates == [statement] or len(statement) > MAX_STATEMENT_BYTES or is_recorded_statement(statement):
            return statement
        return next(filter(is_recorded_statement, candidates), statement)

    def join_statements(self, block: bytes) -> bytes:
        """
        The block with a tab at the beginning of the further lines of statements, as PostgreSQL writes them.

        Docker Compose, stern, `kubectl logs --prefix` and `--timestamps` write a prefix before the tab.
        """
        if self._prefix is None and self._blocks < _MAX_BLOCKS:
            level = _find_level(block, self._bytes < _OTHER_BYTES)
            self._bytes += len(block)
            if level >= 0:
                self._blocks += 1
                self._prefix = _learn_prefix(block, level)
        if self._prefix is None:
            return block
        data = self._rest + block
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        return self._prefix.sub(b"\t", data[:end])

    def finish(self) -> bytes:
        """The incomplete line that join_statements kept."""
        rest, self._rest = self._rest, b""
        return self._prefix.sub(b"\t", rest) if self._prefix else rest


def _find_common_end(lines: list[bytes]) -> bytes:
    backwards = sorted(line[: -_MAX_SUFFIX - 1 : -1] for line in lines)
    first, last = backwards[0], backwards[-1]  # what these two have in common, all have
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return first[:length][::-1]


def _find_level(block: bytes, any_language: bool) -> int:
    """The position of the first level LOG, in English or in any language; -1 if there is none."""
    if contains(block, _LEVEL):
        return block.find(_LEVEL)
    found = _OTHER_LEVEL.search(block, 0, _SAMPLE_BYTES) if any_language else None
    return found.start() if found else -1


def _is_unwrapped(block: bytes, begin: int) -> bool:
    """Whether envelopes.py knows the prefix of a further line; not so `[5-2] #011`, PostgreSQL's own to syslog."""
    end = block.find(b"\n", begin)
    line = block[begin : end if end >= 0 else len(block)]
    return has_envelope(line, 0, len(line)) and unwrap_line(line).content.startswith(b"\t")


def _learn_prefix(block: bytes, level: int) -> re.Pattern[bytes] | None:
    """What is before the tab of a further line, if it is also before the line of the message; digits may differ."""
    begin = max(level - _MAX_PREFIX, 0)
    for found in _RECORD.finditer(block, begin, begin + _SAMPLE_BYTES):
        message, further = found.groups()
        shape = rb"\d+".join(map(re.escape, re.split(rb"\d+", further)))
        if re.match(shape, message) and not _is_unwrapped(block, found.start(2)):
            return re.compile(rb"^" + shape + rb"(?:\t|#011|\\t)", re.MULTILINE)
    return None
