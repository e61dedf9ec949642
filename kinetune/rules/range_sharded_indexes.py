from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.shape import leftover
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Order
from kinetune.rules.remedy import init
from kinetune.rules.rule import rule

FOLLOWS = {
    "name": "a list or count of a prefix (all pods) cannot seek in it, nor read keys in order",
    "id": "revisions are not in order in it: newest revision, watch and compaction cannot seek",
    "prev_revision": "every new object has prev_revision 0, so creates crowd one shard",
}


@rule("KT106", Severity.WARNING)
def range_sharded_indexes(table: Relation) -> Iterator[Remark]:
    """
    Every index of kine is sharded by range.

    Why it matters
        Kine asks for ranges: all keys of a prefix, all revisions after one. An index whose first column is hashed
        serves single values only. With 50,000 rows the planner joined a list of Kine v0.17.5 through
        kine_list_query_index hashed by name: 414 storage requests and 7 s for one page, against 26 and 0.16 s with
        range (docs/facts/measured.md §3 and §5).

    What to do
        `kinetune init` builds each index by range beside the one in use and exchanges them. A store whose ids are
        hashed as well (KT103) is built anew: `kinetune init --allow REBUILD`, with Kine stopped.

    When to ignore
        An index of your own that serves single values may be hashed. PostgreSQL has one order and always passes.

    Source
        docs/facts/yugabytedb.md §3.1 and §3.5; placeholders (`WHERE false`) hold no rows and are left out.
    """
    for seen in table.indexes:
        index = seen.index
        skipped = index.placeholder or not seen.valid or leftover(index.name)
        if not skipped and index.keys and index.keys[0].order is Order.HASH:
            column = index.keys[0].column
            follows = FOLLOWS.get(column, "ranges cannot seek in it")
            yield Remark(on=index.name, says=f"is sharded by hash of {column}: {follows}", do=init(table))
