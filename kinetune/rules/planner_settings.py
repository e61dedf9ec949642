from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import newest
from kinetune.model.facts import Facts, KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule
from kinetune.rules.words import given_to_kine, set_in_database
from kinetune.servers import yugabytedb


@rule("KT403", Severity.WARNING)
def planner_settings(facts: Facts, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    YugabyteDB's planner uses the statistics of kine.

    Why it matters
        While statistics are not in use, the newest revision of a name is found by reading the primary key backwards,
        row by row: each create of a new key reads the whole table, and so does each update of an object that was not
        written lately. With 50,000 rows a prepared store then makes 6 creates and 3 updates a second, with statistics
        60 and 64 (YugabyteDB 2.21, Kine v0.17.5, 4 writers: docs/facts/measured.md §9). The cost model makes counts and
        lists join in batches; several releases drop batched joins without it (advisory TA-28222: 2024.1, 2024.2 before
        2024.2.5, 2025.1.0).

    What to do
        kinetune init sets what the release and Kine's era need: yb_enable_optimizer_statistics and, for all but Kine
        v0.13.0 to v0.15.0, yb_enable_base_scans_cost_model; where yb_enable_cbo exists (2024.2.4 and newer), that is
        `on`. Its values off, legacy_mode, legacy_bnl_mode and legacy_ignore_stats_bnl_mode switch statistics off.
        Settings reach new sessions only: restart Kine. Statistics have to exist too (KT402).

    When to ignore
        Never, where Kine writes to YugabyteDB. Measured on 2.21; for 2024.x and newer documented, not measured.
        PostgreSQL needs none of this and always passes.

    Source
        docs/facts/measured.md §9 and §11; docs/facts/yugabytedb.md §4.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    era = release.number if release else newest().number
    for name, (value, why) in yugabytedb.planner_settings(facts.server.release, era).items():
        if name != yugabytedb.BATCHES:  # KT401
            yield from _wanted(facts, name, (value, why))


def _wanted(facts: Facts, name: str, wish: tuple[str, str]) -> Iterator[Remark | Unknown]:
    value, why = wish
    seen = given_to_kine(facts, name)
    if seen is None:
        yield Unknown(f"the server does not show {name}")
    elif seen != value and not (name == yugabytedb.MODE and seen in yugabytedb.USES_STATISTICS):
        yield Remark(
            on=name,
            says=f"is {seen}; on {facts.server} it should be {value}: {why}",
            do=f"{set_in_database(facts, name, value)}; then restart Kine",
        )
