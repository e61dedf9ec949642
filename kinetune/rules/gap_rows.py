from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_percent
from kinetune.model.facts import Growth, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule

MANY = 1_000  # a conflict leaves one, and compaction takes it away: a healthy store has some
SHARE = 0.2


@rule("KT503", Severity.WARNING)
def gap_rows(growth: Growth, table: Relation) -> Iterator[Remark]:
    """
    Few revisions are missing that Kine had to fill.

    Why it matters
        Kine takes a missing id for a write that is still under way: watches stand still until it has put a row called
        gap-N into the hole, one poll and one INSERT each, 25 to 30 ids a second on YugabyteDB (docs/facts/measured.md
        §1). A jump of a thousand ids held a watch back by 7 s on a local PostgreSQL (docs/facts/kine.md §0.8).

    What to do
        Look for the cause: a sequence that caches ids (KT201), writes that fail again and again (Kine's log: `insert
        error`), or another program that draws from the sequence. The rows themselves go with compaction.

    When to ignore
        The cause is mended, and compaction has not passed yet.

    Source
        Rows named gap-N, counted along the index on name up to 100,000, or estimated where the name is not in the
        order of bytes.
    """
    if growth.gap_rows <= MANY:
        return
    share = growth.gap_rows / table.size if table.size else 0.0
    least = "at least " if growth.gap_rows >= growth.gap_limit else ""
    of_all = f", {format_percent(growth.gap_rows, table.size)} of all rows" if table.size else ""
    yield Remark(
        on="kine",
        says=f"{least}{count(growth.gap_rows)} revisions were missing and filled{of_all}: watches waited for each",
        do="kinetune check --select KT2 shows whether the sequence is at fault; kinetune init mends it",
        severity=Severity.ERROR if share > SHARE else Severity.WARNING,
    )
