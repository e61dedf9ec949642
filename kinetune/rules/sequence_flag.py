from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.remedy import FLAG
from kinetune.rules.rule import rule
from kinetune.servers.sequence_flag import SEQUENCE_FLAG, least_caches


@rule("KT206", Severity.ERROR)
def sequence_flag(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Every tserver of YugabyteDB leaves a sequence's cache of 1 as it is.

    Why it matters
        The cache of kine_id_seq is what counts (KT201), and this flag is what decides it whenever the sequence is made
        or altered: by Kine's own start on an empty database, by KINE_SCHEMA_MIGRATION, by a restore. One node with the
        default of 100 is enough to bring 100 back, for good: no SQL undoes it there. What then happens to watches and
        to acknowledged objects is in docs/facts/measured.md §1.

    What to do
        Give every tserver ysql_sequence_cache_minval=1 and restart it: `yugabyted start --tserver_flags=…`, Helm's
        gflags.tserver, or yb-tserver's own option (kinetune render writes all of them).

    When to ignore
        Never while a Kine may start there.

    Source
        docs/facts/yugabytedb.md §2; the flag shows itself in the cache of a new sequence (--probe), and over HTTP,
        where it may be told otherwise than it is in force (§2.4): the probe goes before.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    caches = least_caches(facts)
    high = {node: cache for node, cache in caches.items() if cache is not None and cache > 1}
    if high:
        yield Remark(
            on=SEQUENCE_FLAG,
            says=f"is {max(high.values())} on {', '.join(sorted(high))}: a sequence that is made or altered there "
            "caches ids, watches stall and writes get lost",
            do=FLAG,
        )
    unseen = sorted(node for node, cache in caches.items() if cache is None)
    if unseen or not caches:
        yield Unknown(
            f"{SEQUENCE_FLAG} of {', '.join(unseen) or 'any node'} was not seen (--probe, --tserver-http PORT)"
        )
