from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Growth, Relation, Statistics, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule
from kinetune.rules.words import percent

FEW_ROWS = 1_000  # a fresh K3s store; below it every plan is quick
TENFOLD = 10
STALE_ROWS = 10_000  # changed rows that can turn a plan
STALE_SHARE = 0.5  # autovacuum analyses after a tenth: half means that it does not come


@rule("KT402", Severity.WARNING)
def analysed_statistics(facts: Facts, statistics: Statistics, table: Relation) -> Iterator[Remark]:
    """
    The planner knows how large kine is and what its keys look like.

    Why it matters
        Without statistics the planner guesses a thousand rows. On YugabyteDB the same index set then costs 4 or 97
        requests to read one object, a list 26 or 414; with them every set is near the best (docs/facts/measured.md
        §3). On PostgreSQL lists turn into whole reads.

    What to do
        kinetune analyze, or ANALYZE kine. It reads a sample, takes no lock that stops Kine, and needs the owner of the
        table. On PostgreSQL autovacuum repeats it (KT405). YugabyteDB does so only from 2025.2 and on new clusters:
        before that let a job do it each week. Its releases up to 2.20 use statistics only with
        yb_enable_optimizer_statistics (KT403).

    When to ignore
        The server's statistics counters were reset, after a crash or a failover: ANALYZE then costs nothing. On
        YugabyteDB, which counts no changes, a growth is told once the revisions since the last compaction alone are
        ten times the rows of the last ANALYZE.

    Source
        pg_stat_user_tables and pg_class.reltuples; docs/facts/yugabytedb.md §4 and §6.9, docs/facts/measured.md §3.
    """
    for says in _outdated(facts, statistics, table):
        yield Remark(on="kine", says=says, do="kinetune analyze")


def _outdated(facts: Facts, statistics: Statistics, table: Relation) -> Iterator[str]:
    """At most one reason not to trust the statistics."""
    is_distributed = facts.server.flavour is Flavour.YUGABYTEDB
    # On YugabyteDB the time is one node's and reltuples, in live_rows, the cluster's: nothing but 0 before ANALYZE.
    never = statistics.analysed_at is None and not (is_distributed and statistics.live_rows)
    rows = (table.max_id or 0) if is_distributed else statistics.live_rows
    if never and rows >= FEW_ROWS:
        what = "revisions" if is_distributed else "rows"
        yield f"{count(rows)} {what} and no ANALYZE on record: lists and reads go by guessed plans"
    elif is_distributed and (grown := _grown(facts.growth, statistics)):
        yield f"at least {count(grown)} rows now, {count(statistics.live_rows)} at the last ANALYZE: plans fit no more"
    elif _is_stale(statistics):
        changed = f"{count(statistics.changed_since_analysed)} changes since the last ANALYZE"
        share = percent(statistics.changed_since_analysed, max(statistics.live_rows, 1))
        yield f"{changed}, {share} of the rows: plans fit a store that is gone"


def _grown(growth: Growth | Unknown, statistics: Statistics) -> int:
    """Rows there are at least (compaction leaves newer ones alone), where they are ten times those analysed; else 0."""
    if isinstance(growth, Unknown):
        return 0
    least = growth.current_revision - (growth.compacted_revision or 0)
    return least if least > TENFOLD * max(statistics.live_rows, FEW_ROWS) else 0


def _is_stale(statistics: Statistics) -> bool:
    changed = statistics.changed_since_analysed
    return changed > STALE_ROWS and changed > STALE_SHARE * statistics.live_rows
