from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule
from kinetune.rules.words import given_to_kine, set_in_database

NAME = "default_transaction_isolation"
EFFECTIVE = "yb_effective_transaction_isolation_level"
WANTED = "read committed"


@rule("KT404", Severity.WARNING)
def isolation(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Kine's statements run in READ COMMITTED.

    Why it matters
        Kine expects a conflict to be a violated unique index, and repeats nothing else. Under REPEATABLE READ or
        SERIALIZABLE a conflict is error 40001: the API server gets an error for a write that would have passed, and
        v0.16.6 and v0.17.3 to v0.17.5 acknowledge a create that failed so (KT601).

    What to do
        ALTER DATABASE … SET default_transaction_isolation = 'read committed', then restart Kine. On YugabyteDB it says
        read committed and means repeatable read until every tserver runs with --yb_enable_read_committed_isolation;
        a remark only, for that is its default up to 2025.1 and Kine was measured with it.

    When to ignore
        Other programs in this database need the stricter level: better set it for their role.

    Source
        docs/facts/yugabytedb.md §6.1, docs/facts/measured.md §6; Kine repeats nothing after 40001
        (docs/facts/kine.md §2.4).
    """
    seen = given_to_kine(facts, NAME)
    if seen is None:
        yield Unknown(f"the server did not tell {NAME}")
    elif seen != WANTED:
        yield Remark(
            on=NAME,
            says=f"transactions are {seen}: conflicts become errors that Kine does not repeat",
            do=f"{set_in_database(facts, NAME, WANTED)}; then restart Kine",
        )
    elif facts.server.flavour is Flavour.YUGABYTEDB and facts.settings.get(EFFECTIVE, WANTED) != WANTED:
        yield Remark(
            on=EFFECTIVE,
            says=f"read committed runs as {facts.settings[EFFECTIVE]}: under load writes fail that could have waited",
            do="restart every tserver with --yb_enable_read_committed_isolation=true",
            severity=Severity.INFO,
        )
