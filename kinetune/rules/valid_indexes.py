from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.shape import NAMES, guards, leftover
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.remedy import by_hand, drop_index
from kinetune.rules.rule import rule


@rule("KT109", Severity.ERROR)
def valid_indexes(table: Relation, server: Server) -> Iterator[Remark]:
    """
    No index of kine is invalid or half built.

    Why it matters
        A build that was cancelled, timed out or met a duplicate leaves an index that no query may use and that each
        write may still feed. Kine does not mend it: its CREATE INDEX IF NOT EXISTS finds the name taken and skips it at
        every start, so lists stay slow for ever.

    What to do
        Under one of Kine's names `kinetune init` builds it anew and drops the remains. Another name is yours to drop.

    When to ignore
        While a build is running the index is invalid too: look again when it is done (pg_stat_progress_create_index).
        An invalid unique guard is KT104's, what kinetune itself left (kinetune_new_…) KT110's.

    Source
        docs/facts/measured.md §7 for YugabyteDB; the same on PostgreSQL after CREATE INDEX CONCURRENTLY.
    """
    guarded = {seen.index.name for seen in guards(table)} if not any(seen.valid for seen in guards(table)) else set()
    for seen in table.indexes:
        name = seen.index.name
        if seen.valid or leftover(name) or name in guarded:
            continue
        drop = drop_index(name, server, table)
        if name in NAMES:
            says = "is invalid: no query uses it, and Kine skips the name at every start instead of building it"
            yield Remark(on=name, says=says, do=f"{drop}; restart Kine" if by_hand(table) else "kinetune init")
        else:
            says = "is invalid: no query uses it, and writes may still feed it; a build was cancelled, or is running"
            yield Remark(on=name, says=says, do=drop)
