from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes
from kinetune.model.facts import Facts, Growth, Relation, Statistics, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified

ROW = 150  # bytes beside the values: 28 of header and pointer, 36 of numbers, a key of 50 to 80
LARGE = 100_000_000  # below it empty space costs nothing
FACTOR = 2.0  # autovacuum leaves a fifth free, TOAST loses some: twice is more than that
WORSE = 4.0
WORSE_SIZE = 1_000_000_000
SAMPLED = 1_000  # rows that give an average
COVERED = 0.8  # of all rows, by the resources that were told


@rule("KT504", Severity.INFO)
def table_bloat(growth: Growth, table: Relation, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    The table is not much larger than the rows in it.

    Why it matters
        Space of deleted revisions is used again and never given back. After a long time without compaction or vacuum
        the table stays as large as it was: backups, replicas and whole reads pay for it. Above four times and 1 GB it
        is a warning.

    What to do
        First see that compaction (KT501) and autovacuum (KT405) work, else it comes back. Then VACUUM (FULL) kine with
        Kine stopped, since it locks the table for minutes, or pg_repack while it runs.

    When to ignore
        The cluster is about to grow into the space. YugabyteDB compacts its files by itself and always passes.

    Source
        pg_table_size (with TOAST) against the live rows times the average row of the sample, plus 150 bytes a row. It
        is not judged where fewer than 1,000 rows were sampled.
    """
    if facts.server.flavour is Flavour.YUGABYTEDB or (table.bytes or 0) < LARGE:
        return
    expected = _expected(growth, table, facts.statistics)
    if isinstance(expected, Unknown):
        yield expected
        return
    seen = table.bytes or 0
    if seen > FACTOR * expected:
        is_bad = seen > WORSE * expected and seen > WORSE_SIZE
        yield Remark(
            on="kine",
            says=f"{format_bytes(seen)} hold rows of about {format_bytes(expected)}: the rest is empty, and read with every whole scan",
            do=f"stop Kine; VACUUM (FULL, ANALYZE) {qualified(table)}",
            severity=Severity.WARNING if is_bad else Severity.INFO,
        )


def _expected(growth: Growth, table: Relation, statistics: Statistics | Unknown) -> float | Unknown:
    """Bytes that the live rows need."""
    if isinstance(statistics, Unknown):
        return statistics
    live = statistics.live_rows or table.size
    told = sum(resource.revisions for resource in growth.resources)
    if not live or growth.sampled_rows < SAMPLED or told < COVERED * (table.size or live):
        return Unknown(f"too few rows to tell their size by: {count(growth.sampled_rows)} sampled")
    return live * (ROW + sum(resource.bytes for resource in growth.resources) / told)
