"""What each of Kine's calls costs on a store, run as the prepared statement that pgx makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from psycopg import sql

from kinetune.database.sample import sample
from kinetune.database.session import Session, visit
from kinetune.kine.queries import catalogue
from kinetune.kine.releases import ERAS, Era
from kinetune.kine.scenarios import calls
from kinetune.model.endpoint import Endpoint
from kinetune.model.plan import Plan
from kinetune.model.workload import Call
from kinetune.plans import json_form

RECORDED = tuple(era for era in ERAS if era.catalogue == era.name)
"""One era a folder of sql/kine."""
BEFORE_GENERIC = 6
"""PostgreSQL plans five executions for their arguments; from the sixth on it may take one plan for all arguments."""
ANALYZE = "ANALYZE, BUFFERS, FORMAT JSON"


@dataclass(frozen=True)
class How:
    """`given` as for `explain --arg`; `settings` are the session's, over those of the database."""

    runs: int = 3
    given: Mapping[str, str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    writes: bool = True


@dataclass(frozen=True)
class Cost:
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


def costs(endpoint: Endpoint, era: Era, how: How) -> dict[str, Cost]:
    """By scenario, reads before writes. Writes run on the table itself and are rolled back: VACUUM it afterwards."""
    with visit(endpoint, "bench", write=True, **how.settings) as session:
        session.connection.prepare_threshold = None  # psycopg would answer a rollback with DEALLOCATE ALL
        asked = tuple(calls(catalogue(era.name), sample(session), how.given))
        wanted = sorted((call for call in asked if how.writes or not call.writes), key=lambda call: call.writes)
        return {call.scenario: _cost(session, call, how.runs) for call in wanted}


def _cost(session: Session, call: Call, runs: int) -> Cost:
    with session.connection.transaction(force_rollback=True):
        types = ", ".join(parameter.type for parameter in call.query.parameters)
        session.connection.execute(f"PREPARE bench_call {f'({types})' if types else ''} AS {call.text}".encode())
        try:
            for _ in range(BEFORE_GENERIC):
                _explained(session, call, "FORMAT JSON")
            plans = [json_form.read(_explained(session, call, ANALYZE)) for _ in range(runs + 1)][1:]
            counted = "SELECT generic_plans > 0 AS generic FROM pg_prepared_statements WHERE name = 'bench_call'"
            generic = bool(session.rows(counted)[0]["generic"])
        finally:
            session.connection.execute("DEALLOCATE bench_call")
    plan = sorted(plans, key=_ms)[(runs - 1) // 2]
    return Cost(_ms(plan), plan.blocks or 0, round(plan.root.rows or 0), tuple(_used(plan)), generic)


def _explained(session: Session, call: Call, options: str) -> object:
    arguments = sql.SQL(", ").join(map(sql.Literal, call.arguments))
    statement = sql.SQL("EXPLAIN ({}) EXECUTE bench_call {}").format(
        sql.SQL(options), sql.SQL("({})").format(arguments) if call.arguments else sql.SQL("")
    )
    with session.connection.transaction(force_rollback=call.writes):
        row = session.connection.execute(statement).fetchone()
    assert row is not None
    return row["QUERY PLAN"]


def _ms(plan: Plan) -> float:
    return (plan.planning_ms or 0.0) + (plan.execution_ms or 0.0)


def _used(plan: Plan) -> Iterator[str]:
    scans = (node for node in plan.nodes() if node.index or (node.kind == "Seq Scan" and node.relation == "kine"))
    return iter(dict.fromkeys(short(node.index or "table") for node in scans))


def short(name: str) -> str:
    """kine_name_prev_revision_uindex → name_prev_revision."""
    return name.removeprefix("kine_").removesuffix("_index").removesuffix("_uindex")
