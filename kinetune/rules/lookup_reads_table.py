from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count, format_number
from kinetune.kine.releases import newest_era
from kinetune.model.facts import Facts, Order, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import QueryPlan
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.plans import json_form
from kinetune.plans.nodes import node_title
from kinetune.plans.reads import table_reading_lookups
from kinetune.rules.context import effective_setting
from kinetune.rules.remedies import set_in_database
from kinetune.rules.rule import rule
from kinetune.servers import yugabytedb
from kinetune.servers.yugabytedb import PLANTED_ROWS, are_missing

ASKS_BY_NAME_SINCE = "E17"
"""From v0.16.0 each create, update and read of one object selects MAX(id) of a name (docs/facts/kine.md §1.1)."""


@rule("KT306", Severity.ERROR)
def lookup_reads_table(facts: Facts, table: Relation) -> Iterator[Remark | Unknown]:
    """
    A statement that looks up one name reads the table.

    Why it matters
        From v0.16.0 on every create, update and read of one object selects the newest revision of a name. If
        YugabyteDB's planner does not use statistics, it reads the primary key backwards until it finds the name: one
        storage request, but every row of the table for a name that does not exist. The time grows with the table: 37 ms
        on 50,000 rows without load, seconds under load, 3 instead of 64 updates per second (YugabyteDB 2.21, Kine
        v0.17.5, 4 writers: docs/facts/measured.md §9). Reading an existing object does not show the problem.

    What to do
        kinetune init sets what the planner needs (KT403) and gives a new table statistics; kinetune analyze updates the
        statistics of a store in use (KT402). Then restart Kine: open connections keep their settings.

    When to ignore
        Never, if Kine writes to YugabyteDB. PostgreSQL does not choose such plans and always passes (measured on 15 and
        18).

    Source
        EXPLAIN without execution of Kine's own statements that look up one key, reads and writes. In facts without
        plans, settings, statistics and the key decide. docs/facts/measured.md §9.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    plans = list(_read_plans(facts))
    if not plans:
        yield from _infer_from_settings(facts, table)
        return
    found = [(words, node) for words, plan in plans for node in table_reading_lookups(plan, table.size)]
    if found:
        calls = list(dict.fromkeys(words for words, _ in found))
        more = f" and {format_count(len(calls) - 1, 'other call')}" if calls[1:] else ""
        yield _create_finding(facts, table, f"{calls[0]}{more}: {node_title(found[0][1])}")


def _read_plans(facts: Facts) -> Iterator[tuple[str, QueryPlan]]:
    for kind in (facts.lookups, facts.recordings):
        for recording in () if isinstance(kind, Unknown) else kind:
            # There is one plan for each execution; the first one shows how the name is looked up.
            for document in recording.custom[:1]:
                yield recording.call.words.replace("{objects} ", ""), json_form.read_json_plan(document)


def _infer_from_settings(facts: Facts, table: Relation) -> Iterator[Remark | Unknown]:
    """
    What the planner of the PostgreSQL 11 base does with MAX(id) of a name, by what it knows (docs/facts/measured.md
    §9).
    """
    era = newest_era().number if isinstance(facts.kine, Unknown) else facts.kine.number
    # Older releases do not send this query, and a hash-sharded key is never read in order of ids.
    if era < ASKS_BY_NAME_SINCE or _is_hashed(table):
        return
    # The inference below was measured on the PostgreSQL 11 base only.
    if facts.server.base > 11:
        yield Unknown("there are no plans, and the planner of this release was not measured")
        return
    statistics, cost_model = _used_features(facts)
    if statistics and are_missing(table.rows, table.size) and (table.size or 0) >= PLANTED_ROWS:
        yield _create_finding(facts, table, "with these settings and statistics the planner")
    elif not (statistics or cost_model):
        yield _create_finding(facts, table, "with these settings the planner")


def _is_hashed(table: Relation) -> bool:
    return table.primary_key is None or table.primary_key.index.keys[0].order is Order.HASH


def _used_features(facts: Facts) -> tuple[bool, bool]:
    """Whether the planner uses statistics, and whether it uses its cost model."""
    mode = effective_setting(facts, yugabytedb.MODE)
    if mode is not None:
        return mode in yugabytedb.USES_STATISTICS, mode == "on"
    return effective_setting(facts, yugabytedb.STATISTICS) == "on", effective_setting(
        facts, yugabytedb.COST_MODEL
    ) == "on"


def _create_finding(facts: Facts, table: Relation, how: str) -> Remark:
    rows = f" ({format_number(table.size)} now)" if table.size else ""
    return Remark(
        on="kine",
        says=f"{how} reads the table to find one name: every row for a new key{rows}, in each create and update",
        do=_choose_remedy(facts, table),
    )


def _choose_remedy(facts: Facts, table: Relation) -> str:
    statistics, _ = _used_features(facts)
    if not statistics:
        name = yugabytedb.STATISTICS if facts.server.release < yugabytedb.FIRST_MODE else yugabytedb.MODE
        analyse = "kinetune analyze; " if not table.rows and (table.size or 0) >= PLANTED_ROWS else ""
        return f"kinetune init; or {analyse}{set_in_database(facts, name, 'on')}; then restart Kine"
    if table.max_id is None:
        return "stop Kine; kinetune init; start Kine"
    if (table.size or 0) < PLANTED_ROWS:
        return f"kinetune analyze when the table has {PLANTED_ROWS:,} rows"
    return "kinetune analyze"
