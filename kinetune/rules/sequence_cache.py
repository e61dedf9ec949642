from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Sequence
from kinetune.model.server import Flavour, Server
from kinetune.rules.rule import rule


@rule("KT201", Severity.ERROR)
def sequence_cache(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    The sequence behind kine.id hands out one id at a time.

    Why it matters
        Kine reads ids as revisions, in order and without holes. With a cache of 100 each connection takes a hundred at
        once: watches stall behind thousands of missing revisions, a kube-apiserver dies while it bootstraps, and
        acknowledged objects are lost (facts/measured.md §1).

    When to ignore
        Never.

    Source
        facts/measured.md §1; YugabyteDB's default is 100, by the tserver flag ysql_sequence_cache_minval
        (facts/yugabytedb.md §2).
    """
    if sequence.cache > 1:
        flag = "restart every tserver with --ysql_sequence_cache_minval=1, then " if _flagged(server) else ""
        yield Remark(
            on=sequence.name,
            says=f"ids are cached {sequence.cache} at a time: watches stall, the API server may die, writes get lost",
            do=f"{flag}kinetune init; restart Kine afterwards",
        )


def _flagged(server: Server) -> bool:
    return server.flavour is Flavour.YUGABYTEDB
