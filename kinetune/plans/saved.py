"""A run of explain as plain data and back: what --save writes and --against reads. Schema 1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kinetune.model.failure import UsageFailure
from kinetune.model.server import Flavour, Server
from kinetune.model.workload import Call, Explained, Measured, Query, Recording
from kinetune.plans.least import PAGE, least_requests
from kinetune.plans.measure import measured

KIND = "kinetune explain"
SCHEMA = 1


def to_data(run: Explained) -> dict[str, object]:
    """Everything but the plans' readings, which are made again from EXPLAIN's own documents."""
    return {
        "observed_at": run.observed_at,
        "server": {"flavour": run.server.flavour, "release": run.server.release, "base": run.server.base},
        "database": run.database,
        "era": run.era,
        "era_source": run.era_source,
        "rows": run.rows,
        "table_bytes": run.table_bytes,
        "index_bytes": run.index_bytes,
        "profile": run.profile,
        "settings": dict(run.settings),
        "rows_a_request": run.page,
        "calls": [_call(one) for one in run.calls],
    }


def from_data(data: Mapping[str, Any], source: str) -> Explained:
    """The run that to_data() wrote; UsageFailure naming `source` for another kind, a newer schema or a broken file."""
    if data.get("kind") != KIND:
        raise UsageFailure(f"{source} is not a run of kinetune explain", "save one with kinetune explain --save FILE")
    if data.get("schema") != SCHEMA:
        raise UsageFailure(f"{source} has schema {data.get('schema')}, this kinetune reads {SCHEMA}", "update kinetune")
    try:
        return _run(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageFailure(f"{source} is damaged: {error!r}", "save the run again") from error


def _run(data: Mapping[str, Any]) -> Explained:
    server = data["server"]
    page = data.get("rows_a_request", PAGE)  # runs of before know neither it nor settings
    return Explained(
        observed_at=datetime.fromisoformat(data["observed_at"]),
        server=Server(Flavour(server["flavour"]), tuple(server["release"]), server["base"]),
        database=data["database"],
        era=data["era"],
        era_source=data["era_source"],
        rows=data["rows"],
        table_bytes=data["table_bytes"],
        index_bytes=data["index_bytes"],
        profile=data["profile"],
        calls=tuple(_measured(one, page, data["rows"]) for one in data["calls"]),
        settings=data.get("settings", {}),
        page=page,
    )


def _call(one: Measured) -> dict[str, object]:
    recording = one.recording or Recording(one.call)
    return {
        "scenario": one.call.scenario,
        "words": one.call.words,
        "query": one.call.query.name,
        "text": one.call.text,
        "arguments": [_plain(argument) for argument in one.call.arguments],
        "wish": one.call.query.wish,
        "writes": one.call.writes,
        "milliseconds": one.milliseconds,
        "generic_milliseconds": one.generic_milliseconds,
        "generic_chosen": one.generic_chosen,
        "rows": one.rows,
        "blocks": one.plan.blocks if one.plan else None,
        "requests": one.plan.requests if one.plan else None,
        "least_requests": least_requests(one.plan, one.page) if one.plan else None,
        "wal_bytes": one.wal_bytes,
        "remarks": one.remarks,
        "failed": one.failed,
        "plan": recording.custom[0] if recording.custom else None,
        "generic_plan": recording.generic[0] if recording.generic else None,
    }


def _plain(argument: object) -> object:
    """An object's value is told by its size only."""
    return f"[{len(argument)} bytes]" if isinstance(argument, bytes) else argument


def _measured(one: Mapping[str, Any], page: int, rows: int | None) -> Measured:
    query = Query("", one["query"], one["text"], (), "", "", one["wish"])
    call = Call(one["scenario"], one["words"], query, one["text"], tuple(one["arguments"]), one["writes"])
    custom = () if one["plan"] is None else (one["plan"],)
    generic = () if one["generic_plan"] is None else (one["generic_plan"],)
    return measured(Recording(call, custom, generic, one["generic_chosen"], one["failed"]), page, rows)
