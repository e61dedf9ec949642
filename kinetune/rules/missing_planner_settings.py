from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import newest_era
from kinetune.model.facts import Facts, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.context import effective_setting
from kinetune.rules.remedies import set_in_database
from kinetune.rules.rule import rule
from kinetune.servers import yugabytedb


@rule("KT403", Severity.WARNING)
def missing_planner_settings(facts: Facts, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    YugabyteDB's planner does not use the statistics of kine or its cost model.

    Why it matters
        Without statistics the planner finds the newest revision of a name by reading the primary key backwards, row by
        row: each create of a new key reads the whole table, and so does each update of an object that was not written
        recently. With 50,000 rows a prepared store then makes 6 creates and 3 updates per second, with statistics 60
        and 64 (YugabyteDB 2.21, Kine v0.17.5, 4 writers: docs/facts/measured.md §9). With the cost model, counts and
        lists join in batches; several releases do not batch joins without it (advisory TA-28222: 2024.1, 2024.2 before
        2024.2.5, 2025.1.0).

    What to do
        kinetune init sets what the server and the Kine release need: yb_enable_optimizer_statistics and, except for
        Kine v0.13.0 to v0.15.0, yb_enable_base_scans_cost_model. From 2024.2.4 on it sets yb_enable_cbo to `on`
        instead; its values off, legacy_mode, legacy_bnl_mode and legacy_ignore_stats_bnl_mode do not use statistics.
        Only new sessions use the settings: restart Kine. Statistics must exist too (KT402).

    When to ignore
        Never, if Kine writes to YugabyteDB. Measured on 2.21; for 2024.x and newer documented, not measured. PostgreSQL
        needs none of these settings and always passes.

    Source
        docs/facts/measured.md §9 and §11; docs/facts/yugabytedb.md §4.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    # The newest era needs the most settings, so an unknown Kine release gets those.
    era = release.number if release else newest_era().number
    for name, (value, why) in yugabytedb.planner_settings(facts.server.release, era).items():
        if name != yugabytedb.BATCHES:  # KT401
            yield from _check_setting(facts, name, (value, why))


def _check_setting(facts: Facts, name: str, recommended: tuple[str, str]) -> Iterator[Remark | Unknown]:
    value, why = recommended
    current = effective_setting(facts, name)
    if current is None:
        yield Unknown(f"the value of {name} is unknown")
    # Any value of yb_enable_cbo that uses statistics is accepted, because an administrator may have chosen it.
    elif current != value and not (name == yugabytedb.MODE and current in yugabytedb.USES_STATISTICS):
        yield Remark(
            on=name,
            says=f"is {current}; on {facts.server} it should be {value}: {why}",
            do=f"{set_in_database(facts, name, value)}; then restart Kine",
        )
