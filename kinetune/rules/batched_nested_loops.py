from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule
from kinetune.rules.words import given_to_kine, set_in_database

NAME = "yb_bnl_batch_size"
WANTED = 1024  # the default from 2024.1 on, and what was measured
CAPABILITY = "batched_nested_loop"


@rule("KT401", Severity.ERROR)
def batched_nested_loops(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    YugabyteDB joins Kine's rows in batches of 1,024.

    Why it matters
        Kine's lists join the newest revision of each key back to the table. With a batch of one every object is a
        request over the network: 4,022 requests and 4.8 s for a list of 4,000 pods, with 1,024 it is 26 requests and
        0.2 s (docs/facts/measured.md §3). Compacting 1,050 rows takes 11.5 s or 0.9 s (§6), and Kine gives up after 5.

    What to do
        ALTER DATABASE … SET yb_bnl_batch_size = '1024', then restart Kine: only new connections get it. kinetune init
        does it. Set it even where it is the default: then a changed flag of the cluster changes nothing (a remark).

    When to ignore
        The remark, where the flags of the cluster are your own. PostgreSQL has no such setting and always passes.

    Source
        docs/facts/yugabytedb.md §4: absent up to 2.14, 1 up to 2.20, 1024 from 2024.1.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    if not facts.server.can(CAPABILITY):
        yield Remark(
            on=NAME,
            says=f"{facts.server} joins row by row and cannot do otherwise: a list of 4,000 pods takes 4,022 requests",
            do="upgrade to YugabyteDB 2024.2 or newer",
        )
        return
    seen = given_to_kine(facts, NAME)
    if seen is None or not seen.isdecimal():
        yield Unknown(f"the server did not tell {NAME}")
    elif int(seen) < WANTED:
        yield _small(facts, int(seen))
    elif NAME not in facts.database_settings:
        yield Remark(
            on=NAME,
            says=f"{seen} by the default of the cluster alone: a changed flag would make lists a hundred times dearer",
            do=set_in_database(facts, NAME, str(WANTED)),
            severity=Severity.INFO,
        )


def _small(facts: Facts, seen: int) -> Remark:
    is_off = seen <= 1
    joins = "fetch rows one by one" if is_off else f"fetch {seen} rows a request"
    return Remark(
        on=NAME,
        says=f"joins {joins} instead of {WANTED:,}: a list of 4,000 pods takes about {4000 // max(seen, 1) + 22:,} "
        "requests instead of 26",
        do=f"{set_in_database(facts, NAME, str(WANTED))}; then restart Kine",
        severity=Severity.ERROR if is_off else Severity.WARNING,
    )
