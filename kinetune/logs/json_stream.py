"""
Blocks of text → the JSON values in it, and the lines that are not JSON.

A value may be one line, several lines (`gcloud --format=json`) or an element of an array of any size: a value larger
than MAX_LINE_BYTES is entered, and its elements are returned one by one. So the memory is bounded.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import NamedTuple

from kinetune.logs.envelopes import parse_json
from kinetune.logs.window import MAX_LINE_BYTES

_MAX_DEPTH = 64
_BLANK = re.compile(r"[\s,\0]*")
_AFTER_VALUE = re.compile(r"[ \t,\r\0]*\n?")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_LONG_TEXT = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")
_ARRAY_OF_VALUES = re.compile(r"\[\s*[\[{]")
_BRACKETS = re.compile(r"[\[\]{}\s,\0]*")
# `"message": "…",`: a line of a value whose beginning is missing, as after `tail`.
_FRAGMENT = re.compile(r'\s*"(?:[^"\\]|\\.)*+"\s*:\s*("(?:[^"\\]|\\.)*+")\s*,?\s*')
_WORD_CHARACTERS = 12
"""An error this close to the end may be a word or an escape that continues in the next block."""
_decoder = json.JSONDecoder()


class StreamItem(NamedTuple):
    """
    A value, a line without its newline that is not JSON, or both: a line that may be a part of a damaged value.

    `raw` is the text of a value that was read at once.
    """

    value: object
    line: str | None = None
    raw: str = ""


class _Parsed(NamedTuple):
    """A value and its end; an end of -1: more text is needed, other negative numbers: an error at that position."""

    value: object
    end: int


_MORE = _Parsed(None, -1)


class PrefixedJsonLines:
    """Takes the blocks of a source with one value in each line, after a prefix. Other lines are not changed."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes, final: bool = False) -> list[StreamItem]:
        """The lines that end in this block; with `final` also the incomplete last one."""
        data = self._rest + block
        end = len(data) if final or len(data) > MAX_LINE_BYTES + len(block) else data.rfind(b"\n") + 1
        self._rest = data[end:]
        return [_read_prefixed(line) for line in data[:end].split(b"\n") if line.strip()]


def _read_prefixed(line: bytes) -> StreamItem:
    brace = line.find(b"{")
    value = parse_json(line[brace:]) if brace >= 0 else None
    return StreamItem(value, line.decode("utf-8", "surrogateescape"))


class JsonStream:
    """Takes the blocks of one source. Bytes that are not UTF-8 are kept as surrogates."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._text, self._at = "", 0
        self._open: list[str] = []
        self._in_long_text = False

    def feed(self, block: bytes, final: bool = False) -> list[StreamItem]:
        """The values and lines that end in this block; with `final` also the incomplete rest."""
        self._text, self._at = self._text[self._at :] + self._decode(block, final), 0
        items: list[StreamItem] = []
        while self._advance(items, final):
            pass
        return items

    def _advance(self, items: list[StreamItem], final: bool) -> bool:
        """One value, line or bracket further; False if more text is needed."""
        if self._in_long_text and not self._skip_long_text():
            return False
        text = self._text
        begin = _find_end(_BLANK, text, self._at)
        if begin >= len(text):
            # Blank lines are kept at the top, as a line with a tab continues a record.
            self._at = begin if self._open or final or begin - self._at > MAX_LINE_BYTES else self._at
            return False
        if not self._open:
            return self._read_top(begin, items, final)
        if text[begin] in "]}":
            self._open.pop()
            self._at = _find_end(_AFTER_VALUE, text, begin + 1) if not self._open else begin + 1
            return True
        return self._read_member(begin, items, final)

    def _read_top(self, begin: int, items: list[StreamItem], final: bool) -> bool:
        text = self._text
        parsed = self._parse(begin, final) if text[begin] in '{["' else None
        if parsed is None:
            return self._read_plain_line(items, final)
        if parsed.end >= 0:
            after = _find_end(_AFTER_VALUE, text, parsed.end)
            is_list, ends_line = text[begin] == "[", after > 0 and text[after - 1] == "\n"
            if is_list and not ends_line and not final and after == len(text):
                return False
            if after < len(text) and not ends_line and (is_list or text[after] not in "{["):
                return self._read_plain_line(items, final)  # `[1234] LOG:  …` is not JSON
            items.append(StreamItem(parsed.value, None, text[begin : parsed.end]))
            self._at = after
            return True
        if parsed is _MORE and not final and len(text) - begin < MAX_LINE_BYTES:
            return False
        line_end = text.find("\n", begin)
        is_line = line_end < 0 and len(text) - begin < MAX_LINE_BYTES and not _ARRAY_OF_VALUES.search(text, begin)
        if is_line or text[begin] == '"' or (parsed is not _MORE and (line_end < 0 or -parsed.end <= line_end)):
            return self._read_plain_line(items, final)
        self._enter(begin)
        return True

    def _read_plain_line(self, items: list[StreamItem], final: bool) -> bool:
        end = self._text.find("\n", self._at)
        if end < 0:
            if not final and len(self._text) - self._at < MAX_LINE_BYTES:
                return False
            end = len(self._text)
        line = self._text[self._at : end]
        self._at = end + 1
        if fragment := _FRAGMENT.fullmatch(line):
            items.append(StreamItem(_load_text(fragment[1]), line))
        elif not _BRACKETS.fullmatch(line):
            items.append(StreamItem(None, line))
        return True

    def _read_member(self, begin: int, items: list[StreamItem], final: bool) -> bool:
        """An element of an array, or a key and its value, within a value that was entered."""
        text, key, start = self._text, "", begin
        if self._open[-1] == "{":
            found = _TEXT.match(text, begin)
            colon = _COLON.match(text, found.end()) if found else None
            if found is None or colon is None or colon.end() >= len(text):
                is_cut = text[begin] == '"' and (found is None or not text[found.end() :].strip(" \t\r\n:"))
                return self._wait_or_recover(is_cut, (begin, items), final)
            key, start = str(_load_text(found[0])), colon.end()
        parsed = self._parse(start, final)
        if parsed.end >= 0:
            items.append(StreamItem({key: parsed.value} if key else parsed.value))
            self._at = parsed.end
            return True
        if text[start] in "{[" and len(self._open) < _MAX_DEPTH:
            if parsed is _MORE and not final and len(text) - start < MAX_LINE_BYTES:
                return False
            self._enter(start)
            return True
        if parsed is _MORE and text[start] == '"' and len(text) - start >= MAX_LINE_BYTES:
            value = _load_text(text[start : start + MAX_LINE_BYTES - 12] + '"')
            items.append(StreamItem({key: value} if key else value))
            self._at, self._in_long_text = start + 1, True
            return True
        return self._wait_or_recover(parsed is _MORE, (begin, items), final)

    def _wait_or_recover(self, is_cut: bool, where: tuple[int, list[StreamItem]], final: bool) -> bool:
        """Wait for more text, or leave the damaged value: its line is plain text, and a new value may follow."""
        begin, items = where
        if is_cut and not final and len(self._text) - begin < MAX_LINE_BYTES:
            return False
        self._open.clear()
        self._at = self._text.rfind("\n", 0, begin) + 1 if "\n" in self._text[self._at : begin] else begin
        return self._read_plain_line(items, final=True)

    def _enter(self, begin: int) -> None:
        self._open.append(self._text[begin])
        self._at = begin + 1

    def _parse(self, begin: int, final: bool) -> _Parsed:
        try:
            value, end = _decoder.raw_decode(self._text, begin)
        except json.JSONDecodeError as error:
            near_end = error.pos >= len(self._text.rstrip()) - _WORD_CHARACTERS
            is_cut = error.msg.startswith("Unterminated") or near_end
            # A newline within a text: the line was cut, whatever follows.
            return _MORE if is_cut and "control character" not in error.msg else _Parsed(None, -max(error.pos, 2))
        except RecursionError:
            return _Parsed(None, -max(begin, 2))
        if end == len(self._text) and not final and self._text[end - 1] not in '"}]':
            return _MORE  # a number may continue
        return _Parsed(value, end)

    def _skip_long_text(self) -> bool:
        """Go to the end of a text that is longer than MAX_LINE_BYTES."""
        found = _LONG_TEXT.match(self._text, self._at)
        self._at = found.end() if found else self._at
        if self._text[self._at : self._at + 1] != '"':
            return False
        self._at += 1
        self._in_long_text = False
        return True


def _find_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _load_text(quoted: str) -> object:
    """The text in JSON quotes; an escape that is cut at its end is removed."""
    for cut in range(8):
        try:
            return json.loads(quoted[: len(quoted) - 1 - cut] + '"' if cut else quoted, strict=False)
        except ValueError:
            continue
    return ""
