"""
Searches for a pattern as re does, and faster if it consists of constant texts.

A log may have a hundred thousand lines with a marker, and each is compared with a hundred patterns: `text in line`
takes 0.05 µs, a regular expression 5 µs.
"""

from __future__ import annotations

import re
from functools import cache

_TOKEN = re.compile(rb"\\.|\[(?:\\.|[^\]\\])*\]|\{[\d,]*\}|.", re.DOTALL)
_QUANTIFIERS = (b"*", b"?", b"{")
_SHORTEST = 3


class TextPattern:
    """The alternatives of a pattern, each with a constant text that every match contains."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._alternatives: list[tuple[bytes, re.Pattern[bytes] | None]] = []
        for alternative in [pattern.pattern] if pattern.flags & re.IGNORECASE else _split_alternatives(pattern.pattern):
            constant = b"" if pattern.flags & re.IGNORECASE else _find_constant(alternative)
            exact = constant == re.sub(rb"\\(\W)", rb"\1", alternative)
            self._alternatives.append((constant, None if exact else re.compile(alternative, pattern.flags)))

    def search(self, line: bytes) -> bool:
        """Whether the pattern is anywhere in the line."""
        return any(
            constant in line and (rest is None or rest.search(line) is not None)
            for constant, rest in self._alternatives
        )


@cache
def compile_text(pattern: re.Pattern[bytes]) -> TextPattern:
    """The same object for the same pattern."""
    return TextPattern(pattern)


def _split_alternatives(pattern: bytes) -> list[bytes]:
    """Those at the top level. A pattern that begins with a condition for all of it is not split."""
    if pattern.startswith(b"(?!"):
        return [pattern]
    parts, depth, start, at = [], 0, 0, 0
    while at < len(pattern):
        character = pattern[at : at + 1]
        if character == b"\\":
            at += 1
        elif character == b"[":
            at = pattern.index(b"]", at + 2)
        elif character in (b"(", b")"):
            depth += 1 if character == b"(" else -1
        elif character == b"|" and depth == 0:
            parts.append(pattern[start:at])
            start = at + 1
        at += 1
    return [*parts, pattern[start:]]


def _find_constant(alternative: bytes) -> bytes:
    """The longest text in each match, outside groups; empty if none is long enough."""
    texts, depth = [b""], 0
    for token in _TOKEN.findall(alternative):
        depth += token == b"("
        character = _read_character(token) if depth == 0 else b""
        if depth == 0 and token[:1] in _QUANTIFIERS:  # the character before it may be absent
            texts[-1] = texts[-1][:-1]
        if character:
            texts[-1] += character
        else:
            texts.append(b"")
        depth -= token == b")"
    longest = max(texts, key=len)
    return longest if len(longest) >= _SHORTEST else b""


def _read_character(token: bytes) -> bytes:
    """The character that the token stands for; empty if it stands for several or none."""
    if len(token) == 1:
        return b"" if token in b".^$*+?{}()|" else token
    return token[1:] if token[:1] == b"\\" and not token[1:].isalnum() else b""
