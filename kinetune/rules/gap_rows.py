from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number, format_percent
from kinetune.model.facts import Growth, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule

MANY = 1_000  # every conflict leaves one until compaction removes it: a healthy store has some
SHARE = 0.2


@rule("KT503", Severity.WARNING)
def gap_rows(growth: Growth, table: Relation) -> Iterator[Remark]:
    """
    Kine had to fill many missing revisions.

    Why it matters
        Kine treats a missing id as a write in progress: watches wait until Kine has inserted a row named gap-N for it,
        one poll and one INSERT each, 25 to 30 ids per second on YugabyteDB (docs/facts/measured.md §1). A gap of 1,000
        ids delayed a watch by 7 s on a local PostgreSQL (docs/facts/kine.md §0.8).

    What to do
        Find the cause: a sequence that caches ids (KT201), writes that fail repeatedly (`insert error` in Kine's log),
        or another program that uses the sequence. Compaction removes the rows.

    When to ignore
        The cause is fixed, and compaction has not run since.

    Source
        Rows named gap-N, counted with the index on name up to 100,000, or estimated if names are not sorted by bytes.
    """
    if growth.gap_rows <= MANY:
        return
    share = growth.gap_rows / table.size if table.size else 0.0
    least = "at least " if growth.gap_rows >= growth.gap_limit else ""
    of_all = f", {format_percent(growth.gap_rows, table.size)} of all rows" if table.size else ""
    yield Remark(
        on="kine",
        says=f"{least}{format_number(growth.gap_rows)} missing revisions were filled{of_all}: watches waited for "
        "each of them",
        do="kinetune check --select KT2 shows whether the sequence is the cause; kinetune init corrects it",
        severity=Severity.ERROR if share > SHARE else Severity.WARNING,
    )
