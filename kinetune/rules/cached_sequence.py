from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Sequence
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.remedies import sequence_change_command
from kinetune.rules.rule import rule


@rule("KT201", Severity.ERROR)
def cached_sequence(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    The sequence of kine.id caches several ids per connection.

    Why it matters
        Kine uses ids as revisions and expects them in order and without gaps. With a cache of 100 every connection
        takes 100 ids at once: watches stall behind thousands of missing revisions, kube-apiserver dies during its
        bootstrap, and acknowledged objects are lost (docs/facts/measured.md §1).

    What to do
        On YugabyteDB set the tserver flag ysql_sequence_cache_minval=1 on every node and restart the nodes, then alter
        the sequence. Restart Kine afterwards: open connections keep the ids that they have cached.

    When to ignore
        Never.

    Source
        docs/facts/measured.md §1. The tserver flag ysql_sequence_cache_minval of YugabyteDB is 100 by default
        (docs/facts/yugabytedb.md §2).
    """
    if sequence.cache > 1:
        yield Remark(
            on=sequence.name,
            says=f"each connection caches {sequence.cache} ids: watches stall, the API server may die, and writes "
            "are lost",
            do=f"{sequence_change_command(server)}; restart Kine",
        )
