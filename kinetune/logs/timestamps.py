"""Timestamps and durations as Kine, Go, PostgreSQL and syslog write them."""

from __future__ import annotations

import calendar
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

# Date and time, fraction, then a numeric offset or an abbreviation such as CET.
STAMP = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d+))?(?: ?(Z\b|[+-]\d\d(?::?\d\d)?(?!\d))| ([A-Z][A-Za-z]{1,4})\b)?"
)
_SYSLOG = re.compile(rb"(?<![A-Za-z])([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)")
KLOG = re.compile(rb"(?:^|[ \"])[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})")
# PostgreSQL's %n, for the years 2001 to 2033.
_EPOCH = re.compile(rb"(?<!\d)(1\d{9})\.(\d{3})(?!\d)")
_GO_PARTS = re.compile(r"([\d.]+)(h|ms|m|s|µs|μs|us|ns)")
_UNIT_MS = {"h": 3_600_000.0, "m": 60_000.0, "s": 1000.0, "ms": 1.0, "µs": 1e-3, "μs": 1e-3, "us": 1e-3, "ns": 1e-6}
_YEAR_S = 365.2425 * 86400
_MAX_MS = 9.3e12  # the range of Go's time.Duration, 292 years
_MONTHS = {name.encode(): at for at, name in enumerate(calendar.month_abbr) if name}
# Hours from UTC as PostgreSQL itself reads an abbreviation (timezonesets/Default). For any other, --timezone holds.
_ABBREVIATIONS = {
    b"UTC": 0.0, b"GMT": 0.0, b"WET": 0.0, b"BST": 1.0, b"WEST": 1.0, b"CET": 1.0, b"CEST": 2.0, b"EET": 2.0,
    b"EEST": 3.0, b"MSK": 3.0, b"IST": 2.0, b"JST": 9.0, b"KST": 9.0, b"AEST": 10.0, b"AEDT": 11.0, b"NZST": 12.0,
    b"EST": -5.0, b"EDT": -4.0, b"CST": -6.0, b"CDT": -5.0, b"MST": -7.0, b"MDT": -6.0, b"PST": -8.0, b"PDT": -7.0,
}  # fmt: skip


class Timestamp(NamedTuple):
    """`at` in seconds since 1970 UTC; `offset` from UTC in seconds as written in the text, None if it has no zone."""

    at: float
    offset: int | None


def parse_go_duration(text: bytes | str | int | float) -> float | None:
    """
    Milliseconds of a Go duration (`446.306µs`, `7.97ms`, `1.5s`, `2m9.6s`). A number is nanoseconds: logrus writes a
    time.Duration into JSON like that. None for anything else.
    """
    if isinstance(text, int | float):
        return text / 1e6 if 0 <= text <= _MAX_MS * 1e6 else None
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text[-1:] == "s":
        try:  # the common case, `1.5s`; the unit of `1.5ms` makes float() fail
            return _check_milliseconds(float(text[:-1]) * 1000.0)
        except ValueError:
            return _parse_units(text)
    return None


def _parse_units(text: str) -> float | None:
    parts = _GO_PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    try:
        return _check_milliseconds(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))
    except ValueError:
        return None


def _check_milliseconds(value: float) -> float | None:
    """The value, or None outside of Go's range: damaged lines contain nan, 1e999 and the like."""
    return value if 0 <= value <= _MAX_MS else None


def find_timestamp(text: bytes, zone: tzinfo) -> Timestamp | None:
    """The first timestamp with a date: RFC 3339, Go's form or PostgreSQL's. Without a zone it is read in `zone`."""
    found = STAMP.search(text)
    return _convert_match(found, zone) if found else None


def parse_timestamp(text: bytes, zone: tzinfo) -> Timestamp | None:
    """The timestamp at the beginning of the text, as find_timestamp: the field `started` of Kine."""
    # RFC 3339 in UTC, as Kine writes it: slices are several times faster than the regular expression.
    if text[-1:] == b"Z" and text[19:20] == b"." and text[20:-1].isdigit():
        try:
            return Timestamp(_utc_seconds(text[:19]) + float(text[19:-1]), 0)
        except ValueError:
            return None
    found = STAMP.match(text)
    return _convert_match(found, zone) if found else None


def parse_prefix_timestamp(text: bytes, zone: tzinfo) -> Timestamp | None:
    """The timestamp of a line that begins with PostgreSQL's %m or %t; None for any other, also for RFC 3339."""
    # %m in UTC, the default in containers.
    if text[23:27] == b" UTC" and text[19:20] == b"." and text[10:11] == b" ":
        try:
            return Timestamp(_utc_seconds(text[:19]) + int(text[20:23]) / 1000.0, 0)
        except ValueError:
            return None
    found = STAMP.match(text)
    return _convert_match(found, zone) if found and text[10:11] == b" " else None


def _convert_match(found: re.Match[bytes], zone: tzinfo) -> Timestamp | None:
    date, fraction, digits, letters = found.groups()
    try:
        at = _utc_seconds(date)
    except ValueError:
        return None
    if fraction:
        at += float(b"." + fraction)
    offset = 0 if digits == b"Z" else _zone_offset(digits, letters)
    if offset is not None:
        return Timestamp(at - offset, offset)
    here = zone.utcoffset(datetime.fromtimestamp(at, UTC).replace(tzinfo=None)) or timedelta()
    return Timestamp(at - here.total_seconds(), None)


@lru_cache(maxsize=4096)
def _utc_seconds(date: bytes) -> float:
    """Seconds since 1970 of a time without zone, read as UTC. Lines of the same second follow each other."""
    return datetime.fromisoformat(date.decode()).replace(tzinfo=UTC).timestamp()


@lru_cache(maxsize=256)
def _zone_offset(digits: bytes | None, letters: bytes | None) -> int | None:
    if digits is not None:
        bare = digits[1:].replace(b":", b"")
        seconds = int(bare[:2]) * 3600 + int(bare[2:] or b"0") * 60
        return -seconds if digits[:1] == b"-" else seconds
    hours = _ABBREVIATIONS.get(letters or b"")
    return None if hours is None else int(hours * 3600)


def find_yearless_timestamp(text: bytes, newest: float, zone: tzinfo, near: float | None = None) -> Timestamp | None:
    """
    The timestamp of syslog (`May 18 12:10:18`), klog (`E0518 12:10:13.075440`) or PostgreSQL's %n (`1779106213.075`).

    syslog and klog write no year: it is chosen so that the time is the one nearest to `near`, a time of the same log
    with a date, or without that, the newest that is not after `newest`.
    """
    if found := _EPOCH.search(text):
        return Timestamp(float(found[0]), 0)
    if found := _SYSLOG.search(text):
        month = _MONTHS.get(found[1])
        parts = (month, *map(int, found.groups()[1:])) if month else None
    elif found := KLOG.search(text):
        parts = tuple(map(int, found.groups()[:5]))
    else:
        return None
    return _add_year(parts, newest, zone, near) if parts else None


def _add_year(parts: tuple[int, ...], newest: float, zone: tzinfo, near: float | None) -> Timestamp | None:
    """`newest` may be exceeded by a day: the zone of the text is unknown, and clocks differ."""
    year = 1970 + int((newest if near is None else near) / _YEAR_S)
    found = []
    for candidate in (year + 1, year, year - 1):
        with suppress(ValueError, OverflowError):  # 29 February
            found.append(datetime(candidate, *parts, tzinfo=zone).timestamp())  # type: ignore[arg-type, misc]
    if near is not None:
        found.sort(key=lambda at: abs(at - near))
    return next((Timestamp(at, None) for at in found if near is not None or at <= newest + 86400), None)
