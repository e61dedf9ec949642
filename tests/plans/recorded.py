"""The recorded plans of tests/data/plans, and calls to hang them on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.server import Flavour, Server
from kinetune.model.workload import Call, ExplainRun, MeasuredCall, Query
from kinetune.plans import json_form, text_form
from kinetune.plans.text_form import is_node_line

DATA = Path(__file__).parent.parent / "data" / "plans"
JSON_FILES = sorted(DATA.rglob("*.json"))
TEXT_FILES = sorted(path for path in DATA.rglob("*.txt") if path.parent.name != "yugabytedb-docs")
DOCS_FILES = sorted((DATA / "yugabytedb-docs").glob("*.txt"))


def plan(name: str) -> QueryPlan:
    """`postgresql-15/E20-get.json`, `yugabytedb-2.21/text/x_stock-1024-CurrentRev.txt`."""
    text = (DATA / name).read_text(encoding="utf-8")
    return (
        json_form.read_json_plan(next(documents(json.loads(text))))
        if name.endswith(".json")
        else text_form.read_text_plan(text)
    )


def yugabyte(name: str) -> QueryPlan:
    return plan(f"yugabytedb-2.21/{name}.json")


def postgres(name: str) -> QueryPlan:
    return plan(f"postgresql-15/{name}.json")


def documents(value: object) -> Iterator[object]:
    """Every answer of EXPLAIN (FORMAT JSON) inside a recording."""
    if isinstance(value, dict) and isinstance(value.get("Plan"), dict):
        yield value
        return
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in below:
        yield from documents(each)


def all_json() -> Iterator[tuple[str, QueryPlan]]:
    for path in JSON_FILES:
        for number, document in enumerate(documents(json.loads(path.read_text(encoding="utf-8")))):
            yield f"{path.parent.name}/{path.stem}-{number}", json_form.read_json_plan(document)


def all_text() -> Iterator[tuple[str, QueryPlan]]:
    for path in TEXT_FILES:
        yield f"{path.parent.name}/{path.stem}", text_form.read_text_plan(path.read_text(encoding="utf-8"))


def quoted() -> Iterator[tuple[str, str]]:
    """The plans of the documentation: sections begin with # or with an EXPLAIN statement."""
    for path in DOCS_FILES:
        section: list[str] = []
        for line in [*path.read_text(encoding="utf-8").splitlines(), "# end"]:
            if not line.startswith("#"):
                section.append(line)
            elif section:
                if any(is_node_line(each) for each in section):
                    yield path.stem, "\n".join(section)
                section = []


def measured(found: QueryPlan, wish: str = "", writes: bool = False) -> MeasuredCall:
    query = Query("E20", "ListCurrent", "SELECT", (), "kubectl get pods", "often", wish)
    call = Call("list-page", "list pods, first page", query, "SELECT", (), writes)
    return MeasuredCall(call=call, plan=found, milliseconds=found.execution_ms)


def explained(*calls: MeasuredCall) -> ExplainRun:
    return ExplainRun(
        observed_at=datetime(2026, 11, 23, tzinfo=UTC),
        server=Server(Flavour.POSTGRESQL, (15,), 15),
        database="kubernetes",
        era="E20",
        era_source="given",
        rows=50_001,
        table_bytes=None,
        index_bytes=None,
        profile="stock",
        calls=calls,
    )


def of_kind(found: QueryPlan, kind: str) -> list[PlanNode]:
    return [node for node in found.nodes() if node.kind == kind]
