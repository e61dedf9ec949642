"""Plans of a tuned store on a real YugabyteDB 2.21 by planner mode (tests/data/planner), as facts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from kinetune.model.facts import Facts
from kinetune.model.unknown import NOT_REQUESTED
from kinetune.model.workload import Call, Query, Recording
from kinetune.servers.identification import parse_server_name
from tests.rules.made import with_table, written_by, yugabytedb

DATA = Path(__file__).parents[1] / "data" / "planner"
ROWS = 55_000
SETTINGS = ("yb_enable_optimizer_statistics", "yb_enable_base_scans_cost_model")


def recordings(name: str) -> tuple[Recording, ...]:
    """Each call's plan of tests/data/planner/NAME.json, executed with ANALYZE and DIST."""
    found = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(
        Recording(
            Call(one["scenario"], one["words"], Query("", one["query"], one["text"], (), "", "", ""), one["text"], ()),
            custom=(one["plan"],),
        )
        for one in found["calls"]
    )


def store(statistics: str = "off", cost_model: str = "off", **table: object) -> Facts:
    """A tuned store on 2.21 under these settings, without plans; `table` are changes to it."""
    settings = {"yb_bnl_batch_size": "1024", **dict(zip(SETTINGS, (statistics, cost_model), strict=True))}
    facts = yugabytedb(
        server=parse_server_name("yugabytedb-2.21.0.0"),
        settings=settings,
        database_settings={},
        recordings=NOT_REQUESTED,
        kine=written_by("v0.17.5"),
    )
    return with_table(facts, **({"rows": None, "counted": 4_000, "compacted": 0, "max_id": ROWS} | table))


def planned(name: str, *scenarios: str) -> Facts:
    """The same with the recorded plans of these calls, all where none is named."""
    kept = tuple(one for one in recordings(name) if not scenarios or one.call.scenario in scenarios)
    return replace(store(*name.split("-")[1].split("_")), recordings=kept)
