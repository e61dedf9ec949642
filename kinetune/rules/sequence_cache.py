from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Sequence
from kinetune.model.server import Server
from kinetune.rules.remedy import change_sequence
from kinetune.rules.rule import rule


@rule("KT201", Severity.ERROR)
def sequence_cache(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    The sequence behind kine.id hands out one id at a time.

    Why it matters
        Kine reads ids as revisions, in order and without holes. With a cache of 100 each connection takes a hundred at
        once: watches stall behind thousands of missing revisions, a kube-apiserver dies while it bootstraps, and
        acknowledged objects are lost (docs/facts/measured.md §1).

    What to do
        On YugabyteDB set the tserver flag ysql_sequence_cache_minval=1 on every node and restart it, then alter the
        sequence. Kine must be restarted afterwards: open connections keep the ids they have cached.

    When to ignore
        Never.

    Source
        docs/facts/measured.md §1; YugabyteDB's default is 100, by the tserver flag ysql_sequence_cache_minval
        (docs/facts/yugabytedb.md §2).
    """
    if sequence.cache > 1:
        yield Remark(
            on=sequence.name,
            says=f"ids are cached {sequence.cache} at a time: watches stall, the API server may die, writes get lost",
            do=f"{change_sequence(server)}; restart Kine afterwards",
        )
