from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Sequence
from kinetune.model.server import Server
from kinetune.plans.numbers import counted
from kinetune.rules.remedy import change_sequence
from kinetune.rules.rule import rule


@rule("KT204", Severity.ERROR)
def sequence_increment(sequence: Sequence, server: Server) -> Iterator[Remark]:
    """
    Ids go up by one.

    Why it matters
        Kine reads ids as revisions. It takes each id that is left out for a write that is still under way, waits, and
        then writes a row called gap-<id> in its place, while watches wait: a jump of 1,000 delayed an event by 7.2 s on
        PostgreSQL (docs/facts/kine.md §0.8); on YugabyteDB 25 to 30 ids are filled a second (docs/facts/measured.md
        §1). An idle test cluster on Galera, whose nodes leave out each other's ids, held 353,953 such rows (k3s#10619).

    What to do
        Set the increment to 1, and do not run Kine on servers that replicate in both directions.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §0.8 and §7 (kine#71: "Kine assumes no gaps in the sequence").
    """
    if sequence.increment != 1:
        yield Remark(
            on=sequence.name,
            says=f"goes by {sequence.increment}: {_follows(sequence.increment)}",
            do=f"{change_sequence(server)}; restart Kine afterwards",
        )


def _follows(increment: int) -> str:
    if increment < 0:
        return "revisions go backwards and watches see nothing new"
    return f"Kine fills {counted(increment - 1, 'missing revision')} after each write, and watches wait for it"
