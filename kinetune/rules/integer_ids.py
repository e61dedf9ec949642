from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kinetune.formatting import format_number
from kinetune.model.facts import Facts, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedies import sequence_change_command, type_change_command
from kinetune.rules.rule import rule

LAST = 2_147_483_647
ALARM = 0.8
LONG_ENOUGH = timedelta(minutes=10)
"""A rate over a shorter time is not reliable."""
A_CENTURY = 36_500


@rule("KT113", Severity.WARNING)
def integer_ids(table: Relation, facts: Facts) -> Iterator[Remark]:
    """
    Ids and revisions are INTEGER instead of BIGINT.

    Why it matters
        Every create, update, delete and lease renewal uses one id, and compaction does not give ids back. INTEGER ends
        at 2,147,483,647. After that every write fails, nodes become NotReady when their leases expire, and the cluster
        cannot be changed until the type is changed (k3s#6176). Above 80 % this is an error.

    What to do
        On PostgreSQL stop Kine and run `kinetune init --allow COLUMN_TYPES`: one statement, which rewrites the table
        once. YugabyteDB cannot change the types of a range-sharded table: there `kinetune init --allow REBUILD` copies
        the rows into a new one.

    When to ignore
        The cluster will be removed before the date in the finding. That date is the earliest possible one: it counts
        every changed row since the last ANALYZE as a new id.

    Source
        docs/facts/kine.md §3 and §1.1: SERIAL and INTEGER up to v0.11.4. docs/facts/measured.md §7: YugabyteDB.
    """
    narrow = [name for name in ("id", "create_revision", "prev_revision") if _column_type(table, name) == "integer"]
    remedy = type_change_command(facts.server, table) if narrow else sequence_change_command(facts.server)
    if table.sequence and table.sequence.type == "integer":
        narrow.append(table.sequence.name)
    if not narrow:
        return
    # The sequence is ahead of MAX(id) where transactions were rolled back, and behind it after a restore.
    used = max(table.max_id or 0, table.last_id or 0)
    share = used / LAST
    yield Remark(
        on="kine.id",
        says=f"{', '.join(narrow)} {'are' if len(narrow) > 1 else 'is'} INTEGER, and {format_number(used)} of "
        f"{format_number(LAST)} "
        f"ids are used ({100 * share:.1f} %){_exhaustion_date(facts, used)}: after the last id every write fails",
        do=remedy,
        severity=Severity.ERROR if share > ALARM else None,
    )


def _column_type(table: Relation, name: str) -> str:
    column = table.column(name)
    return column.type if column else ""


def _exhaustion_date(facts: Facts, used: int) -> str:
    """The earliest date of the last id, from the rows changed since ANALYZE; empty if the statistics do not show it."""
    known = facts.statistics
    if not isinstance(known, Statistics) or known.analysed_at is None or not known.changed_since_analysed:
        return ""
    since = facts.observed_at - known.analysed_at
    if since < LONG_ENOUGH:
        return ""
    days = since / timedelta(days=1) * max(LAST - used, 0) / known.changed_since_analysed
    if days > A_CENTURY:
        return ""
    return f", not before {facts.observed_at + timedelta(days=days):%Y-%m-%d} at the current rate"
