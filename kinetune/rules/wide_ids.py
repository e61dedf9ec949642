from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kinetune.model.facts import Facts, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.rules.remedy import change_sequence, change_types
from kinetune.rules.rule import rule

LAST = 2_147_483_647
ALARM = 0.8
LONG_ENOUGH = timedelta(minutes=10)
"""A rate taken over less says little."""
A_CENTURY = 36_500


@rule("KT113", Severity.WARNING)
def wide_ids(table: Relation, facts: Facts) -> Iterator[Remark]:
    """
    Ids and revisions are BIGINT.

    Why it matters
        Every create, update, delete and lease renewal uses up one id, and compaction gives none back. INTEGER ends at
        2,147,483,647; from then on every write fails, nodes go NotReady when their leases run out, and the cluster
        cannot be changed until the type is (k3s#6176). Above 80 % this is an error.

    What to do
        On PostgreSQL stop Kine and run `kinetune init --allow COLUMN_TYPES`: one statement, which rewrites the table
        once. On YugabyteDB a table with range-sharded ids cannot change them: move the store into a prepared database.

    When to ignore
        For a cluster that will be gone before the date, if there is one. The date is the earliest: it counts every
        changed row since the last ANALYZE as a new id.

    Source
        docs/facts/kine.md §3 and §1.1: SERIAL and INTEGER up to v0.11.4. docs/facts/measured.md §7: YugabyteDB.
    """
    narrow = [name for name in ("id", "create_revision", "prev_revision") if _type(table, name) == "integer"]
    remedy = change_types(facts.server, table) if narrow else change_sequence(facts.server)
    if table.sequence and table.sequence.type == "integer":
        narrow.append(table.sequence.name)
    if not narrow:
        return
    used = max(table.max_id or 0, table.last_id or 0)
    share = used / LAST
    yield Remark(
        on="kine.id",
        says=f"{', '.join(narrow)} {'are' if len(narrow) > 1 else 'is'} INTEGER, and {count(used)} of {count(LAST)} "
        f"ids are used up ({share:.1%}){_end(facts, used)}: after the last one no object can be written",
        do=remedy,
        severity=Severity.ERROR if share > ALARM else None,
    )


def _type(table: Relation, name: str) -> str:
    column = table.column(name)
    return column.type if column else ""


def _end(facts: Facts, used: int) -> str:
    """The earliest day of the last id, where statistics tell how many rows changed since when."""
    known = facts.statistics
    if not isinstance(known, Statistics) or known.analysed_at is None or not known.changed_since_analysed:
        return ""
    since = facts.observed_at - known.analysed_at
    if since < LONG_ENOUGH:
        return ""
    days = since / timedelta(days=1) * max(LAST - used, 0) / known.changed_since_analysed
    if days > A_CENTURY:
        return ""
    return f", not before {facts.observed_at + timedelta(days=days):%Y-%m-%d} at the present rate"
