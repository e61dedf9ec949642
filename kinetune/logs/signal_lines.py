"""A line that matches kine/signals.py → its kind and a short text without values, with keys hidden."""

from __future__ import annotations

import re
from functools import lru_cache

from kinetune.kine.redaction import redact_text
from kinetune.kine.signal_kind import SignalKind
from kinetune.kine.signals import match_signal
from kinetune.logs.envelopes import strip_colours, unwrap_line
from kinetune.logs.slow_sql import unquote_go
from kinetune.logs.window import Window

_MAX_CHARACTERS = 240
_HEAD_CHARACTERS = 110
_END_BYTES = 4096
_MAX_ATTEMPTS = 20
"""Of one connection: two for each address of each host."""
# Kine logs a failed transaction with the object it compares and puts: that may be a Secret.
_VALUES = re.compile(
    r"compare:\{.*?(?=: (?:ERROR|FATAL|failed|context|timeout|dial|EOF)|$)|value:\"(?:[^\"\\]|\\.)*\"?|"
    r"\\+x[0-9a-fA-F]{2,}",
    re.DOTALL,
)
_ENDPOINT = re.compile(r"\b((?:postgres\w*|mysql|mariadb|cockroach\w*|nats|sqlite|dqlite)://)[^\s`\"'\\]+")
_USER = re.compile(r"\b(\w+://)[^/\s@`\"']*@|(?<![\w./])\w+:[^\s/@`\"']+@(?=tcp\(|unix\()")
_PASSWORD = re.compile(r"(?i)\b((?:password|passwd|pwd|sslpassword|passphrase|token)\s*=\s*)(?:'[^']*'|[^\s`\"'&]+)")
_WRONG_PART = re.compile(r"((?:invalid (?:port|URL escape|character)|first path segment)\b[^\"]{0,40}\\*\")[^\"\\]*")
_MESSAGE = re.compile(rb"msg=\"((?:[^\"\\]|\\.){0,4000})")
# The level and time of logrus' terminal form, in front of the message.
_TERMINAL = re.compile(rb"\b(?:PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[[^\]]*\] ")


def read_attempts(window: Window, text: bytes, at: int) -> tuple[bytes, int] | None:
    """
    The lines that belong to the message of the line before `at`, joined, and where the next line begins.

    pgx lists its attempts to connect in further lines, each after a tab: only they have the cause. Kine's text form
    escapes them, its terminal form does not. None if the window may end before the last one.
    """
    if b"`:" not in text or not unwrap_line(text).content.rstrip().endswith(b"`:"):
        return b"", at
    data, attempts = window.data, b""
    for _ in range(_MAX_ATTEMPTS):
        if at >= window.limit:
            return (attempts, at) if window.final else None
        stop = data.find(b"\n", at)
        stop = len(data) if stop < 0 else stop
        content = unwrap_line(data[at:stop]).content
        if not content.startswith(b"\t"):
            break
        attempts, at = attempts + b" " + content.strip(), stop + 1
    return attempts, at


def find_signal(line: bytes, further: bytes = b"") -> tuple[SignalKind, str] | None:
    """
    The kind of signal and its text; None if the line contains a marker but no signal.

    `further` are the lines that belong to its message. A line that begins with a tab belongs to the message before it.
    """
    unwrapped = unwrap_line(line)
    content = strip_colours(unwrapped.content + further)
    kind = None if content.startswith(b"\t") else _match_message(_cut_middle(content))
    if kind is None:
        return None
    message = content
    if unwrapped.record is not None:
        message = _json_message(unwrapped.record)
    elif found := _MESSAGE.search(message):
        message = unquote_go(found[1])
    return kind, shorten_message(strip_colours(message))


def _match_message(content: bytes) -> SignalKind | None:
    """As match_signal. The same error is often repeated each second, with nothing but another time."""
    at = content.find(b" level=", 0, 100)
    return _match_repeated(content[max(at, 0) :])


_match_repeated = lru_cache(maxsize=256)(match_signal)


def _cut_middle(content: bytes) -> bytes:
    """What a line is shows at its beginning, its error at its end. This bounds the time of the regular expressions."""
    return content if len(content) <= 3 * _END_BYTES else content[:_END_BYTES] + b" " + content[-2 * _END_BYTES :]


def _json_message(record: dict[str, object]) -> bytes:
    message = record.get("message", record.get("msg"))
    return message.encode("utf-8", "replace") if isinstance(message, str) else b""


@lru_cache(maxsize=64)
def shorten_message(message: bytes) -> str:
    """At most 240 characters on one line, without passwords and the values of a transaction, and with keys hidden."""
    found = _TERMINAL.search(message)
    # 20,000 bytes bound the time of the regular expressions, not the text: the values are removed from it first.
    text = message[found.end() if found else 0 :][:20000].decode("utf-8", "replace")
    bare = " ".join(redact_text(_VALUES.sub("…", _hide_passwords(text))).split())
    if len(bare) <= _MAX_CHARACTERS:
        return bare
    # The end of a long message has the error, its beginning says what failed.
    return f"{bare[:_HEAD_CHARACTERS]}…{bare[_HEAD_CHARACTERS + 1 - _MAX_CHARACTERS :]}"


def _hide_passwords(text: str) -> str:
    """Kine quotes an endpoint that it cannot parse, and the part that is wrong may be a part of the password."""
    return _WRONG_PART.sub(r"\1…", _PASSWORD.sub(r"\1…", _USER.sub(r"\1…@", _ENDPOINT.sub(r"\1…", text))))
