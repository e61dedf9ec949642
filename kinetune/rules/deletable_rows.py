from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number, format_percent
from kinetune.model.facts import Facts, Growth, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.compaction_lag import compaction_remedy
from kinetune.rules.rule import rule

MANY = 50_000  # fifty batches of compaction; fewer rows are deleted within the next runs
SHARE = 0.5  # the table would be half as large


@rule("KT502", Severity.WARNING)
def deletable_rows(growth: Growth, table: Relation, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Most rows of kine are old revisions that compaction may delete.

    Why it matters
        Superseded revisions and deleted objects older than the newest 1,000 revisions are not needed, but every list
        reads through them: of 990,000 rows in one store 7,945 remained after compaction had caught up (k3s#9256).

    What to do
        As for KT501: make sure that compaction runs and completes. If the compacted revision is recent and the rows are
        still there, compaction deletes fewer rows than it should: look for `COMPACT deleted` in Kine's log.

    When to ignore
        Compaction is catching up. The number is an estimate from a sample; on YugabyteDB only the oldest and the newest
        1,000 revisions are sampled.

    Source
        A sample of growth.sampled_rows rows; docs/facts/kine.md §7.
    """
    if growth.deletable_rows <= MANY:
        return
    # Without the number of rows the share is unknown, and 50,000 may be few.
    if table.size is None:
        yield Unknown("the number of rows in kine is unknown: run ANALYZE kine")
    elif growth.deletable_rows > SHARE * table.size:
        yield Remark(
            on="kine",
            says=f"about {format_number(growth.deletable_rows)} of {format_number(table.size)} rows "
            f"({format_percent(growth.deletable_rows, table.size)}) are old revisions that compaction may delete",
            do=compaction_remedy(facts.kine),
        )
