from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import Measured
from kinetune.rules.rule import rule
from kinetune.rules.words import in_words, suffering


@rule("KT307", Severity.WARNING)
def unbound_lists(calls: tuple[Measured, ...]) -> Iterator[Remark]:
    """
    No list reads every revision of the store to return one page.

    Why it matters
        The later pages of a list ask for revisions up to a number. Where YugabyteDB's planner believes that one
        resource holds most rows it reads the primary key from its beginning up to that number and filters the prefix on
        the way: 101 ms for a page of 4,000 pods among 50,000 rows, 48 ms by kine_list_query_index, both in 26 requests
        (YugabyteDB 2.21, Kine v0.17.5: docs/facts/measured.md §11). It grows with the store, not with the resource.

    What to do
        The statistics that kinetune init gives a new table avoid it. A store that was analysed with its own rows keeps
        its statistics; fewer revisions help it (KT501, KT502), and so does kinetune init --rebuild, with Kine stopped.

    When to ignore
        Where pages are quick enough for you: writes and reads of one object are not concerned.

    Source
        EXPLAIN of Kine's own statements on this store; docs/facts/measured.md §9 and §11.
    """
    for measured, remark in suffering(calls, "unbound-list"):
        yield Remark(
            on=measured.call.scenario,
            says=f"{in_words(measured)}: {remark.says}",
            do=remark.do,
            severity=remark.severity,
        )
