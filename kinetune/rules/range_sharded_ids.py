from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Order
from kinetune.rules.remedy import init
from kinetune.rules.rule import rule


@rule("KT103", Severity.ERROR)
def range_sharded_ids(table: Relation) -> Iterator[Remark]:
    """
    The primary key of kine is sharded by range.

    Why it matters
        Every list asks for MAX(id), every watch for id > n. Sharded by hash, both read the whole table and grow with
        it: 36 to 150 ms at 50,000 rows, where range takes one request (docs/facts/measured.md §3).

    What to do
        `kinetune init` makes new tables so. A store that is hashed already is built anew beside itself, with Kine
        stopped: `kinetune init --allow REBUILD` (docs/rebuild.md).

    When to ignore
        Never on YugabyteDB. PostgreSQL has one order and always passes.

    Source
        docs/facts/yugabytedb.md §3.1: YugabyteDB makes the first key column HASH unless told otherwise.
    """
    if table.primary_key and table.primary_key.index.keys[0].order is Order.HASH:
        yield Remark(
            on="kine",
            says="ids are sharded by hash: each list and each watch poll reads the whole table",
            do=init(table),
        )
