from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_percent
from kinetune.model.facts import Facts, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule
from kinetune.servers.statistics import PLANTED_ROWS, SERVES_UNTIL, are_missing, is_due

FEW_ROWS = 1_000  # a fresh K3s store; below it every plan is quick
STALE_ROWS = 10_000  # changed rows that can turn a plan
STALE_SHARE = 0.5  # autovacuum analyses after a tenth: half means that it does not come


@rule("KT402", Severity.WARNING)
def analysed_statistics(facts: Facts, statistics: Statistics, table: Relation) -> Iterator[Remark]:
    """
    The planner knows how large kine is and what its keys look like.

    Why it matters
        On YugabyteDB statistics of an empty table (reltuples 0: never analysed, analysed while empty, or truncated
        since) make the planner read the whole table to look up one name, in each create and update (KT306); statistics
        of a few hundred rows make it read an index whole to count (docs/facts/measured.md §9). On PostgreSQL lists turn
        into whole reads.

    What to do
        kinetune analyze, or ANALYZE kine. It reads a sample, takes no lock that stops Kine, and needs the owner of the
        table. On PostgreSQL autovacuum repeats it (KT405). On YugabyteDB up to 2024.2 nothing does, and nothing has to:
        statistics of 2,000 rows, such as kinetune init gives a new table, serve to 500,000. A store of fewer rows is
        not analysed: that would give it plans for few rows.

    When to ignore
        The server's statistics counters were reset, after a crash or a failover: ANALYZE then costs nothing.

    Source
        pg_stat_user_tables and pg_class.reltuples; docs/facts/yugabytedb.md §4 and §6.9, docs/facts/measured.md §9
        and §11.
    """
    is_distributed = facts.server.flavour is Flavour.YUGABYTEDB
    for says in _outgrown(statistics, table) if is_distributed else _outdated(statistics):
        yield Remark(on="kine", says=says, do="kinetune analyze")


def _outgrown(statistics: Statistics, table: Relation) -> Iterator[str]:
    """reltuples, in live_rows, is the cluster's; the time of ANALYZE is one node's."""
    believed, rows = statistics.live_rows, table.size or 0
    if are_missing(believed, rows) and rows >= PLANTED_ROWS:
        yield f"at least {count(rows)} rows and statistics of none: each create and update reads the table"
    elif is_due(believed, table.counted) or rows > SERVES_UNTIL > believed:
        yield f"at least {count(rows)} rows and statistics of {count(believed)}: lists and counts go by the wrong plan"


def _outdated(statistics: Statistics) -> Iterator[str]:
    """At most one reason not to trust the statistics."""
    if statistics.analysed_at is None and statistics.live_rows >= FEW_ROWS:
        yield f"{count(statistics.live_rows)} rows and no ANALYZE on record: lists and reads go by guessed plans"
    elif _is_stale(statistics):
        changed = f"{count(statistics.changed_since_analysed)} changes since the last ANALYZE"
        share = format_percent(statistics.changed_since_analysed, max(statistics.live_rows, 1))
        yield f"{changed}, {share} of the rows: plans fit a store that is gone"


def _is_stale(statistics: Statistics) -> bool:
    changed = statistics.changed_since_analysed
    return changed > STALE_ROWS and changed > STALE_SHARE * statistics.live_rows
