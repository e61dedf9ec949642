"""Recordings of calls with the plans of tests/data/plans, for rules that read plans."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

from kinetune.kine.queries import load_catalogue
from kinetune.model.facts import Facts
from kinetune.model.workload import Call, ExplainRun, Recording
from kinetune.plans.measure import measure_call
from tests.plans.recorded import DATA, documents

WHOLE = "postgresql-15/list-without-indexes"
HEALTHY = "postgresql-15/E20-list-page"
ROW_BY_ROW = "yugabytedb-2.21/x_tunedfull-1-E20_listval_L501"
BATCHED = "yugabytedb-2.21/x_tunedfull-1024-E20_listval_L501"
JOINED_BACK = "yugabytedb-2.21/x_stock-1024-E20_listval_L501"
"""414 requests for 501 rows, without a nested loop that is not batched."""


def call(scenario: str = "list-page", writes: bool = False) -> Call:
    query = load_catalogue("v0.17.3")["ListCurrentVal"]
    return Call(scenario, "list {objects} pods, first page", query, query.text, (), writes)


def recorded(name: str, scenario: str = "list-page", **changes: Any) -> Recording:
    """A recording of the plan in tests/data/plans/<name>.json; `changes` are keys beside the plan."""
    document = copy.deepcopy(next(documents(json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")))))
    assert isinstance(document, dict)
    document |= {key.replace("_", " "): value for key, value in changes.items()}
    return Recording(call(scenario), custom=(document,))


def run(facts: Facts, *recordings: Recording) -> ExplainRun:
    """A saved run of these recordings."""
    return ExplainRun(
        observed_at=datetime(2026, 11, 1, tzinfo=UTC),
        server=facts.server,
        database=facts.database,
        era="v0.17.3",
        era_source="given",
        rows=None,
        table_bytes=None,
        index_bytes=None,
        profile="tuned",
        calls=tuple(map(measure_call, recordings)),
    )
