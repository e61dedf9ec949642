"""Hotspots for programs: JSON with raw numbers in ms and UTC times, and one flat record per hotspot for CSV."""

from __future__ import annotations

from typing import Any

from kinetune.formatting import format_time
from kinetune.kine.advice import AdviceContext, find_advice, write_advice
from kinetune.model.hotspot import Hotspot, LogOrigin, LogReading
from kinetune.model.hotspots_result import HotspotsResult, SourceRanking, Spot
from kinetune.model.plain_data import encode
from kinetune.views.hotspots_advice import advice_context, describe_releases
from kinetune.views.hotspots_names import SOURCE_TEXTS, locate_exceeded

RECORD = (
    *("vantage", "query", "resource", "eras", "count", "share", "total_ms", "mean_ms", "p50_ms", "p95_ms", "p99_ms"),
    *("max_ms", "first", "last", "rows", "errors"),
)


def build_data(result: HotspotsResult, notes: list[str]) -> dict[str, object]:
    """Every hotspot, independent of --top; a part that was not read is null."""
    logs, metrics = result.logs, result.metrics
    return {
        "server": result.server or None,
        "conclusion": encode(result.conclusion) if result.conclusion else None,
        "vantages": [_ranking_data(ranking, result) for ranking in result.rankings],
        "signals": [_signal_data(signal) for signal in encode(logs.signals)] if logs else None,
        "heat": _heat_data(logs) if logs else None,
        "plans": [_with_times(encode(plan._asdict()), "at") for plan in logs.plans] if logs else None,
        "logs": encode(logs.counts) if logs else None,
        "origin": _origin_data(logs.origin) if logs else None,
        "activity": encode(result.activity) if result.activity else None,
        "gauges": dict(metrics.gauges) if metrics else None,
        "gauges_growth": dict(metrics.growth) if metrics else None,
        "explained": _explain_data(result),
        "over": [
            {"limit": exceeded.limit.text, "where": locate_exceeded(exceeded), "value": exceeded.value}
            for exceeded in result.exceeded
        ],
        "notices": notes,
    }


def build_records(result: HotspotsResult) -> tuple[dict[str, object], ...]:
    """One per hotspot of every source; what a source does not measure is empty."""
    # Every record has every column, so that the header does not depend on the sources of a run.
    spots = [
        {"vantage": str(ranking.vantage), **_spot_data(spot)} for ranking in result.rankings for spot in ranking.spots
    ]
    return tuple({name: _flatten(spot.get(name)) for name in RECORD} for spot in spots)


def _flatten(value: object) -> object:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _ranking_data(ranking: SourceRanking, result: HotspotsResult) -> dict[str, object]:
    context = advice_context(result)
    return {
        "vantage": str(ranking.vantage),
        "meaning": SOURCE_TEXTS[ranking.vantage].meaning,
        "seconds": ranking.seconds,
        "hotspots": [_spot_data(spot) | _spot_details(spot) | _advice_data(spot, context) for spot in ranking.spots],
    }


def _advice_data(spot: Spot, context: AdviceContext) -> dict[str, object]:
    """`advice` is one sentence, `advice_parts` the same in parts; both are null where there is no advice."""
    parts = find_advice(spot, context)
    return {
        "advice": write_advice(spot, context) or None,
        "advice_parts": {name: text or None for name, text in encode(parts).items()} if parts else None,
        "releases": describe_releases(spot, context.origin) or None,
    }


def _spot_data(spot: Spot) -> dict[str, object]:
    common: dict[str, object] = {
        "query": spot.query,
        "resource": spot.resource if isinstance(spot, Hotspot) else None,
        "eras": list(spot.eras),
        "count": spot.count,
        "share": round(spot.share, 6),
        "total_ms": spot.total_ms,
        "mean_ms": spot.mean,
        "p50_ms": spot.p50,
        "p95_ms": spot.p95,
        "p99_ms": spot.p99,
        "max_ms": spot.max,
    }
    if isinstance(spot, Hotspot):
        return common | {"first": format_time(spot.first), "last": format_time(spot.last)}
    return common | {"rows": spot.rows, "errors": spot.errors}


def _spot_details(spot: Spot) -> dict[str, object]:
    if not isinstance(spot, Hotspot):
        return {"extra": dict(spot.extra)}
    return {
        "timeline": [
            {"at": format_time(slot.at), "count": slot.count, "total_ms": slot.total_ms} for slot in spot.timeline
        ],
        "worst": [_with_times(call, "at") for call in encode(spot.worst)],
    }


def _signal_data(signal: dict[str, Any]) -> dict[str, object]:
    return _with_times(signal, "first", "last") | {"rule": signal["rule"] or None}


def _origin_data(origin: LogOrigin) -> dict[str, object]:
    available_at = None if origin.available_at is None else format_time(origin.available_at)
    return {**encode(origin), "available_at": available_at}


def _heat_data(logs: LogReading) -> dict[str, object]:
    cells = [{"at": format_time(cell.at), "from_ms": cell.from_ms, "count": cell.count} for cell in logs.heat]
    return {"slot_seconds": logs.slot_seconds, "cells": cells}


def _with_times(data: dict[str, Any], *names: str) -> dict[str, object]:
    """With seconds since 1970 replaced by ISO 8601 times."""
    return data | {name: format_time(data[name]) for name in names}


def _explain_data(result: HotspotsResult) -> object:
    if result.explained is None:
        return None
    from kinetune.plans.saved import run_data

    return run_data(result.explained)
