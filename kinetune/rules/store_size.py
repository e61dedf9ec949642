from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes
from kinetune.model.facts import Relation, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule

LARGE = 2 * 1024**3  # etcd's own quota (--quota-backend-bytes): there a cluster of this size would be read-only
INDEXED = 100_000_000  # below it indexes larger than the table are a matter of pages


@rule("KT505", Severity.INFO)
def store_size(table: Relation) -> Iterator[Remark | Unknown]:
    """
    The store is of a size that Kubernetes is used to, and its indexes are smaller than its table.

    Why it matters
        etcd stops writing at 2 GB unless told otherwise, so nothing in Kubernetes is made for more: an API server that
        starts reads all of it. Indexes larger than the rows are written with each of them; three of Kine's six serve
        nobody (docs/facts/measured.md §4: 26 % of the index bytes and 16 % of WAL saved without them).

    What to do
        Look at KT501 to KT506 for what fills it: old revisions, gap rows, empty space, one resource. kinetune init
        leaves out the indexes that no query uses.

    When to ignore
        The cluster is as large as that.

    Source
        pg_table_size and pg_relation_size. YugabyteDB tells nothing of its indexes, and nothing at all of a colocated
        table (docs/facts/yugabytedb.md §3.8 and §6.7).
    """
    if table.bytes is None:
        yield Unknown("the server tells no size of kine (colocated tables of YugabyteDB have none)")
        return
    every = (table.primary_key, *table.indexes)
    indexes = sum(seen.bytes or 0 for seen in every if seen is not None)
    if table.bytes + indexes > LARGE:
        yield Remark(
            on="kine",
            says=f"{format_bytes(table.bytes)} of rows and {format_bytes(indexes)} of indexes: etcd would have stopped at 2 GB",
            do="kinetune check --select KT5 shows what fills it",
        )
    if indexes > max(table.bytes, INDEXED):
        yield Remark(
            on="indexes of kine",
            says=f"{format_bytes(indexes)} of indexes on {format_bytes(table.bytes)} of rows: each write pays for all of them",
            do="kinetune init --dry-run; REINDEX TABLE CONCURRENTLY kine where nothing is left to do",
        )
