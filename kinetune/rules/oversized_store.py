from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule

LARGE = 2 * 1024**3  # etcd's default quota (--quota-backend-bytes), above which it is read-only
INDEXED = 100 * 1024**2  # in a small store page overhead can make indexes larger than the table


@rule("KT505", Severity.INFO)
def oversized_store(table: Relation) -> Iterator[Remark | Unknown]:
    """
    The store is larger than etcd allows, or its indexes are larger than its table.

    Why it matters
        etcd stops writing at 2 GiB by default, so Kubernetes is not designed for more: a starting API server reads all
        of it. Indexes that are larger than the rows are written with each row; three of Kine's six indexes are not
        needed (docs/facts/measured.md §4: without them 26 % less index bytes and 16 % less WAL).

    What to do
        KT501 to KT506 show what fills the store: old revisions, gap rows, free space, one resource. kinetune init
        replaces the indexes that no query uses.

    When to ignore
        The cluster really has that many objects.

    Source
        pg_table_size and pg_relation_size. YugabyteDB shows no size of indexes, and no size at all of a colocated table
        (docs/facts/yugabytedb.md §3.8 and §6.7).
    """
    if table.bytes is None:
        yield Unknown("the size of kine is unknown (YugabyteDB shows none for colocated tables)")
        return
    # YugabyteDB shows no index sizes: they count as 0, and the second check passes.
    all_indexes = (table.primary_key, *table.indexes)
    indexes = sum(seen.bytes or 0 for seen in all_indexes if seen is not None)
    if table.bytes + indexes > LARGE:
        yield Remark(
            on="kine",
            says=f"{format_bytes(table.bytes)} of rows and {format_bytes(indexes)} of indexes: the default limit of "
            "etcd is 2 GiB",
            do="kinetune check --select KT5 shows what fills it",
        )
    if indexes > max(table.bytes, INDEXED):
        yield Remark(
            on="indexes of kine",
            says=f"{format_bytes(indexes)} of indexes on {format_bytes(table.bytes)} of rows: each write has to "
            "update all of them",
            do="kinetune init --dry-run; if it has nothing to do: REINDEX TABLE CONCURRENTLY kine",
        )
