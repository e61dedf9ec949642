"""Kine's statements come on one line: in lines they can be read."""

from __future__ import annotations


def pretty(statement: str) -> str:
    """The same tokens, one clause a line."""
    from sqlparse import format as formatted  # noqa: PLC0415 - costs 30 ms, and only pages need it

    return str(formatted(statement, reindent=True, strip_whitespace=True))
