"""A line with a sign of kine/signals → a signal with a short text: no values, keys hidden."""

from __future__ import annotations

import re

from kinetune.kine.redact import hidden_in
from kinetune.kine.signals import Sign, sign_of
from kinetune.logs.envelope import colourless, peel
from kinetune.logs.kine import unquoted

_LONGEST = 240
_VALUES = re.compile(
    r"compare:\{.*?(?=: (?:ERROR|FATAL|failed|context|timeout|dial|EOF)|$)|value:\"(?:[^\"\\]|\\.)*\"?|"
    r"\\+x[0-9a-fA-F]{2,}",
    re.DOTALL,
)
_MESSAGE = re.compile(rb"msg=\"((?:[^\"\\]|\\.){0,4000})")
_TERMINAL = re.compile(rb"\b(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[[^\]]*\] ")


def told(line: bytes) -> tuple[Sign, str] | None:
    """The sign and its text; None where a marker was there by chance."""
    peeled = peel(line)
    sign = sign_of(peeled.content)
    if sign is None:
        return None
    message = peeled.content
    if peeled.record is not None:
        message = _message(peeled.record)
    elif found := _MESSAGE.search(message):
        message = unquoted(found[1])
    return sign, short(colourless(message))


def _message(record: dict[str, object]) -> bytes:
    said = record.get("message", record.get("msg"))
    return said.encode("utf-8", "replace") if isinstance(said, str) else b""


def short(message: bytes) -> str:
    """At most 240 characters on one line; what a transaction compares and puts is left out, keys become marks."""
    found = _TERMINAL.search(message)
    text = message[found.end() if found else 0 :][:20000].decode("utf-8", "replace")
    bare = " ".join(hidden_in(_VALUES.sub("…", text)).split())
    return bare if len(bare) <= _LONGEST else bare[: _LONGEST - 1] + "…"
