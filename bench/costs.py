"""The cost of each of Kine's calls on a store, executed as a prepared statement, as pgx does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from psycopg import sql

from kinetune.database.explain import sample_store
from kinetune.database.session import Session, open_session
from kinetune.kine.queries import build_calls, load_catalogue
from kinetune.kine.releases import ERAS, Era
from kinetune.model.endpoint import Endpoint
from kinetune.model.plan import QueryPlan
from kinetune.model.workload import Call
from kinetune.plans import json_form

RECORDED = tuple(era for era in ERAS if era.catalogue == era.name)
"""One era per directory of sql/kine."""
BEFORE_GENERIC = 6
"""PostgreSQL plans the first five EXECUTEs for their arguments; from the sixth on it may use the generic plan."""
ANALYZE = "ANALYZE, BUFFERS, FORMAT JSON"


@dataclass(frozen=True)
class CostOptions:
    """`given` as for `explain --arg`; `settings` are the session's, over those of the database."""

    runs: int = 3
    given: Mapping[str, str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    writes: bool = True


@dataclass(frozen=True)
class CallCost:
    """
    Of the plan the server settles for (`generic`: the one that does not know the arguments). Median of warm runs.

    `ms` is planning and execution, for a plan made for its arguments is made each time; `blocks` are deterministic.
    `indexes` are those of kine in the plan, 'table' for a sequential scan.
    """

    ms: float
    blocks: int
    rows: int
    indexes: tuple[str, ...]
    generic: bool

    def data(self) -> dict[str, object]:
        return asdict(self)


def measure_costs(endpoint: Endpoint, era: Era, how: CostOptions) -> dict[str, CallCost]:
    """Costs by scenario, reads before writes. Writes run on the table and are rolled back: VACUUM it afterwards."""
    with open_session(endpoint, "bench", write=True, **how.settings) as session:
        session.connection.prepare_threshold = None  # psycopg would answer a rollback with DEALLOCATE ALL
        asked = tuple(build_calls(load_catalogue(era.name), sample_store(session), how.given))
        wanted = sorted((call for call in asked if how.writes or not call.writes), key=lambda call: call.writes)
        return {call.scenario: _measure_call(session, call, how.runs) for call in wanted}


def _measure_call(session: Session, call: Call, runs: int) -> CallCost:
    with session.connection.transaction(force_rollback=True):
        types = ", ".join(parameter.type for parameter in call.query.parameters)
        session.connection.execute(f"PREPARE bench_call {f'({types})' if types else ''} AS {call.text}".encode())
        try:
            for _ in range(BEFORE_GENERIC):
                _explain_call(session, call, "FORMAT JSON")
            plans = [json_form.read_json_plan(_explain_call(session, call, ANALYZE)) for _ in range(runs + 1)][1:]
            counted = "SELECT generic_plans > 0 AS generic FROM pg_prepared_statements WHERE name = 'bench_call'"
            generic = bool(session.query(counted)[0]["generic"])
        finally:
            session.connection.execute("DEALLOCATE bench_call")
    plan = sorted(plans, key=_milliseconds)[(runs - 1) // 2]
    return CallCost(
        _milliseconds(plan), plan.blocks or 0, round(plan.root.rows or 0), tuple(_used_indexes(plan)), generic
    )


def _explain_call(session: Session, call: Call, options: str) -> object:
    arguments = sql.SQL(", ").join(map(sql.Literal, call.arguments))
    statement = sql.SQL("EXPLAIN ({}) EXECUTE bench_call {}").format(
        sql.SQL(options), sql.SQL("({})").format(arguments) if call.arguments else sql.SQL("")
    )
    with session.connection.transaction(force_rollback=call.writes):
        row = session.connection.execute(statement).fetchone()
    assert row is not None
    return row["QUERY PLAN"]


def _milliseconds(plan: QueryPlan) -> float:
    return (plan.planning_ms or 0.0) + (plan.execution_ms or 0.0)


def _used_indexes(plan: QueryPlan) -> Iterator[str]:
    scans = (node for node in plan.nodes() if node.index or (node.kind == "Seq Scan" and node.relation == "kine"))
    return iter(dict.fromkeys(short_name(node.index or "table") for node in scans))


def short_name(name: str) -> str:
    """kine_name_prev_revision_uindex → name_prev_revision."""
    return name.removeprefix("kine_").removesuffix("_index").removesuffix("_uindex")
