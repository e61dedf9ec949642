from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import STOPS_LISTS_EARLY
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.model.workload import MeasuredCall
from kinetune.rules.calls import describe_call, find_symptom
from kinetune.rules.rule import rule

LISTS = ("list", "list-page", "next-page", "old-page")
ELSE = "; if init has nothing to do, upgrade Kine: lists end early from v0.16.5 and v0.17.1 on"


@rule("KT301", Severity.WARNING)
def whole_table_reads(calls: tuple[MeasuredCall, ...], facts: Facts) -> Iterator[Remark]:
    """
    A frequent query reads the whole table to return a few rows.

    Why it matters
        Every object and every old revision is a row. A query that reads all of them becomes slower as the cluster
        grows, and kubectl and the watches of all controllers wait for it. On YugabyteDB the rows also cross the
        network: a poll, which every Kine sends once per second, takes 120 ms on a hash-sharded table with 50,000 rows
        and 7 ms on a range-sharded one (docs/facts/measured.md §3). PostgreSQL reads from memory, so the severity is
        lower there.

    What to do
        kinetune init creates the keys and indexes that the queries of this Kine release use. On PostgreSQL the lists of
        Kine up to v0.16.4 read the whole table with any index: 40 to 83 ms at 100,000 rows, against 2 ms with v0.16.5,
        v0.17.1 and newer (docs/facts/kine.md §0.2). Fewer revisions help every release: see KT501 and KT502.

    When to ignore
        The store is small and stays small. Below 10,000 rows a call is reported only if it took noticeable time.

    Source
        EXPLAIN of Kine's own statements on this store; docs/facts/measured.md §3, docs/facts/kine.md §4.
    """
    for measured, remark in find_symptom(calls, "whole-table-read"):
        yield Remark(
            on=measured.call.scenario,
            says=f"{describe_call(measured)}: {remark.says}",
            do=remark.do + (ELSE if _is_limited_by_kine(measured, facts) else ""),
            severity=remark.severity,
        )


def _is_limited_by_kine(measured: MeasuredCall, facts: Facts) -> bool:
    if facts.server.flavour is Flavour.YUGABYTEDB or measured.call.scenario not in LISTS:
        return False
    return not isinstance(facts.kine, Unknown) and STOPS_LISTS_EARLY.applies_to(facts.kine) is False
