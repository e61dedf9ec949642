from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number, format_percent
from kinetune.model.facts import Facts, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule

MANY = 10_000  # ten batches of compaction
SHARE = 0.2  # of all rows; autovacuum starts at one sixth (0.2 of the live rows), so this is late


@rule("KT405", Severity.WARNING)
def dead_rows(statistics: Statistics, table: Relation, facts: Facts) -> Iterator[Remark]:
    """
    Autovacuum is off for kine, or does not keep up with compaction.

    Why it matters
        Compaction deletes rows, and VACUUM makes their space reusable. Without it table and indexes grow, lists read
        through dead rows, index-only scans read the table for each row, and statistics become outdated (KT402). A K3s
        cluster renews a lease every few seconds for each node and controller, so nearly every row becomes dead.

    What to do
        Enable autovacuum. VACUUM (ANALYZE) kine cleans up immediately and blocks no statement. If autovacuum runs and
        dead rows remain, something prevents their removal: an open transaction (KT702), a replication slot, or a
        prepared transaction.

    When to ignore
        A bulk deletion has just finished: check again after some minutes. YugabyteDB has no vacuum and always passes.

    Source
        pg_stat_user_tables. autovacuum_vacuum_scale_factor of PostgreSQL is 0.2 of the live rows.
    """
    if facts.server.flavour is Flavour.YUGABYTEDB:
        return
    dead, total = statistics.dead_rows, statistics.dead_rows + statistics.live_rows
    if not statistics.autovacuum:
        yield Remark(
            on="kine",
            says=f"autovacuum is off: {format_number(dead)} dead rows remain, and compaction adds more",
            do=_switch_on(facts, table),
            severity=Severity.ERROR,
        )
    elif dead > MANY and dead > SHARE * total:
        yield Remark(
            on="kine",
            says=f"{format_number(dead)} of {format_number(total)} rows are dead ({format_percent(dead, total)}): "
            "autovacuum does not keep up",
            do="VACUUM (ANALYZE) kine; then ALTER TABLE "
            f"{qualified_table(table)} SET (autovacuum_vacuum_scale_factor = 0.05)",
        )


def _switch_on(facts: Facts, table: Relation) -> str:
    if facts.settings.get("autovacuum") == "off":
        return "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf()"
    return f"ALTER TABLE {qualified_table(table)} RESET (autovacuum_enabled)"
