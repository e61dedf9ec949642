from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.table_shape import is_leftover
from kinetune.model.facts import Order, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedies import init_command
from kinetune.rules.rule import rule

FOLLOWS = {
    "name": "a list or count of a prefix (all pods) cannot use it, and keys are not in order",
    "id": "revisions are not in order, so it cannot find the newest revision or the rows of a watch or compaction",
    "prev_revision": "every new object has prev_revision 0, so all creates write to one tablet",
}


@rule("KT106", Severity.WARNING)
def hash_sharded_indexes(table: Relation) -> Iterator[Remark]:
    """
    An index of kine is sharded by hash.

    Why it matters
        Kine queries ranges: all keys with a prefix, all revisions after a given one. An index with a hash-sharded first
        column finds single values only. With 50,000 rows the planner joined a list of Kine v0.17.5 through
        kine_list_query_index hash-sharded by name: 414 storage requests and 7 s for one page, against 26 requests and
        0.16 s with range sharding (docs/facts/measured.md §3 and §5).

    What to do
        `kinetune init` builds each index with range sharding and exchanges it for the current one. If the ids are
        hash-sharded too (KT103), the table is rebuilt with Kine stopped: `kinetune init --allow REBUILD`.

    When to ignore
        An index of your own that is used for single values. PostgreSQL has no hash-sharded indexes of this kind and
        always passes.

    Source
        docs/facts/yugabytedb.md §3.1 and §3.5. Placeholders (`WHERE false`) contain no rows and are not checked.
    """
    for seen in table.indexes:
        index = seen.index
        # KT109 reports invalid indexes and KT110 leftovers; a placeholder contains no rows.
        skipped = index.placeholder or not seen.valid or is_leftover(index.name)
        if not skipped and index.keys and index.keys[0].order is Order.HASH:
            column = index.keys[0].column
            follows = FOLLOWS.get(column, "it cannot be used for ranges")
            yield Remark(on=index.name, says=f"is sharded by hash of {column}: {follows}", do=init_command(table))
