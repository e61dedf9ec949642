"""What `kinetune hotspots` is given in words: durations, moments, limits. And whether a limit was kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from kinetune.model.counters import Cost
from kinetune.model.failure import CouldNotLook, Exit, Failure, UsageFailure
from kinetune.model.hotspot import Hotspot

TIMES = ("p50", "p95", "p99", "max", "mean", "total")
MEASURES = (*TIMES, "count", "share")
_UNITS = {"us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(us|µs|μs|ms|min|s|m|h|d)")
_LIMIT = re.compile(r"(?:([A-Za-z]+):)?([a-z0-9]+)\s*=\s*(.+)")


class OverLimit(Failure):
    """A limit of --fail-over was gone over: findings, exit 1."""

    exit = Exit.FINDINGS


@dataclass(frozen=True)
class Limit:
    """`value` is in ms, calls or a share of 0 to 1; an empty `query` is every one. `text` is as it was given."""

    query: str
    measure: str
    value: float
    text: str


@dataclass(frozen=True)
class Over:
    """A hotspot beyond a limit, in words, and from which vantage."""

    limit: Limit
    where: str
    value: float


def duration(text: str, option: str) -> float:
    """`2s`, `250ms`, `1m30s`, `2h` in milliseconds; UsageFailure else, for a number without a unit too."""
    parts = _PART.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != "".join(text.split()):
        raise UsageFailure(f"{option} {text} is not a duration", f"write {option} 250ms, 2s or 1m30s")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def moment(text: str, option: str, zone: tzinfo) -> float:
    """An ISO-8601 time (in `zone` where it names none), or how long ago (`2h`), in seconds since 1970 UTC."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        if _PART.match(text.strip()):
            return datetime.now(UTC).timestamp() - duration(text, option) / 1000.0
        next_step = f"write {option} 2026-11-23T14:00:00Z, or {option} 2h for two hours ago"
        raise UsageFailure(f"{option} {text} is not a time", next_step) from None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()


def zone_of(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageFailure(f"no time zone is called {name}", "write --zone Europe/Berlin, or UTC") from None


def limit(text: str) -> Limit:
    """`p99=2s`, `ListCurrentVal:p95=500ms`, `count=1000`, `share=50%`."""
    found = _LIMIT.fullmatch(text.strip())
    if found is None or found[2] not in MEASURES:
        raise UsageFailure(
            f"--fail-over {text} is not understood",
            f"write p99=2s or ListCurrentVal:p99=2s; known: {', '.join(MEASURES)}",
        )
    query, measure, value = found[1] or "", found[2], found[3]
    if measure in TIMES:
        return Limit(query, measure, duration(value, f"--fail-over {measure}"), text)
    bare = value.removesuffix("%") if measure == "share" else value
    if not re.fullmatch(r"\d+(\.\d+)?", bare):
        raise UsageFailure(f"--fail-over {text} is not a number", "write count=1000 or share=50%")
    return Limit(query, measure, float(bare) / (100.0 if value.endswith("%") else 1.0), text)


def over(limits: Iterable[Limit], spots: Iterable[tuple[str, Hotspot | Cost]]) -> tuple[Over, ...]:
    """
    All that is beyond a limit. `spots` come with the words for where they were measured.

    CouldNotLook where no hotspot that the limit is for has such a measure: nothing was judged then. A call without any
    hotspot keeps every limit.
    """
    every = list(spots)
    return tuple(one for given in limits for one in _over(given, every))


def _over(given: Limit, spots: list[tuple[str, Hotspot | Cost]]) -> list[Over]:
    meant = [(where, spot) for where, spot in spots if not given.query or spot.query == given.query]
    known = [(where, spot, value) for where, spot in meant if (value := measure(spot, given.measure)) is not None]
    if meant and not known:
        raise CouldNotLook(
            f"no source tells {given.measure}: counters of PostgreSQL keep mean and total only",
            "limit mean=, or add a log or Kine's --metrics",
        )
    return [Over(given, where, value) for where, _, value in known if value > given.value]


def measure(spot: Hotspot | Cost, name: str) -> float | None:
    """In ms, calls or 0 to 1; None where nobody knows."""
    if name == "mean":
        return spot.total_ms / spot.count if spot.count else None
    value = getattr(spot, {"total": "total_ms"}.get(name, name))
    return None if value is None else float(value)
