"""From EXPLAIN's documents to what a call cost."""

from __future__ import annotations

from dataclasses import replace

from kinetune.model.plan import Plan
from kinetune.model.workload import Measured, Recording
from kinetune.plans import json_form
from kinetune.plans.least import PAGE
from kinetune.plans.symptoms import symptoms
from kinetune.plans.unbound import revealed


def measured(recording: Recording, page: int = PAGE, rows: float | None = None) -> Measured:
    """
    The median run of each kind of plan, by execution time, with what is wrong in words.

    `page`: see Measured. `rows` are those of the table, about: a scan that filters in the storage may read all of them.
    """
    if recording.failed or not recording.custom:
        return Measured(recording.call, recording, failed=recording.failed or "no plan was recorded", page=page)
    document, plan = _median(recording.custom, rows)
    generic_document, generic = _median(recording.generic, rows) if recording.generic else (None, None)
    cost = Measured(
        call=recording.call,
        recording=replace(recording, custom=(document,), generic=(generic_document,) if generic else ()),
        plan=plan,
        generic=generic,
        generic_chosen=recording.generic_chosen,
        milliseconds=plan.execution_ms,
        generic_milliseconds=generic.execution_ms if generic else None,
        rows=round(plan.root.rows) if plan.root.rows is not None else None,
        wal_bytes=_wal_bytes(plan) if recording.call.writes else None,
        page=page,
    )
    return replace(cost, remarks=symptoms(cost))


def _median(documents: tuple[object, ...], rows: float | None) -> tuple[object, Plan]:
    """The middle one; of an even number the faster of the two."""
    read = ((document, revealed(json_form.read(document), rows)) for document in documents)
    plans = sorted(read, key=lambda pair: _time(pair[1]))
    return plans[(len(plans) - 1) // 2]


def _time(plan: Plan) -> float:
    return plan.execution_ms or 0.0


def _wal_bytes(plan: Plan) -> int | None:
    found = plan.root.details.get("WAL Bytes")
    return int(found) if isinstance(found, int | float) else None
