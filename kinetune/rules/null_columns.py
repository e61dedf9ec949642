from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kinetune.formatting import format_number
from kinetune.kine.releases import READS_NULLS
from kinetune.model.facts import Integrity, KineRelease, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule


@rule("KT901", Severity.ERROR)
def null_columns(table: Relation, integrity: Integrity, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    kine contains NULL in a column that other Kine releases cannot read.

    Why it matters
        v0.16.6 and v0.17.3 to v0.17.5 store NULL in create_revision at each create, and can read it. Every other
        release exits at its start with `converting NULL to int64 is unsupported`, or starts and cannot list: a
        downgrade is not possible, and K3s does not become ready.

    What to do
        Stop Kine, run the statement of the finding, start the other release. 0 is the value that the other releases
        store.

    When to ignore
        You stay with the releases that store NULL; the severity is info then.

    Source
        docs/facts/kine.md §8.1, measured with v0.10.1, v0.14.16, v0.16.4 and v0.17.5; for the other releases read from
        their source. Of a large table the 2,000 oldest and the 2,000 newest rows are checked.
    """
    reads = READS_NULLS.applies_to(release) if release else None
    for column, rows in integrity.nulls.items():
        if rows:
            severity = Severity.ERROR if reads is False else Severity.INFO
            yield replace(_create_finding(table, column, _count_rows(integrity, rows)), severity=severity)
    # Rows between the oldest and the newest ones may contain NULL too, so the rule cannot pass.
    if not reads and not integrity.whole:
        yield Unknown(f"only the oldest and newest rows were checked ({format_number(integrity.looked)})")


def _create_finding(table: Relation, column: str, rows: str) -> Remark:
    return Remark(
        on=f"kine.{column}",
        says=f"is NULL in {rows}: only Kine v0.16.6 and v0.17.3 to v0.17.5 can read it; other releases exit or "
        "cannot list",
        do=f"stop Kine; UPDATE {qualified_table(table)} SET {column} = 0 WHERE {column} IS NULL; start Kine",  # noqa: S608
    )


def _count_rows(integrity: Integrity, rows: int) -> str:
    of = f"{format_number(rows)} of {format_number(integrity.looked)} rows"
    return of if integrity.whole else f"{of} checked"
