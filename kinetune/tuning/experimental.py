"""What may help lists with LIMIT on YugabyteDB, on paper: printed with what would prove it, never applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap

from kinetune.kine.queries import catalogue
from kinetune.kine.releases import Era
from kinetune.kine.scenarios import calls
from kinetune.model.server import Flavour, Server
from kinetune.model.workload import Sample
from kinetune.quoting import literal
from kinetune.tuning.statements import reset_setting, set_setting

CTES_SINCE = "E20"
"""v0.16.6 and v0.17.3 write lists as CTEs (sql/kine/v0.17.3); E19 has the limit in a subquery, which stops early."""
FIRST_IN_ORDER, LAST_IN_ORDER = "E11", "E16"
"""From v0.13.0 to v0.15.0 a list is one DISTINCT ON in the order of kine_list_query_index."""
EVALUATED_IN_FULL = 11
"""PostgreSQL 11, the base up to 2024.2, evaluates every CTE in full (measured.md §5)."""

WIDTH = 120
PODS = Sample("/registry/pods/", "/registry/none/", "/registry/pods/a/b", "/registry/pods/m", 10**6, 1, 1)
"""Arguments for the statement to try by hand."""


@dataclass(frozen=True)
class Experiment:
    """Settings to try: what they should do, on what ground, what may go wrong, and the call that would show it."""

    title: str
    why: str
    risk: str
    settings: Mapping[str, str]
    call: str = "list-page"

    def proof(self) -> str:
        """Changes nothing: the settings hold for one session of kinetune."""
        return f"kinetune explain --query {self.call} " + " ".join(f"--with {n}={v}" for n, v in self.settings.items())

    def apply(self, database: str) -> tuple[str, ...]:
        return tuple(set_setting(database, name, value) for name, value in self.settings.items())

    def undo(self, database: str) -> tuple[str, ...]:
        return tuple(reset_setting(database, name) for name in self.settings)


LARGER_PAGES = Experiment(
    title="larger pages of the storage",
    why="the whole prefix is read, 1,024 rows a request: 20,000 revisions are 20 of the 26 requests of a list "
    "(facts/measured.md §5). 16,384 rows a request make them 2, so 8 requests in all; the rows read stay as many",
    risk="a scan that a LIMIT stops early may fetch more than it needs. The row limit stays above 0, because with a "
    "size limit alone a LIMIT sets the size of every page (yugabyte-db#18708: 103 requests of 10 rows)",
    settings={"yb_fetch_row_limit": "16384", "yb_fetch_size_limit": "4MB"},
)
NO_SORT = Experiment(
    title="no sorts where an index has the order",
    why="with statistics and the cost model the planner sorts all revisions, 22 requests; without them it walks "
    "kine_list_query_index and stops at the LIMIT, 8 requests "
    "(facts/measured.md §3, lean: E11 with and without, E16 without)",
    risk="it holds for every query of the database: a sort that cannot be avoided only looks dear to the planner, but "
    "merge joins and other plans may be chosen otherwise",
    settings={"enable_sort": "off"},
)


def experiments(server: Server, era: Era) -> Iterator[Experiment]:
    """Those that fit; none on PostgreSQL, where everything that helps was measured and is in `tuned`."""
    if server.flavour is not Flavour.YUGABYTEDB:
        return
    if era.number >= CTES_SINCE and server.base <= EVALUATED_IN_FULL and server.can("batched_nested_loop"):
        yield LARGER_PAGES
    if FIRST_IN_ORDER <= era.number <= LAST_IN_ORDER:
        yield NO_SORT


def written(found: tuple[Experiment, ...], server: Server, era: Era, database: str) -> str:
    """Comments alone, so that nothing is applied by a pipe: reasons, risks, proofs, and the statements to copy."""
    if not found:
        return f"-- No experiment is known for {server} with Kine {era.releases}.\n"
    lines = [
        f"-- Experiments for {server} with Kine {era.releases}.",
        "-- On paper, not measured; nothing was applied.",
    ]
    for one in found:
        lines += ["", f"-- {one.title}", *_said("Why", f"{one.why}."), *_said("Risk", f"{one.risk}.")]
        lines += [f"--   Prove: {one.proof()}", *(f"--   or by hand: {line};" for line in _by_hand(one, era))]
        lines += [f"--   Apply: {statement};" for statement in one.apply(database)]
        lines += [f"--   Undo: {statement};" for statement in one.undo(database)]
    return "\n".join(lines) + "\n"


def _said(what: str, text: str) -> list[str]:
    return wrap(f"{what}: {text}", WIDTH, initial_indent="--   ", subsequent_indent="--     ")


def _by_hand(one: Experiment, era: Era) -> Iterator[str]:
    """The statement as Kine sends it; run the last line twice, without and with the settings, and take second runs."""
    if era.catalogue is None:
        return
    call = next((call for call in calls(catalogue(era.name), PODS) if call.scenario == one.call), None)
    if call is None:
        return
    types = ", ".join(parameter.type for parameter in call.query.parameters)
    arguments = ", ".join(literal(each) if isinstance(each, str) else str(each).lower() for each in call.arguments)
    yield f"PREPARE kine_list ({types}) AS {call.text}"
    yield from (f"SET {name} = {literal(value)}" for name, value in one.settings.items())
    yield f"EXPLAIN (ANALYZE, DIST) EXECUTE kine_list ({arguments})"
