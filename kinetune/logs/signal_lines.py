"""A line that matches kine/signals.py → its kind and a short text without values, with keys hidden."""

from __future__ import annotations

import re

from kinetune.kine.redaction import redact_text
from kinetune.kine.signals import SignalKind, match_signal
from kinetune.logs.envelopes import strip_colours, unwrap_line
from kinetune.logs.slow_sql import unquote_go

_MAX_CHARACTERS = 240
# Kine logs a failed transaction with the object it compares and puts: that may be a Secret.
_VALUES = re.compile(
    r"compare:\{.*?(?=: (?:ERROR|FATAL|failed|context|timeout|dial|EOF)|$)|value:\"(?:[^\"\\]|\\.)*\"?|"
    r"\\+x[0-9a-fA-F]{2,}",
    re.DOTALL,
)
_MESSAGE = re.compile(rb"msg=\"((?:[^\"\\]|\\.){0,4000})")
# The level and time of logrus' terminal form, in front of the message.
_TERMINAL = re.compile(rb"\b(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[[^\]]*\] ")


def find_signal(line: bytes) -> tuple[SignalKind, str] | None:
    """The kind of signal and its text; None if the line contains a marker but no signal."""
    unwrapped = unwrap_line(line)
    kind = match_signal(unwrapped.content)
    if kind is None:
        return None
    message = unwrapped.content
    if unwrapped.record is not None:
        message = _json_message(unwrapped.record)
    elif found := _MESSAGE.search(message):
        message = unquote_go(found[1])
    return kind, shorten_message(strip_colours(message))


def _json_message(record: dict[str, object]) -> bytes:
    message = record.get("message", record.get("msg"))
    return message.encode("utf-8", "replace") if isinstance(message, str) else b""


def shorten_message(message: bytes) -> str:
    """At most 240 characters on one line, without the values of a transaction and with keys hidden."""
    found = _TERMINAL.search(message)
    # 20,000 bytes bound the time of the regular expressions, not the text: the values are removed from it first.
    text = message[found.end() if found else 0 :][:20000].decode("utf-8", "replace")
    bare = " ".join(redact_text(_VALUES.sub("…", text)).split())
    return bare if len(bare) <= _MAX_CHARACTERS else bare[: _MAX_CHARACTERS - 1] + "…"
