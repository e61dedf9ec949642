"""The piece of a log that a reader gets to see at once."""

from __future__ import annotations

from typing import NamedTuple

MAX_LINE_BYTES = 1 << 20
"""The part of a line or a record that is read; the rest up to the next newline is skipped. It bounds the memory."""


class Window(NamedTuple):
    """`data` has complete lines up to `limit`; `final` means that no data follows, so that the last line counts too."""

    data: bytes
    limit: int
    final: bool
