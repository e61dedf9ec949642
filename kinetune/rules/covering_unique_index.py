from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.shape import guards
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rules.remedy import init
from kinetune.rules.rule import rule


@rule("KT105", Severity.WARNING)
def covering_unique_index(table: Relation, server: Server) -> Iterator[Remark]:
    """
    The unique index on (name, prev_revision) holds id as well.

    Why it matters
        The newest revision of an object is MAX(id) of its name. With id inside, this index answers alone, and
        kine_name_index and kine_name_id_index need not be kept beside it: on YugabyteDB each of them is one more write
        request for every write in the cluster (7 become 5, docs/facts/measured.md §6).

    What to do
        `kinetune init` builds the covering index beside the one in use and exchanges them while Kine runs.

    When to ignore
        PostgreSQL always passes: beside kine_list_query_index no call of any era read less with id in this one too, and
        writes paid for it (docs/profiles.md).

    Source
        docs/facts/kine.md §4 (index-only scans, Heap Fetches 0) and §0.6 (the exchange under writers: 0 errors).
    """
    if server.flavour is not Flavour.YUGABYTEDB:
        return
    covering = any(seen.valid and "id" in seen.index.include for seen in guards(table))
    for seen in guards(table):
        if seen.valid and not covering:
            yield Remark(
                on=seen.index.name,
                says="does not hold id: the newest revision of an object is not found in it alone, "
                "so kine_name_id_index has to be kept beside it, at the cost of every write",
                do=init(table),
            )
