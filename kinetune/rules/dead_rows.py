from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_percent
from kinetune.model.facts import Facts, Relation, Statistics
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.plans.numbers import count
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified

MANY = 10_000  # ten batches of compaction
SHARE = 0.2  # of all rows; autovacuum begins at a sixth (0.2 of the live ones): above it is late


@rule("KT405", Severity.WARNING)
def dead_rows(statistics: Statistics, table: Relation, facts: Facts) -> Iterator[Remark]:
    """
    Autovacuum looks after kine and keeps up with compaction.

    Why it matters
        Compaction deletes rows and leaves their space to VACUUM. Where it does not come, table and indexes grow
        without end, lists wade through dead rows, index-only scans go to the table for each row, and the statistics
        grow old with it (KT402). A K3s cluster writes a lease every few seconds for each node and controller: nearly
        every row that is written dies.

    What to do
        Switch autovacuum on; VACUUM (ANALYZE) kine cleans up at once and stops nobody. Where it runs and dead rows
        stay, something holds them: a transaction left open (KT702), a replication slot, a prepared transaction.

    When to ignore
        A bulk deletion has just ended: look again in some minutes. YugabyteDB has no vacuum and always passes.

    Source
        pg_stat_user_tables; PostgreSQL's autovacuum_vacuum_scale_factor is 0.2 of the live rows.
    """
    if facts.server.flavour is Flavour.YUGABYTEDB:
        return
    dead, every = statistics.dead_rows, statistics.dead_rows + statistics.live_rows
    if not statistics.autovacuum:
        yield Remark(
            on="kine",
            says=f"autovacuum is off: {count(dead)} dead rows stay, and so will all that compaction deletes",
            do=_switch_on(facts, table),
            severity=Severity.ERROR,
        )
    elif dead > MANY and dead > SHARE * every:
        yield Remark(
            on="kine",
            says=f"{count(dead)} of {count(every)} rows are dead ({format_percent(dead, every)}): autovacuum does not keep up",
            do="VACUUM (ANALYZE) kine; then ALTER TABLE "
            f"{qualified(table)} SET (autovacuum_vacuum_scale_factor = 0.05)",
        )


def _switch_on(facts: Facts, table: Relation) -> str:
    if facts.settings.get("autovacuum") == "off":
        return "ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf()"
    return f"ALTER TABLE {qualified(table)} RESET (autovacuum_enabled)"
