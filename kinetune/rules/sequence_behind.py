from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.quoting import identifier, literal
from kinetune.rules.rule import rule


@rule("KT203", Severity.ERROR)
def sequence_behind(table: Relation) -> Iterator[Remark]:
    """
    The sequence is at or beyond the largest id in kine.

    Why it matters
        The next ids it gives exist already, so creates, updates and lease renewals fail on kine_pkey until it has
        passed them. Ids below the newest revision are worse still where rows were compacted away: such a write is
        stored, but watches are past it and no controller ever hears of it.

    What to do
        Stop Kine and set the sequence to MAX(id), which is what `kinetune init` does too. A restore of the table
        without its sequence is the usual cause.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §3: ids come from the sequence alone, and are the revisions of Kubernetes.
    """
    sequence, newest, last = table.sequence, table.max_id, table.last_id
    if sequence is None or newest is None or last is None or last >= newest:
        return
    yield Remark(
        on=sequence.name,
        says=f"gave id {count(last)} last, and kine has ids up to {count(newest)}: "
        f"writes fail on the next {count(newest - last)} ids, or are stored where no watch sees them",
        do=f"stop Kine; {_raise(table, sequence.name)}; start Kine",
    )


def _raise(table: Relation, sequence: str) -> str:
    address = literal(f"{identifier(table.schema)}.{identifier(sequence)}")
    return f"SELECT setval({address}, (SELECT MAX(id) FROM kine))"  # noqa: S608 - identifier and literal quote it
