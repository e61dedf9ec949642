from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number, format_percent
from kinetune.model.facts import Facts, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule
from kinetune.servers.yugabytedb import PLANTED_ROWS, SERVES_UNTIL, are_missing, needs_analyze

FEW_ROWS = 1_000  # a new K3s store; with fewer rows every plan is fast
STALE_ROWS = 10_000  # changed rows that can change a plan
STALE_SHARE = 0.5  # autovacuum analyzes after 10 %, so 50 % means that it does not run


@rule("KT402", Severity.WARNING)
def stale_statistics(facts: Facts, statistics: Statistics, table: Relation) -> Iterator[Remark]:
    """
    The statistics of kine are missing or out of date.

    Why it matters
        If statistics are missing on YugabyteDB (reltuples is 0: the table was never analyzed, was empty then, or was
        truncated since), the planner reads the whole table to look up one name, in each create and update (KT306). With
        statistics of a few hundred rows it reads a whole index to count (docs/facts/measured.md §9). On PostgreSQL
        lists may read the whole table.

    What to do
        Run kinetune analyze, or ANALYZE kine as the owner of the table. It reads a sample and takes no lock that blocks
        Kine. On PostgreSQL autovacuum repeats it (KT405). YugabyteDB up to 2024.2 does not repeat it, and does not need
        to: statistics of 2,000 rows, which kinetune init gives a new table, remain suitable up to 500,000 rows. Do not
        analyze a smaller store there: it would get plans for few rows.

    When to ignore
        The statistics counters of the server were reset, after a crash or a failover. ANALYZE is then harmless.

    Source
        pg_stat_user_tables and pg_class.reltuples; docs/facts/yugabytedb.md §4 and §6.9, docs/facts/measured.md §9 and
        §11.
    """
    is_distributed = facts.server.flavour is Flavour.YUGABYTEDB
    for says in _check_yugabytedb(statistics, table) if is_distributed else _check_postgresql(statistics):
        yield Remark(on="kine", says=says, do="kinetune analyze")


def _check_yugabytedb(statistics: Statistics, table: Relation) -> Iterator[str]:
    """Compares reltuples (in live_rows), which is the same on all nodes; the time of ANALYZE is known to one node "
    "only."""
    believed, rows = statistics.live_rows, table.size or 0
    # A small table is not analyzed on purpose: statistics of few rows would stay in use while it grows.
    if are_missing(believed, rows) and rows >= PLANTED_ROWS:
        yield f"at least {format_number(rows)} rows but no statistics: each create and update reads the table"
    elif needs_analyze(believed, table.counted) or rows > SERVES_UNTIL > believed:
        counted = f"at least {format_number(rows)} rows and statistics of {format_number(believed)}"
        yield f"{counted}: lists and counts use unsuitable plans"


def _check_postgresql(statistics: Statistics) -> Iterator[str]:
    """At most one reason why the statistics are not usable."""
    if statistics.analysed_at is None and statistics.live_rows >= FEW_ROWS:
        yield f"{format_number(statistics.live_rows)} rows but no recorded ANALYZE: plans are based on guesses"
    elif _is_stale(statistics):
        changed = f"{format_number(statistics.changed_since_analysed)} changes since the last ANALYZE"
        share = format_percent(statistics.changed_since_analysed, max(statistics.live_rows, 1))
        yield f"{changed}, {share} of the rows: plans are based on an outdated state of the store"


def _is_stale(statistics: Statistics) -> bool:
    changed = statistics.changed_since_analysed
    return changed > STALE_ROWS and changed > STALE_SHARE * statistics.live_rows
