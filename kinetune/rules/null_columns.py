from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.kine.traits import READS_NULLS
from kinetune.model.facts import Integrity, KineRelease, Relation, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified


@rule("KT901", Severity.ERROR)
def null_columns(table: Relation, integrity: Integrity, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    Every row can be read by the Kine that is to run here.

    Why it matters
        v0.16.6 and v0.17.3 to v0.17.5 store NULL in create_revision at each create, and read it. Every other release
        ends at its start with `converting NULL to int64 is unsupported`, or starts and cannot list: the way back from
        these releases is closed, and K3s does not come up.

    What to do
        Stop Kine, run the statement of the finding, start the other release. 0 is what they store themselves.

    When to ignore
        As long as you stay with the releases that store NULL; it is a note then.

    Source
        docs/facts/kine.md §8.1, measured with v0.10.1, v0.14.16, v0.16.4 and v0.17.5; the others by their source. Of a
        large table the 2,000 oldest and the 2,000 newest rows are looked at.
    """
    reads = READS_NULLS.of(release) if release else None
    for column, rows in integrity.nulls.items():
        if rows:
            severity = Severity.ERROR if reads is False else Severity.INFO
            yield replace(_found(table, column, _rows(integrity, rows)), severity=severity)
    if not reads and not integrity.whole:
        yield Unknown(f"only the oldest and newest rows were looked at, {count(integrity.looked)}: see Source")


def _found(table: Relation, column: str, rows: str) -> Remark:
    return Remark(
        on=f"kine.{column}",
        says=f"is NULL in {rows}: only Kine v0.16.6 and v0.17.3 to v0.17.5 read that; others end, or cannot list",
        do=f"stop Kine; UPDATE {qualified(table)} SET {column} = 0 WHERE {column} IS NULL; start Kine",  # noqa: S608
    )


def _rows(integrity: Integrity, rows: int) -> str:
    of = f"{count(rows)} of {count(integrity.looked)} rows"
    return of if integrity.whole else f"{of} looked at"
