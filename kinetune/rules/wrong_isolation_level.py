from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.context import effective_setting
from kinetune.rules.remedies import set_in_database
from kinetune.rules.rule import rule

NAME = "default_transaction_isolation"
EFFECTIVE = "yb_effective_transaction_isolation_level"
WANTED = "read committed"


@rule("KT404", Severity.WARNING)
def wrong_isolation_level(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Kine's statements do not run in READ COMMITTED.

    Why it matters
        Kine expects a conflict to violate a unique index, and retries nothing else. With REPEATABLE READ or
        SERIALIZABLE a conflict is error 40001: the API server gets an error for a write that would have succeeded, and
        Kine v0.16.6 and v0.17.3 to v0.17.5 acknowledge a create that failed with it (KT601).

    What to do
        ALTER DATABASE … SET default_transaction_isolation = 'read committed', then restart Kine. YugabyteDB accepts
        read committed but runs repeatable read until every tserver has --yb_enable_read_committed_isolation. This has
        severity info, because it is the default up to 2025.1 and Kine was measured with it.

    When to ignore
        Other programs in this database need the stricter level: set it for their role instead.

    Source
        docs/facts/yugabytedb.md §6.1, docs/facts/measured.md §6; Kine does not retry after 40001 (docs/facts/kine.md
        §2.4).
    """
    level = effective_setting(facts, NAME)
    if level is None:
        yield Unknown(f"the value of {NAME} is unknown")
    elif level != WANTED:
        yield Remark(
            on=NAME,
            says=f"transactions are {level}: conflicts become errors, which Kine does not retry",
            do=f"{set_in_database(facts, NAME, WANTED)}; then restart Kine",
        )
    # YugabyteDB accepts the level but runs another one unless a flag of the tserver allows it.
    elif facts.server.flavour is Flavour.YUGABYTEDB and facts.settings.get(EFFECTIVE, WANTED) != WANTED:
        yield Remark(
            on=EFFECTIVE,
            says=f"read committed runs as {facts.settings[EFFECTIVE]}: under load writes fail instead of waiting",
            do="restart every tserver with --yb_enable_read_committed_isolation=true",
            severity=Severity.INFO,
        )
