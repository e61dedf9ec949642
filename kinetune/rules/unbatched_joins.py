from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.context import effective_setting
from kinetune.rules.remedies import set_in_database
from kinetune.rules.rule import rule

NAME = "yb_bnl_batch_size"
WANTED = 1024  # the default from 2024.1 on, and what was measured
CAPABILITY = "batched_nested_loop"


@rule("KT401", Severity.ERROR)
def unbatched_joins(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    YugabyteDB does not join Kine's rows in batches of 1,024.

    Why it matters
        Kine's lists join the newest revision of each key with the table. With a batch size of 1 every object is a
        request over the network: 4,022 requests and 4.8 s for a list of 4,000 pods, against 26 requests and 0.2 s with
        1,024 (docs/facts/measured.md §3). Compacting 1,050 rows takes 11.5 s instead of 0.9 s (§6); Kine waits 5 s.

    What to do
        ALTER DATABASE … SET yb_bnl_batch_size = '1024', then restart Kine, because only new connections use it.
        kinetune init does this. Set the value even if it is the default: a changed cluster flag then has no effect
        (severity info).

    When to ignore
        The info finding, if you control the flags of the cluster. PostgreSQL has no such setting and always passes.

    Source
        docs/facts/yugabytedb.md §4: absent up to 2.14, 1 up to 2.20, 1024 from 2024.1 on.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    current = effective_setting(facts, NAME)
    if not facts.server.can(CAPABILITY):
        yield Remark(
            on=NAME,
            says=f"{facts.server} only supports joins row by row: a list of 4,000 pods takes 4,022 requests",
            do="upgrade to YugabyteDB 2024.2 or newer",
        )
    elif current is None or not current.isdecimal():
        yield Unknown(f"the value of {NAME} is unknown")
    elif int(current) < WANTED:
        yield _create_finding(facts, int(current))
    elif NAME not in facts.database_settings:
        yield Remark(
            on=NAME,
            says=f"{current} is a cluster default: a changed cluster flag would make lists about 100 times slower",
            do=set_in_database(facts, NAME, str(WANTED)),
            severity=Severity.INFO,
        )


def _create_finding(facts: Facts, current: int) -> Remark:
    is_off = current <= 1
    joins = "fetch rows one by one" if is_off else f"fetch {current} rows per request"
    return Remark(
        on=NAME,
        says=f"joins {joins} instead of {WANTED:,}: a list of 4,000 pods takes about {4000 // max(current, 1) + 22:,} "
        "requests instead of 26",
        do=f"{set_in_database(facts, NAME, str(WANTED))}; then restart Kine",
        severity=Severity.ERROR if is_off else Severity.WARNING,
    )
