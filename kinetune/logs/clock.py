"""Times and durations as Kine, Go, PostgreSQL and syslog write them."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

STAMP = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d+))?(?: ?(Z\b|[+-]\d\d(?::?\d\d)?(?!\d))| ([A-Z][A-Za-z]{1,4})\b)?"
)
_SYSLOG = re.compile(rb"(?<![A-Za-z])([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)")
_KLOG = re.compile(rb"(?:^|[ \"])[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})")
_EPOCH = re.compile(rb"(?<!\d)(1\d{9})\.(\d{3})(?!\d)")
_GO_PARTS = re.compile(r"([\d.]+)(h|ms|m|s|µs|μs|us|ns)")
_UNIT_MS = {"h": 3_600_000.0, "m": 60_000.0, "s": 1000.0, "ms": 1.0, "µs": 1e-3, "μs": 1e-3, "us": 1e-3, "ns": 1e-6}
_MOST_MS = 9.3e12  # time.Duration ends at 292 years
_MONTHS = {name.encode(): at for at, name in enumerate(calendar.month_abbr) if name}
# PostgreSQL's own reading of abbreviations (timezonesets/Default), in hours; in others the log's zone is assumed.
_ABBREVIATIONS = {
    b"UTC": 0.0, b"GMT": 0.0, b"WET": 0.0, b"BST": 1.0, b"WEST": 1.0, b"CET": 1.0, b"CEST": 2.0, b"EET": 2.0,
    b"EEST": 3.0, b"MSK": 3.0, b"IST": 2.0, b"JST": 9.0, b"KST": 9.0, b"AEST": 10.0, b"AEDT": 11.0, b"NZST": 12.0,
    b"EST": -5.0, b"EDT": -4.0, b"CST": -6.0, b"CDT": -5.0, b"MST": -7.0, b"MDT": -6.0, b"PST": -8.0, b"PDT": -7.0,
}  # fmt: skip


class Moment(NamedTuple):
    """Seconds since 1970 UTC, and the offset from UTC the text told; None where it told none."""

    at: float
    offset: int | None


def milliseconds(text: bytes | str | int | float) -> float | None:
    """
    A Go duration (`446.306µs`, `7.97ms`, `1.5s`, `2m9.6s`) in milliseconds; a number is nanoseconds, as logrus writes
    a time.Duration into JSON. None for anything else.
    """
    if isinstance(text, int | float):
        return text / 1e6 if 0 <= text <= _MOST_MS * 1e6 else None
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text[-1:] == "s":
        try:
            return _sane(float(text[:-1]) * 1000.0)
        except ValueError:
            return _go(text)
    return None


def _go(text: str) -> float | None:
    parts = _GO_PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    try:
        return _sane(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))
    except ValueError:
        return None


def _sane(value: float) -> float | None:
    """Damaged lines say nan, 1e999 and the like."""
    return value if 0 <= value <= _MOST_MS else None


def moment(text: bytes, zone: tzinfo) -> Moment | None:
    """The first time with a date in the text: RFC 3339, Go's and PostgreSQL's; without a zone it is in `zone`."""
    found = STAMP.search(text)
    return _moment(found, zone) if found else None


def moment_at_start(text: bytes, zone: tzinfo) -> Moment | None:
    """As `moment`, of a text that begins with it: what Kine's `started` says."""
    if text[-1:] == b"Z" and text[19:20] == b"." and text[20:-1].isdigit():
        try:
            return Moment(_seconds(text[:19]) + float(text[19:-1]), 0)
        except ValueError:
            return None
    found = STAMP.match(text)
    return _moment(found, zone) if found else None


def stamped(text: bytes, zone: tzinfo) -> Moment | None:
    """Of a line that begins with PostgreSQL's %m or %t; None for any other, so for RFC 3339."""
    if text[23:27] == b" UTC" and text[19:20] == b"." and text[10:11] == b" ":
        try:
            return Moment(_seconds(text[:19]) + int(text[20:23]) / 1000.0, 0)
        except ValueError:
            return None
    found = STAMP.match(text)
    return _moment(found, zone) if found and text[10:11] == b" " else None


def _moment(found: re.Match[bytes], zone: tzinfo) -> Moment | None:
    date, fraction, digits, letters = found.groups()
    try:
        at = _seconds(date)
    except ValueError:
        return None
    if fraction:
        at += float(b"." + fraction)
    offset = 0 if digits == b"Z" else _offset(digits, letters)
    if offset is not None:
        return Moment(at - offset, offset)
    here = zone.utcoffset(datetime.fromtimestamp(at, UTC).replace(tzinfo=None)) or timedelta()
    return Moment(at - here.total_seconds(), None)


@lru_cache(maxsize=4096)
def _seconds(date: bytes) -> float:
    """As if it were UTC."""
    return datetime.fromisoformat(date.decode()).replace(tzinfo=UTC).timestamp()


@lru_cache(maxsize=256)
def _offset(digits: bytes | None, letters: bytes | None) -> int | None:
    if digits is not None:
        bare = digits[1:].replace(b":", b"")
        seconds = int(bare[:2]) * 3600 + int(bare[2:] or b"0") * 60
        return -seconds if digits[:1] == b"-" else seconds
    hours = _ABBREVIATIONS.get(letters or b"")
    return None if hours is None else int(hours * 3600)


def yearless(text: bytes, near: float, zone: tzinfo) -> Moment | None:
    """A time of syslog (`May 18 12:10:18`), klog (`E0518 12:10:13.075440`) or PostgreSQL's %n, up to `near`."""
    if found := _EPOCH.search(text):
        return Moment(float(found[0]), 0)
    if found := _SYSLOG.search(text):
        month = _MONTHS.get(found[1])
        parts = (month, *map(int, found.groups()[1:])) if month else None
    elif found := _KLOG.search(text):
        parts = tuple(map(int, found.groups()[:5]))
    else:
        return None
    return _in_year(parts, near, zone) if parts else None


def _in_year(parts: tuple[int, ...], near: float, zone: tzinfo) -> Moment | None:
    """The newest such time that is not more than a day after `near`."""
    year = datetime.fromtimestamp(near, UTC).year + 1
    for candidate in (year, year - 1, year - 2):
        try:
            at = datetime(candidate, *parts, tzinfo=zone).timestamp()  # type: ignore[arg-type, misc]
        except (ValueError, OverflowError):
            continue
        if at <= near + 86400:
            return Moment(at, None)
    return None
