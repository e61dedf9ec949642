from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import MeasuredCall
from kinetune.rules.calls import describe_call, find_symptom
from kinetune.rules.rule import rule


@rule("KT307", Severity.WARNING)
def unbounded_lists(calls: tuple[MeasuredCall, ...]) -> Iterator[Remark]:
    """
    A list reads every revision of the store to return one page.

    Why it matters
        The later pages of a list select revisions up to a number. If YugabyteDB's planner expects that one resource has
        most of the rows, it reads the primary key from its beginning up to that number and filters the prefix: 101 ms
        for a page of 4,000 pods among 50,000 rows, against 48 ms with kine_list_query_index, both with 26 requests
        (YugabyteDB 2.21, Kine v0.17.5: docs/facts/measured.md §11). The time grows with the store instead of the
        resource.

    What to do
        The statistics that kinetune init gives a new table avoid this plan. A store that was analyzed with its own rows
        keeps its statistics; fewer revisions help (KT501, KT502), and so does kinetune init --rebuild with Kine
        stopped.

    When to ignore
        Pages are fast enough for you. Writes and reads of single objects are not affected.

    Source
        EXPLAIN of Kine's own statements on this store; docs/facts/measured.md §9 and §11.
    """
    for measured, remark in find_symptom(calls, "unbound-list"):
        yield Remark(
            on=measured.call.scenario,
            says=f"{describe_call(measured)}: {remark.says}",
            do=remark.do,
            severity=remark.severity,
        )
