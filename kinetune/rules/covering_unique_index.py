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
        request for every write in the cluster (7 become 5, docs/facts/measured.md §6), on PostgreSQL the two are 16 %
        of the WAL and 26 % of the index bytes of an insert (§4).

    What to do
        `kinetune init` builds the covering index beside the one in use and exchanges them while Kine runs.

    When to ignore
        On PostgreSQL it costs room and writes, not the speed of lists: info there. Releases before PostgreSQL 11 have
        no such index.

    Source
        docs/facts/kine.md §4 (index-only scans, Heap Fetches 0) and §0.6 (the exchange under writers: 0 errors).
    """
    if not server.can("covering_index"):
        return
    covering = any(seen.valid and "id" in seen.index.include for seen in guards(table))
    for seen in guards(table):
        if seen.valid and not covering:
            yield Remark(
                on=seen.index.name,
                says="does not hold id: the newest revision of an object is not found in it alone, "
                "so kine_name_id_index has to be kept beside it, at the cost of every write",
                do=init(table),
                severity=Severity.WARNING if server.flavour is Flavour.YUGABYTEDB else Severity.INFO,
            )
