"""Counts, sizes, durations and times as the whole program writes them, and durations as it reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from kinetune.model.failure import UsageFailure

_LAST_SECOND = 253402300799.0
"""9999-12-31T23:59:59Z: a later time, from a damaged log, has no calendar date."""
_UNITS = {"us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?) ?(us|µs|μs|ms|s|min|m|h|d)", re.ASCII)
_DURATION = re.compile(f"(?:{_PART.pattern})+", re.ASCII)


def format_number(value: float) -> str:
    """`50,001`."""
    return f"{value:,.0f}"


def format_count(count: float, noun: str) -> str:
    """`1 row`, `12,000 rows`."""
    return f"{format_number(count)} {noun}{'' if round(count) == 1 else 's'}"


def format_list(items: Iterable[str]) -> str:
    """`a, b and c`."""
    *most, last = list(items) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def format_percent(part: float, whole: float) -> str:
    """`12 %`; the whole must not be 0."""
    return f"{100 * part / whole:.0f} %"


def format_bytes(size: float | None) -> str:
    """`640 KiB`, `1.4 GiB`; `unknown` for None. IEC units, as PostgreSQL's and Kubernetes' own limits count."""
    if size is None:
        return "unknown"
    amount, unit = size / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:,.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"


def format_duration(milliseconds: float | None) -> str:
    """Three significant digits in the unit that fits: `0.42 ms`, `1.25 s`, `3.00 min`; an en dash for None."""
    if milliseconds is None:
        return "–"
    for size, unit in ((3.6e6, "h"), (6e4, "min"), (1e3, "s")):
        if milliseconds >= size:
            return f"{_format_digits(milliseconds / size)} {unit}"
    return f"{_format_digits(milliseconds)} ms"


def _format_digits(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def format_clock(seconds: float) -> str:
    """`11-23 14:02:11`: UTC to the second, for rows below a heading that names the year."""
    return _to_utc(seconds).strftime("%m-%d %H:%M:%S")


def format_clock_span(first: float, last: float) -> str:
    """`11-23 14:02:11 – 18:40:02`: as format_clock, without repeating an equal date or time."""
    begin, end = format_clock(first), format_clock(last)
    if begin == end:
        return begin
    return f"{begin} – {end.split()[1] if begin.split()[0] == end.split()[0] else end}"


def format_time(seconds: float) -> str:
    """`2026-11-23T14:02:11.250Z`: ISO 8601 in UTC, to the millisecond. `seconds` since 1970."""
    return _to_utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def format_period(first: float, last: float) -> str:
    """`2026-11-23 14:02:11 to 18:40:02 UTC`."""
    begin, end = _to_utc(first), _to_utc(last)
    until = end.strftime("%H:%M:%S" if begin.date() == end.date() else "%Y-%m-%d %H:%M:%S")
    return f"{begin:%Y-%m-%d %H:%M:%S} to {until} UTC"


def _to_utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST_SECOND), UTC)


def parse_duration(text: str, option: str, least: float = 0.0) -> float:
    """
    Seconds of `10s`, `5m`, `1h30m`, `250ms`; a bare number is seconds. UsageFailure names the option for any other
    text and for less than `least` seconds.
    """
    value = text.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", value, re.ASCII):
        seconds = float(value)
    elif _DURATION.fullmatch(value):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    else:
        raise UsageFailure(f"{option} {text!r} is not a duration", "write a number with its unit, such as 10s or 5m")
    if seconds < least:
        raise UsageFailure(f"{option} {text!r} is less than {least:g}s", f"write {least:g}s or more")
    return seconds
