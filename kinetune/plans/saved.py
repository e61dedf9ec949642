"""A run of explain as plain data and back: what --save writes and --against reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from kinetune.model.server import Flavour, Server
from kinetune.model.versioned_file import FileFormat, read_document, report_damage
from kinetune.model.workload import Call, ExplainRun, MeasuredCall, Query, Recording
from kinetune.plans.measure import measure_call
from kinetune.plans.reads import ROWS_PER_REQUEST, least_requests

RUN = FileFormat("kinetune explain", "saved run of kinetune explain", "save one with kinetune explain --save FILE")


def run_data(run: ExplainRun) -> dict[str, object]:
    """Everything except the parsed plans, which are read again from EXPLAIN's own documents."""
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
        "calls": [call_data(one) for one in run.calls],
    }


def load_run(path: Path) -> ExplainRun:
    """The run that `kinetune explain --save` wrote; UsageFailure for any other file."""
    data = read_document(path, RUN)
    with report_damage(str(path), RUN):
        return _decode_run(data)


def _decode_run(data: Mapping[str, Any]) -> ExplainRun:
    server = data["server"]
    page = data.get("rows_a_request", ROWS_PER_REQUEST)  # older files have neither it nor settings
    return ExplainRun(
        observed_at=datetime.fromisoformat(data["observed_at"]),
        server=Server(Flavour(server["flavour"]), tuple(server["release"]), server["base"]),
        database=data["database"],
        era=data["era"],
        era_source=data["era_source"],
        rows=data["rows"],
        table_bytes=data["table_bytes"],
        index_bytes=data["index_bytes"],
        profile=data["profile"],
        calls=tuple(_decode_call(one, page, data["rows"]) for one in data["calls"]),
        settings=data.get("settings", {}),
        page=page,
    )


def call_data(one: MeasuredCall) -> dict[str, object]:
    recording = one.recording or Recording(one.call)
    return {
        "scenario": one.call.scenario,
        "words": one.call.words,
        "query": one.call.query.name,
        "text": one.call.text,
        "arguments": [_plain_argument(argument) for argument in one.call.arguments],
        "wish": one.call.query.wish,
        "writes": one.call.writes,
        "milliseconds": one.milliseconds,
        "generic_milliseconds": one.generic_milliseconds,
        "generic_chosen": one.generic_chosen,
        "rows": one.rows,
        "blocks": one.plan.blocks if one.plan else None,
        "requests": one.plan.requests if one.plan else None,
        # Derived figures are for other programs; load_run() computes them again from the plans.
        "least_requests": least_requests(one.plan, one.page) if one.plan else None,
        "wal_bytes": one.wal_bytes,
        "remarks": one.remarks,
        "failed": one.failed,
        "plan": recording.custom[0] if recording.custom else None,
        "generic_plan": recording.generic[0] if recording.generic else None,
    }


def _plain_argument(argument: object) -> object:
    """Only the size of an object's value: no value may leave the store."""
    return f"[{len(argument)} bytes]" if isinstance(argument, bytes) else argument


def _decode_call(one: Mapping[str, Any], page: int, rows: int | None) -> MeasuredCall:
    query = Query("", one["query"], one["text"], (), "", "", one["wish"])
    call = Call(one["scenario"], one["words"], query, one["text"], tuple(one["arguments"]), one["writes"])
    # Only the median run was saved; measure_call() takes it as the only one.
    custom = () if one["plan"] is None else (one["plan"],)
    generic = () if one["generic_plan"] is None else (one["generic_plan"],)
    return measure_call(Recording(call, custom, generic, one["generic_chosen"], one["failed"]), page, rows)
