from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Order, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedies import init_command
from kinetune.rules.rule import rule


@rule("KT103", Severity.ERROR)
def hash_sharded_ids(table: Relation) -> Iterator[Remark]:
    """
    The primary key of kine is sharded by hash.

    Why it matters
        Every list selects MAX(id), every watch selects id > n. On a hash-sharded key both read the whole table, and the
        time grows with it: 36 to 150 ms at 50,000 rows, where a range-sharded key needs one request
        (docs/facts/measured.md §3).

    What to do
        `kinetune init` creates new tables with range-sharded ids. An existing table is rebuilt with Kine stopped:
        `kinetune init --allow REBUILD` (docs/rebuild.md).

    When to ignore
        Never on YugabyteDB. PostgreSQL has no hash-sharded keys and always passes.

    Source
        docs/facts/yugabytedb.md §3.1: the first key column is HASH by default.
    """
    if table.primary_key and table.primary_key.index.keys[0].order is Order.HASH:
        yield Remark(
            on="kine",
            says="ids are sharded by hash: every list and every watch poll reads the whole table",
            do=init_command(table),
        )
