from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import identifier, literal
from kinetune.rules.rule import rule


@rule("KT203", Severity.ERROR)
def sequence_behind(table: Relation) -> Iterator[Remark]:
    """
    The sequence is behind the largest id in kine.

    Why it matters
        The next ids of the sequence exist already: creates, updates and lease renewals fail on kine_pkey until the
        sequence has passed them. Where compaction removed rows, a write gets an id below the newest revision. It is
        stored, but watches do not report it, and no controller reacts to it.

    What to do
        Stop Kine and set the sequence to MAX(id), which `kinetune init` does too. The usual cause is a restore of the
        table without its sequence.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §3: all ids come from the sequence and are the revisions of Kubernetes.
    """
    sequence, newest, last = table.sequence, table.max_id, table.last_id
    if sequence is None or newest is None or last is None or last >= newest:
        return
    yield Remark(
        on=sequence.name,
        says=f"last returned id {format_number(last)}, but kine has ids up to {format_number(newest)}: "
        f"writes fail on the next {format_number(newest - last)} ids, or watches do not report them",
        do=f"stop Kine; {_setval_statement(table, sequence.name)}; start Kine",
    )


def _setval_statement(table: Relation, sequence: str) -> str:
    address = literal(f"{identifier(table.schema)}.{identifier(sequence)}")
    return f"SELECT setval({address}, (SELECT MAX(id) FROM kine))"  # noqa: S608 - identifier and literal quote it
