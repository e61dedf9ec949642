from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count
from kinetune.model.facts import Sequence
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.remedies import sequence_change_command
from kinetune.rules.rule import rule


@rule("KT204", Severity.ERROR)
def wrong_sequence_increment(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    The sequence of kine.id does not increment by 1.

    Why it matters
        Kine uses ids as revisions. It treats a missing id as a write in progress, waits, and then inserts a row named
        gap-<id>; watches wait too. A gap of 1,000 ids delayed an event by 7.2 s on PostgreSQL (docs/facts/kine.md
        §0.8); on YugabyteDB Kine fills 25 to 30 ids per second (docs/facts/measured.md §1). An idle test cluster on
        Galera, where every node skips the ids of the other nodes, contained 353,953 such rows (k3s#10619).

    What to do
        Set the increment to 1. Do not run Kine on servers with bidirectional replication.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §0.8 and §7 (kine#71: "Kine assumes no gaps in the sequence").
    """
    if sequence.increment != 1:
        yield Remark(
            on=sequence.name,
            says=f"increments by {sequence.increment}: {_consequence(sequence.increment)}",
            do=f"{sequence_change_command(server)}; restart Kine",
        )


def _consequence(increment: int) -> str:
    if increment < 0:
        return "revisions decrease and watches report no changes"
    return f"Kine fills {format_count(increment - 1, 'missing revision')} after each write, and watches wait"
