"""Numbers out of values of any type, and numbers in words."""

from __future__ import annotations

import math
import re

LEADING = re.compile(r"-?\d+(?:\.\d+)?")


def number(value: object) -> float | None:
    """A finite number, or None: of an int, a float, or text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def scalar(text: str) -> int | float | str:
    """`12` and `0.5 ms` and `24 kB` as numbers in EXPLAIN's own units, everything else as the text it is."""
    bare = text.strip().removesuffix("ms").removesuffix("kB").strip()
    if not LEADING.fullmatch(bare):
        return text.strip()
    return float(bare) if "." in bare else int(bare)


def leading(text: str) -> int | float | str:
    """`2048 (originally 1024)` as 2048."""
    found = LEADING.match(text.strip())
    return scalar(found[0]) if found else text.strip()


def count(value: float) -> str:
    """A count for people: 50,001."""
    return f"{value:,.0f}"


def counted(value: float, thing: str) -> str:
    """`1 request`, `4,022 requests`."""
    words = f"{count(value)} {thing}"
    return words if round(value) == 1 else f"{words}s"


def milliseconds(value: float) -> str:
    """A time with no more digits than anybody wants: 0.03 ms, 2.4 ms, 12 ms, 4,831 ms."""
    digits = 2 if value < 1 else 1 if value < 10 else 0
    return f"{value:,.{digits}f} ms"
