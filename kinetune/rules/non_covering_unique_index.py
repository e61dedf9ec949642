from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.table_shape import find_unique_indexes
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rules.remedies import init_command
from kinetune.rules.rule import rule


@rule("KT105", Severity.WARNING)
def non_covering_unique_index(table: Relation, server: Server) -> Iterator[Remark]:
    """
    The unique index on (name, prev_revision) does not include id.

    Why it matters
        The newest revision of an object is MAX(id) of its name. If the unique index includes id, it answers this query
        alone, and kine_name_index and kine_name_id_index can be placeholders. On YugabyteDB each of them costs one
        write request for every write of the cluster (7 become 5, docs/facts/measured.md §6).

    What to do
        `kinetune init` builds the covering index and exchanges it for the current one while Kine runs.

    When to ignore
        PostgreSQL always passes: with kine_list_query_index, no query of any release read less with id in this index,
        and every write paid for it (docs/profiles.md).

    Source
        docs/facts/kine.md §4 (index-only scans, Heap Fetches 0) and §0.6 (the exchange during writes: no errors).
    """
    if server.flavour is not Flavour.YUGABYTEDB:
        return
    # One covering index is enough, whatever its name is.
    covering = any(seen.valid and "id" in seen.index.include for seen in find_unique_indexes(table))
    for seen in find_unique_indexes(table):
        if seen.valid and not covering:
            yield Remark(
                on=seen.index.name,
                says="does not include id: the newest revision of an object cannot be read from this index alone, "
                "so every write also has to update kine_name_id_index",
                do=init_command(table),
            )
