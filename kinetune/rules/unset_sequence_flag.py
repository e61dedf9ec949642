from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.remedies import SET_SEQUENCE_FLAG
from kinetune.rules.rule import rule
from kinetune.servers.sequence_flag import SEQUENCE_FLAG, minimum_caches


@rule("KT206", Severity.ERROR)
def unset_sequence_flag(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    A YugabyteDB tserver does not have ysql_sequence_cache_minval=1.

    Why it matters
        The cache of kine_id_seq matters (KT201), and this flag sets its minimum whenever the sequence is created or
        altered: by Kine's start on an empty database, by KINE_SCHEMA_MIGRATION, by a restore. One node with the default
        of 100 is enough to raise the cache to 100, and no SQL statement lowers it on that node. docs/facts/measured.md
        §1 shows what then happens to watches and to acknowledged objects.

    What to do
        Set ysql_sequence_cache_minval=1 on every tserver and restart it: `yugabyted start --tserver_flags=…`,
        gflags.tserver of the Helm chart, or the option of yb-tserver (kinetune render writes all of them).

    When to ignore
        Never while a Kine may start on this cluster.

    Source
        docs/facts/yugabytedb.md §2. The flag is observed through the cache of a new sequence (--probe) and through
        HTTP. HTTP may show a value that is not in effect (§2.4), so the probe takes precedence.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    caches = minimum_caches(facts)
    high = {node: cache for node, cache in caches.items() if cache is not None and cache > 1}
    if high:
        yield Remark(
            on=SEQUENCE_FLAG,
            says=f"is {max(high.values())} on {', '.join(sorted(high))}: a sequence that is created or altered "
            "there caches ids, watches stall and writes are lost",
            do=SET_SEQUENCE_FLAG,
        )
    unseen = sorted(node for node, cache in caches.items() if cache is None)
    if unseen or not caches:
        yield Unknown(
            f"{SEQUENCE_FLAG} of {', '.join(unseen) or 'any node'} is unknown (set --probe or --tserver-http PORT)"
        )
