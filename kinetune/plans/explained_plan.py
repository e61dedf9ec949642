"""A pasted plan with its costs, its symptoms and, where it can be recognised, Kine's query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kinetune.kine.queries import load_catalogue
from kinetune.kine.query_recognition import name_of
from kinetune.kine.releases import ERAS
from kinetune.model.plan import QueryPlan
from kinetune.model.workload import Call, MeasuredCall, Query, Recording
from kinetune.plans.json_form import read_json_plan
from kinetune.plans.measure import measure_call
from kinetune.plans.pasted import PastedPlan
from kinetune.plans.query_shape import names_by_shape
from kinetune.plans.reads import TABLE, is_distributed

FROM_STATEMENT = "statement"
FROM_CONDITIONS = "conditions"
ANALYZE_MISSING = (
    "The plan was made without ANALYZE: it contains estimates, but no times and no row counts. Run "
    "EXPLAIN (ANALYZE, BUFFERS), on YugabyteDB EXPLAIN (ANALYZE, DIST); both execute the statement."
)
DIST_MISSING = "The plan was made without DIST: storage requests are not counted. Run EXPLAIN (ANALYZE, DIST)."
BUFFERS_MISSING = "The plan was made without BUFFERS: blocks are not counted. Run EXPLAIN (ANALYZE, BUFFERS)."
OTHER_TABLE = f"The plan does not read or write the table {TABLE}: only general symptoms are searched."


@dataclass(frozen=True)
class QueryMatch:
    """
    A query of Kine, in its newest form of the `eras` that send it. There are two `names` if the plan does not show
    whether values are returned. `source` is FROM_STATEMENT or FROM_CONDITIONS.
    """

    query: Query
    names: tuple[str, ...]
    eras: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class ExplainedPlan:
    """`match` is None where the query is not recognised; `notes` name what the plan does not contain."""

    measured: MeasuredCall
    match: QueryMatch | None
    notes: tuple[str, ...]


def explain_plan(pasted: PastedPlan, title: str, era: str = "") -> ExplainedPlan:
    """`title` names the plan in a report; `era` is the only one whose queries are considered, empty for all."""
    plan = read_json_plan(pasted.document)
    # With a statement the conditions prove nothing: a query that is not Kine's may have the same plan.
    by_conditions = not pasted.statement or pasted.statement.upper().startswith("EXECUTE")
    match = _match_conditions(plan, era) if by_conditions else _match_statement(pasted.statement, era)
    # The remarks name the query: both names where the plan fits both.
    query = replace(match.query, name=" or ".join(match.names)) if match else Query(era, "", "", (), "", "", "")
    # The plan decides, not the name: an unrecognised statement may be a write as well.
    writes = any("Operation" in node.details for node in plan.nodes())
    call = Call(title, title, query, pasted.statement or query.text, (), writes)
    measured = measure_call(Recording(call, (pasted.document,)))
    return ExplainedPlan(measured, match, tuple(_missing_parts(measured)))


def _match_statement(statement: str, era: str) -> QueryMatch | None:
    found = name_of(statement, era)
    if found is None or (era and era not in found[0]):
        return None
    eras, name = found
    return QueryMatch(load_catalogue(era or _newest_era(eras))[name], (name,), eras, FROM_STATEMENT)


def _match_conditions(plan: QueryPlan, era: str) -> QueryMatch | None:
    names = names_by_shape(plan)
    eras = tuple(name for name in names if era in ("", name))
    if not eras:
        return None
    newest = _newest_era(eras)
    with_values = max(names[newest], key=len)  # …Val is sent far more often than the query without values
    return QueryMatch(load_catalogue(newest)[with_values], names[newest], eras, FROM_CONDITIONS)


def _newest_era(eras: tuple[str, ...]) -> str:
    order = [era.name for era in ERAS]
    return max(eras, key=order.index)


def _missing_parts(measured: MeasuredCall) -> Iterator[str]:
    plan = measured.plan
    if plan is None:
        return
    if plan.root.loops is None:
        yield ANALYZE_MISSING
    elif is_distributed(plan) and plan.requests is None:
        yield DIST_MISSING
    elif not is_distributed(plan) and plan.blocks is None:
        yield BUFFERS_MISSING
    if all(node.relation != TABLE for node in plan.nodes()):
        yield OTHER_TABLE
