from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes, format_number
from kinetune.model.facts import Facts, Growth, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule

ROW = 150  # bytes without the values: 28 for header and pointer, 36 for numbers, 50 to 80 for the key
LARGE = 100 * 1024**2  # free space in a smaller table does not matter
FACTOR = 2.0  # autovacuum leaves up to 20 % free and TOAST some more: twice the size is not normal
WORSE = 4.0
WORSE_SIZE = 1024**3
SAMPLED = 1_000  # rows needed for an average
COVERED = 0.8  # of all rows must belong to the sampled resources


@rule("KT504", Severity.INFO)
def table_bloat(growth: Growth, table: Relation, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    The table is much larger than the rows in it.

    Why it matters
        The space of deleted revisions is reused but never released. After a long time without compaction or vacuum the
        table stays large, and backups, replicas and scans of the whole table take longer. Above four times the expected
        size and 1 GiB the severity is warning.

    What to do
        First make sure that compaction (KT501) and autovacuum (KT405) work, otherwise the table grows again. Then run
        VACUUM (FULL) kine with Kine stopped, because it locks the table for minutes, or pg_repack while Kine runs.

    When to ignore
        The cluster will soon need the space. YugabyteDB compacts its files itself and always passes.

    Source
        pg_table_size (with TOAST), compared with the live rows multiplied by the average row of the sample plus 150
        bytes. Skipped if fewer than 1,000 rows were sampled.
    """
    if facts.server.flavour is Flavour.YUGABYTEDB or (table.bytes or 0) < LARGE:
        return
    expected = _expected_bytes(growth, table, facts.statistics)
    if isinstance(expected, Unknown):
        yield expected
        return
    size = table.bytes or 0
    if size > FACTOR * expected:
        is_bad = size > WORSE * expected and size > WORSE_SIZE
        yield Remark(
            on="kine",
            says=f"{format_bytes(size)} for about {format_bytes(expected)} of rows: the rest is free space, which "
            "every full scan reads",
            do=f"stop Kine; VACUUM (FULL, ANALYZE) {qualified_table(table)}",
            severity=Severity.WARNING if is_bad else Severity.INFO,
        )


def _expected_bytes(growth: Growth, table: Relation, statistics: Statistics | Unknown) -> float | Unknown:
    """The size of the live rows in bytes."""
    if isinstance(statistics, Unknown):
        return statistics
    live = statistics.live_rows or table.size
    sampled = sum(resource.revisions for resource in growth.resources)
    # growth.resources has the largest resources only: without most of the rows their average is not representative.
    if not live or growth.sampled_rows < SAMPLED or sampled < COVERED * (table.size or live):
        return Unknown(f"too few rows to estimate their size: {format_number(growth.sampled_rows)} sampled")
    return live * (ROW + sum(resource.bytes for resource in growth.resources) / sampled)
