"""What each of Kine's calls costs on a store, as a prepared statement would run it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from kinetune.database.explain import Effort, explain
from kinetune.database.sample import sample
from kinetune.database.session import visit
from kinetune.kine.queries import catalogue
from kinetune.kine.releases import ERAS, Era
from kinetune.kine.scenarios import calls
from kinetune.model.endpoint import Endpoint
from kinetune.model.plan import Plan
from kinetune.model.workload import Recording
from kinetune.plans.measure import measured

RECORDED = tuple(era for era in ERAS if era.catalogue == era.name)
"""One era a folder of sql/kine."""


@dataclass(frozen=True)
class Cost:
    """
    Of the plan the server settles for (`generic`: the one that does not know the arguments). Median of warm runs.

    `indexes` are those of kine in the plan, 'table' for a sequential scan. `blocks` are deterministic, `ms` are not.
    """

    ms: float
    blocks: int
    rows: int
    indexes: tuple[str, ...]
    generic: bool

    def data(self) -> dict[str, object]:
        return asdict(self)


def costs(endpoint: Endpoint, era: Era, effort: Effort, given: Mapping[str, str] | None = None) -> dict[str, Cost]:
    """By scenario, reads before writes. Writes run on the table itself and are rolled back: VACUUM it afterwards."""
    with visit(endpoint, "bench", write=True) as session:
        session.connection.prepare_threshold = (
            None  # with prepared statements psycopg answers ROLLBACK by DEALLOCATE ALL
        )
        asked = tuple(calls(catalogue(era.name), sample(session), given))
        ordered = sorted(asked, key=lambda call: call.writes)
        return dict(_costs(explain(session, ordered, effort)))


def _costs(recordings: Iterable[Recording]) -> Iterator[tuple[str, Cost]]:
    for recording in recordings:
        one = measured(recording)
        generic = bool(one.generic_chosen and one.generic)
        plan, ms = (one.generic, one.generic_milliseconds) if generic else (one.plan, one.milliseconds)
        if plan is None or ms is None or plan.blocks is None:
            raise RuntimeError(f"{one.call.scenario}: {one.failed}")
        yield one.call.scenario, Cost(ms, plan.blocks, one.rows or 0, tuple(_used(plan)), generic)


def _used(plan: Plan) -> Iterator[str]:
    names = (
        node.index or ("table" if node.kind == "Seq Scan" and node.relation == "kine" else "") for node in plan.nodes()
    )
    return iter(dict.fromkeys(short(name) for name in names if name))


def short(name: str) -> str:
    """kine_name_prev_revision_uindex → name_prev_revision."""
    return name.removeprefix("kine_").removesuffix("_index").removesuffix("_uindex")
