"""Hotspots for programs: JSON with raw numbers in ms and UTC times, and one flat record each for csv."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kinetune.formatting import format_time
from kinetune.kine.advice import advice
from kinetune.model.counters import Cost, Costs
from kinetune.model.hotspot import Hotspot, Reading
from kinetune.model.plain import encode

if TYPE_CHECKING:
    from kinetune.commands.hotspots import Seen
    from kinetune.views.hotspots import Telling, View

RECORD = [
    "vantage",
    "query",
    "resource",
    "eras",
    "count",
    "share",
    "total_ms",
    "mean_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "first",
    "last",
    "rows",
    "errors",
]


def data(seen: Seen, views: tuple[View, ...], telling: Telling) -> dict[str, object]:
    """Every hotspot, whatever --top says; a part that nobody looked at is null."""
    reading = seen.reading
    return {
        "server": seen.server or None,
        "vantages": [_vantage(view, seen) for view in views],
        "signals": [_signal(one) for one in encode(reading.signals)] if reading else None,
        "heat": _heat(reading) if reading else None,
        "plans": [_dated(one, "at") for one in encode([plan._asdict() for plan in reading.plans])] if reading else None,
        "logs": encode(reading.counts) if reading else None,
        "activity": encode(seen.activity) if seen.activity else None,
        "gauges": dict(seen.metrics.gauges) if seen.metrics else None,
        "gauges_growth": dict(seen.metrics.growth) if seen.metrics else None,
        "explained": _explained(seen),
        "over": [{"limit": one.limit.text, "where": one.where, "value": one.value} for one in telling.over],
        "notices": _notices(seen, telling),
    }


def records(views: tuple[View, ...], seen: Seen) -> tuple[dict[str, object], ...]:
    """A hotspot each, from every vantage; what a vantage does not tell is empty."""
    every = [{"vantage": view.key, **_spot(spot)} for view in views for spot in view.spots]
    return tuple({name: _flat(one.get(name)) for name in RECORD} for one in every)


def _flat(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _vantage(view: View, seen: Seen) -> dict[str, object]:
    from kinetune.views.hotspots import MEANING, surroundings

    costs = {"statements": seen.statements, "metrics": seen.metrics}.get(view.key)
    around = surroundings(seen)
    return {
        "vantage": view.key,
        "meaning": MEANING[view.key],
        "seconds": costs.seconds if costs else None,
        "hotspots": [_spot(spot) | _more(spot) | {"advice": advice(spot, around) or None} for spot in view.spots],
    }


def _spot(spot: Hotspot | Cost) -> dict[str, object]:
    common: dict[str, object] = {
        "query": spot.query,
        "resource": spot.resource if isinstance(spot, Hotspot) else None,
        "eras": list(spot.eras),
        "count": spot.count,
        "share": round(spot.share, 6),
        "total_ms": spot.total_ms,
        "mean_ms": spot.total_ms / spot.count if spot.count else None,
        "p50_ms": spot.p50,
        "p95_ms": spot.p95,
        "p99_ms": spot.p99,
        "max_ms": spot.max,
    }
    if isinstance(spot, Hotspot):
        return common | {"first": format_time(spot.first), "last": format_time(spot.last)}
    return common | {"rows": spot.rows, "errors": spot.errors}


def _more(spot: Hotspot | Cost) -> dict[str, object]:
    if isinstance(spot, Cost):
        return {"extra": dict(spot.extra)}
    return {
        "timeline": [
            {"at": format_time(one.at), "count": one.count, "total_ms": one.total_ms} for one in spot.timeline
        ],
        "worst": [_dated(one, "at") for one in encode(spot.worst)],
    }


def _signal(one: dict[str, Any]) -> dict[str, object]:
    return _dated(one, "first", "last") | {"rule": one["rule"] or None}


def _heat(reading: Reading) -> dict[str, object]:
    cells = [{"at": format_time(cell.at), "from_ms": cell.from_ms, "count": cell.count} for cell in reading.heat]
    return {"slot_seconds": reading.slot_seconds, "cells": cells}


def _dated(one: dict[str, Any], *times: str) -> dict[str, object]:
    return one | {name: format_time(one[name]) for name in times}


def _explained(seen: Seen) -> object:
    if seen.explained is None:
        return None
    from kinetune.plans.saved import to_data

    return to_data(seen.explained)


def _notices(seen: Seen, telling: Telling) -> list[str]:
    parts: list[Costs | Any] = [part for part in (seen.statements, seen.metrics, seen.activity) if part]
    logs = seen.reading.counts.notices if seen.reading else ()
    said = [*map(str, seen.failures), *logs, *(line for part in parts for line in part.notices), *telling.notes]
    return list(dict.fromkeys(said))
