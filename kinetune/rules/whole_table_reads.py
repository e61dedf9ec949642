from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import STOPS_LISTS_EARLY
from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.workload import Measured
from kinetune.rules.rule import rule
from kinetune.rules.words import in_words, suffering

LISTS = ("list", "list-page", "next-page", "old-page")
ELSE = "; where that is empty no index helps this Kine: v0.16.5 and v0.17.1 were the first whose lists stop early"


@rule("KT301", Severity.WARNING)
def whole_table_reads(calls: tuple[Measured, ...], facts: Facts) -> Iterator[Remark]:
    """
    No hot query reads the whole table to keep a few rows.

    Why it matters
        Each object and each old revision is a row. A query that reads all of them slows down while the cluster grows,
        until kubectl and the watches of every controller wait for it. On YugabyteDB the rows also cross the network:
        a poll of a hash-sharded table takes 120 ms at 50,000 rows, by range 7 ms (docs/facts/measured.md §3); it is
        sent each second by every Kine. PostgreSQL reads from memory: a warning there.

    What to do
        kinetune init prepares the keys and indexes that the era's queries use. On PostgreSQL the lists of Kine up to
        v0.16.4 read everything with any index: 40 to 83 ms at 100,000 rows, against 2 ms from v0.16.5 and v0.17.1 on
        (docs/facts/kine.md §0.2). Fewer revisions help every release: see KT501 and KT502.

    When to ignore
        The store is small and stays so. Below 10,000 rows a call is named only where it took noticeable time.

    Source
        EXPLAIN of Kine's own statements on this store; docs/facts/measured.md §3, docs/facts/kine.md §4.
    """
    for measured, remark in suffering(calls, "whole-table-read"):
        yield Remark(
            on=measured.call.scenario,
            says=f"{in_words(measured)}: {remark.says}",
            do=remark.do + (ELSE if _is_bound_to_kine(measured, facts) else ""),
            severity=remark.severity,
        )


def _is_bound_to_kine(measured: Measured, facts: Facts) -> bool:
    if facts.server.flavour is Flavour.YUGABYTEDB or measured.call.scenario not in LISTS:
        return False
    return not isinstance(facts.kine, Unknown) and STOPS_LISTS_EARLY.of(facts.kine) is False
