"""Text from elsewhere made safe to show."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Control characters spelt out: an object key must not move the reader's cursor or turn the line around."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
