from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import newest
from kinetune.model.facts import Facts, Relation, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import Plan
from kinetune.model.schema import Order
from kinetune.model.server import Flavour
from kinetune.plans import json_form
from kinetune.plans.names import title
from kinetune.plans.numbers import count, counted
from kinetune.plans.unbound import lookups
from kinetune.rules.rule import rule
from kinetune.rules.words import given_to_kine, set_in_database
from kinetune.servers import yugabytedb
from kinetune.servers.statistics import PLANTED_ROWS, are_missing

ASKS_BY_NAME_SINCE = "E17"
"""From v0.16.0 each create, update and read of one object asks for MAX(id) of a name (facts/kine.md §1.1)."""


@rule("KT306", Severity.ERROR)
def lookup_reads_table(facts: Facts, table: Relation) -> Iterator[Remark | Unknown]:
    """
    No statement that looks up one name reads the table.

    Why it matters
        From v0.16.0 on each create, update and read of one object asks for the newest revision of a name. Without
        statistics in use, YugabyteDB's planner reads the primary key backwards until it meets the name: one storage
        request, and every row of the table for a name that does not exist. It grows with the table: 37 ms on 50,000
        quiet rows, seconds under load, 3 updates a second where 64 are possible (YugabyteDB 2.21, Kine v0.17.5, 4
        writers: docs/facts/measured.md §9). Reading an object that exists does not show it.

    What to do
        kinetune init sets what the planner needs (KT403) and gives a new table statistics; kinetune analyze takes them
        of a store in use (KT402). Then restart Kine: its open connections keep their settings.

    When to ignore
        Never, where Kine writes to YugabyteDB. PostgreSQL does not plan so and always passes (measured on 15 and 18).

    Source
        EXPLAIN, not executed, of Kine's own statements that name one key, reads and writes; in facts without plans it
        follows from settings, statistics and key. docs/facts/measured.md §9.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    plans = list(_plans(facts))
    if not plans:
        yield from _inferred(facts, table)
        return
    found = [(words, node) for words, plan in plans for node in lookups(plan, table.size)]
    if found:
        calls = list(dict.fromkeys(words for words, _ in found))
        more = f" and {counted(len(calls) - 1, 'other call')}" if calls[1:] else ""
        yield _remark(facts, table, f"{calls[0]}{more}: {title(found[0][1])}")


def _plans(facts: Facts) -> Iterator[tuple[str, Plan]]:
    for kind in (facts.lookups, facts.recordings):
        for recording in () if isinstance(kind, Unknown) else kind:
            for document in recording.custom[:1]:
                yield recording.call.words.replace("{objects} ", ""), json_form.read(document)


def _inferred(facts: Facts, table: Relation) -> Iterator[Remark | Unknown]:
    """What the planner of the PostgreSQL 11 base does with MAX(id) of a name, by what it knows (measured.md §9)."""
    era = newest().number if isinstance(facts.kine, Unknown) else facts.kine.number
    if era < ASKS_BY_NAME_SINCE or _is_hashed(table):
        return
    if facts.server.base > 11:
        yield Unknown("no plans were taken, and what this release plans without them is not measured")
        return
    statistics, cost_model = _uses(facts)
    if statistics and are_missing(table.rows, table.size) and (table.size or 0) >= PLANTED_ROWS:
        yield _remark(facts, table, "by its settings and statistics, the planner")
    elif not (statistics or cost_model):
        yield _remark(facts, table, "by its settings, the planner")


def _is_hashed(table: Relation) -> bool:
    return table.primary_key is None or table.primary_key.index.keys[0].order is Order.HASH


def _uses(facts: Facts) -> tuple[bool, bool]:
    """Whether statistics and cost model are in use."""
    mode = given_to_kine(facts, yugabytedb.MODE)
    if mode is not None:
        return mode in yugabytedb.USES_STATISTICS, mode == "on"
    return given_to_kine(facts, yugabytedb.STATISTICS) == "on", given_to_kine(facts, yugabytedb.COST_MODEL) == "on"


def _remark(facts: Facts, table: Relation, how: str) -> Remark:
    rows = f", {count(table.size)} now" if table.size else ""
    return Remark(
        on="kine",
        says=f"{how} reads the table to find one name: for a key that does not exist every row{rows}, in each create "
        "and update",
        do=_remedy(facts, table),
    )


def _remedy(facts: Facts, table: Relation) -> str:
    statistics, _ = _uses(facts)
    if not statistics:
        name = yugabytedb.STATISTICS if facts.server.release < yugabytedb.FIRST_MODE else yugabytedb.MODE
        analyse = "kinetune analyze; " if not table.rows and (table.size or 0) >= PLANTED_ROWS else ""
        return f"kinetune init; or {analyse}{set_in_database(facts, name, 'on')}; then restart Kine"
    if table.max_id is None:
        return "kinetune init, with Kine stopped: it gives an empty table statistics"
    if (table.size or 0) < PLANTED_ROWS:
        return f"kinetune analyze, once there are {PLANTED_ROWS:,} rows"
    return "kinetune analyze"
