from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_percent
from kinetune.model.facts import Facts, Growth, Relation, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.rules.compaction_lag import who_compacts
from kinetune.rules.rule import rule

MANY = 50_000  # fifty batches of compaction; less is gone within the next rounds
SHARE = 0.5  # the table would be half as large


@rule("KT502", Severity.WARNING)
def deletable_rows(growth: Growth, table: Relation, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Most rows of kine are objects that exist, not their past.

    Why it matters
        Superseded revisions and deleted objects older than the newest 1,000 revisions serve nobody, and every list
        reads through them: of 990,000 rows in one store 7,945 were left once compaction had caught up (k3s#9256).

    What to do
        As for KT501: see that compaction runs, and finishes. Where the compacted revision is recent and the rows are
        still there, compaction deletes less than it says: look into Kine's log for `COMPACT deleted`.

    When to ignore
        Compaction is catching up. The number is an estimate from a sample; on YugabyteDB from the oldest and the
        newest 1,000 revisions alone.

    Source
        A sample of rows, as large as growth.sampled_rows; docs/facts/kine.md §7.
    """
    if growth.deletable_rows <= MANY:
        return
    if table.size is None:
        yield Unknown("nobody knows how many rows kine has: ANALYZE kine")
    elif growth.deletable_rows > SHARE * table.size:
        yield Remark(
            on="kine",
            says=f"about {count(growth.deletable_rows)} of {count(table.size)} rows "
            f"({format_percent(growth.deletable_rows, table.size)}) are old revisions that compaction may delete",
            do=who_compacts(facts.kine),
        )
