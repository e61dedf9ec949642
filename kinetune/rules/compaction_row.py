from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Growth
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT114", Severity.ERROR)
def single_compaction_row(growth: Growth) -> Iterator[Remark]:
    """
    One row at most is called compact_rev_key.

    Why it matters
        Kine notes in that row how far it has compacted. With two, its UPDATE gives both the same prev_revision, which
        the unique index refuses: each compaction is rolled back and the table grows with every write. Without the
        unique index they hide each other, and revisions that are gone count as present.

    What to do
        Restart one Kine: at its start it keeps the newest of these rows and deletes the others.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §2.1 (Delete: at start only, when there is more than one such row; Compact and UpdateCompact
        run in one transaction).
    """
    if growth.compaction_rows > 1:
        yield Remark(
            on="compact_rev_key",
            says=f"{growth.compaction_rows} rows have this name: compaction cannot note its revision, "
            "and the table grows with every write",
            do="restart one Kine (K3s: systemctl restart k3s); it deletes all but the newest",
        )
