from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.table_shape import NAMES, find_unique_indexes, is_leftover
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.remedies import drop_index_statement, needs_manual_change
from kinetune.rules.rule import rule


@rule("KT109", Severity.ERROR)
def invalid_indexes(table: Relation, server: Server) -> Iterator[Remark]:
    """
    An index of kine is invalid.

    Why it matters
        An index build that was cancelled, timed out or found a duplicate leaves an index that no query uses and that
        writes may still have to update. Kine does not repair it: its CREATE INDEX IF NOT EXISTS finds the name and
        skips it at every start, so lists stay slow.

    What to do
        `kinetune init` rebuilds an invalid index with one of Kine's names and drops the invalid one. Drop an index with
        another name yourself.

    When to ignore
        An index is also invalid while it is being built: check again after the build (pg_stat_progress_create_index).
        KT104 reports an invalid unique index, KT110 an index that kinetune left behind (kinetune_new_…).

    Source
        docs/facts/measured.md §7 for YugabyteDB; PostgreSQL behaves alike after CREATE INDEX CONCURRENTLY.
    """
    guarded = (
        {seen.index.name for seen in find_unique_indexes(table)}
        if not any(seen.valid for seen in find_unique_indexes(table))
        else set()
    )
    for seen in table.indexes:
        name = seen.index.name
        if seen.valid or is_leftover(name) or name in guarded:
            continue
        drop = drop_index_statement(name, server, table)
        if name in NAMES:
            says = "is invalid: no query uses it, and Kine does not rebuild it because the name exists"
            yield Remark(
                on=name, says=says, do=f"{drop}; restart Kine" if needs_manual_change(table) else "kinetune init"
            )
        else:
            says = "is invalid: no query uses it, but writes may have to update it; a build was cancelled or is running"
            yield Remark(on=name, says=says, do=drop)
