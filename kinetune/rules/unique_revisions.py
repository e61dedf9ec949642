from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import UNIQUE
from kinetune.kine.shape import guards, stranger
from kinetune.model.facts import Relation, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedy import UNTUNED, by_hand
from kinetune.rules.rule import rule

DUPLICATES = "SELECT name, prev_revision, count(*) FROM kine GROUP BY 1, 2 HAVING count(*) > 1"
MAKE = f"CREATE UNIQUE INDEX {UNIQUE.name} ON kine (name ASC, prev_revision ASC) INCLUDE (id)"


@rule("KT104", Severity.ERROR)
def unique_revisions(table: Relation) -> Iterator[Remark | Unknown]:
    """
    No two rows of kine have the same name and prev_revision.

    Why it matters
        This unique index is all that stops two writers who both saw the same revision of an object. Without it both
        succeed: an update is lost without an error, and a deleted object may reappear (kine#408).

    What to do
        `kinetune init` builds it beside the running Kine. Where rows are there twice already the build fails and names
        one of them; this shows all, to be resolved with Kine stopped: `SELECT name, prev_revision, count(*) FROM kine
        GROUP BY 1, 2 HAVING count(*) > 1`. An invalid index has to be dropped first, which init does: Kine's own CREATE
        INDEX IF NOT EXISTS would skip the name for ever.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §3 and §7; docs/facts/measured.md §7 for what a failed build leaves.
    """
    if why := stranger(table):
        yield Unknown(f"kine {why}")
        return
    found = guards(table)
    if any(seen.valid for seen in found):
        return
    lost = "two writers of one object both succeed, updates are lost and deleted objects reappear"
    for seen in found:
        says = f"is invalid, and does not keep (name, prev_revision) unique: {lost}"
        do = f"DROP INDEX {seen.index.name}; {MAKE}" if by_hand(table) else "kinetune init"
        yield Remark(on=seen.index.name, says=says, do=f"{do}; where that fails: {DUPLICATES}")
    if not found:
        do = UNTUNED if table.kind == "p" else MAKE if by_hand(table) else "kinetune init"
        says = f"is missing, and nothing else keeps (name, prev_revision) unique: {lost}"
        yield Remark(on=UNIQUE.name, says=says, do=f"{do}; where that fails: {DUPLICATES}")
