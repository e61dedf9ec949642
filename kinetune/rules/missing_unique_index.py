from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import UNIQUE
from kinetune.kine.table_shape import describe_unusable, find_unique_indexes
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.remedies import UNTUNED, needs_manual_change
from kinetune.rules.rule import rule

DUPLICATES = "SELECT name, prev_revision, count(*) FROM kine GROUP BY 1, 2 HAVING count(*) > 1"
MAKE = f"CREATE UNIQUE INDEX {UNIQUE.name} ON kine (name ASC, prev_revision ASC) INCLUDE (id)"


@rule("KT104", Severity.ERROR)
def missing_unique_index(table: Relation) -> Iterator[Remark | Unknown]:
    """
    There is no valid unique index on (name, prev_revision).

    Why it matters
        Only this index stops two writers that both read the same revision of an object. Without it both succeed: an
        update is lost without an error, and a deleted object may reappear (kine#408).

    What to do
        `kinetune init` builds the index while Kine runs. If the table already contains duplicates, the build fails and
        names one of them. This statement shows all of them; resolve them with Kine stopped: `SELECT name,
        prev_revision, count(*) FROM kine GROUP BY 1, 2 HAVING count(*) > 1`. An invalid index must be dropped first,
        which init does, because Kine's own CREATE INDEX IF NOT EXISTS skips an existing name.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §3 and §7; docs/facts/measured.md §7 for what a failed build leaves behind.
    """
    if why := describe_unusable(table):
        yield Unknown(f"kine {why}")
        return
    found = find_unique_indexes(table)
    if any(seen.valid for seen in found):
        return
    lost = "concurrent updates of one object are lost, and deleted objects may reappear"
    # An invalid index has to be dropped first, because CREATE INDEX IF NOT EXISTS skips its name.
    for seen in found:
        says = f"is invalid and does not enforce unique (name, prev_revision): {lost}"
        do = f"DROP INDEX {seen.index.name}; {MAKE}" if needs_manual_change(table) else "kinetune init"
        yield Remark(on=seen.index.name, says=says, do=f"{do}; if that fails, find the duplicates: {DUPLICATES}")
    if not found:
        do = UNTUNED if table.kind == "p" else MAKE if needs_manual_change(table) else "kinetune init"
        says = f"is missing, and no other index enforces unique (name, prev_revision): {lost}"
        yield Remark(on=UNIQUE.name, says=says, do=f"{do}; if that fails, find the duplicates: {DUPLICATES}")
