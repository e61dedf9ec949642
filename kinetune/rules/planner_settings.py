from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule
from kinetune.rules.words import given_to_kine, set_in_database
from kinetune.servers import yugabytedb

OWN_RULE = "yb_bnl_batch_size"
"""KT401's."""
MODE = "yb_enable_cbo"
COST_MODEL = "yb_enable_base_scans_cost_model"
STATISTICS = "yb_enable_optimizer_statistics"
KEEPS_BATCHES = ("on", "legacy_bnl_mode", "legacy_stats_bnl_mode", "legacy_ignore_stats_bnl_mode")


@rule("KT403", Severity.WARNING)
def planner_settings(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    YugabyteDB's planner has the settings that its release needs for Kine's joins.

    Why it matters
        Several releases take a merge or hash join for a batched one while the cost model is off (advisory TA-28222:
        2024.1, 2024.2, 2025.1): batches are switched on (KT401) and not used, and a list reads whole tables again.
        Releases up to 2.20 collect statistics and do not look at them unless told to: with statistics and cost model
        every index set needs about 26 requests for a list, without them 20 to 414 (docs/facts/measured.md §3).

    What to do
        2024.2.5 and 2025.1.1 and newer have yb_enable_cbo = legacy_bnl_mode, which kinetune init sets. Before them:
        upgrade, or switch the cost model on and ANALYZE kine.

    When to ignore
        The remark on unused statistics, where kinetune explain shows lists that are quick enough: both settings are
        previews up to 2.20. PostgreSQL needs none of this and always passes.

    Source
        docs/facts/yugabytedb.md §4; docs/facts/measured.md §3.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    for name, (value, why) in yugabytedb.planner_settings(facts.server.release).items():
        if name != OWN_RULE:
            yield from _wanted(facts, name, (value, why))
    if yugabytedb.drops_batched_joins(facts.server.release) and not _uses_cost_model(facts):
        yield _upgrade(facts)
    elif _leaves_statistics_unused(facts):
        yield Remark(
            on=STATISTICS,
            says="kine was analysed, and the planner does not look at the statistics",
            do=_use_statistics(facts),
            severity=Severity.INFO,
        )


def _wanted(facts: Facts, name: str, wish: tuple[str, str]) -> Iterator[Remark | Unknown]:
    value, why = wish
    seen = given_to_kine(facts, name)
    if seen is None:
        yield Unknown(f"the server did not tell {name}")
    elif seen != value and not (name == MODE and seen in KEEPS_BATCHES):
        yield Remark(
            on=name,
            says=f"is {seen}, on {facts.server} it should be {value}: {why}",
            do=f"{set_in_database(facts, name, value)}; then restart Kine",
        )


def _upgrade(facts: Facts) -> Remark:
    return Remark(
        on=COST_MODEL,
        says=f"{facts.server} drops batched joins while the cost model is off (TA-28222): lists read whole tables",
        do=f"upgrade to 2024.2.5, 2025.1.1 or newer; until then {_use_statistics(facts)}",
    )


def _use_statistics(facts: Facts) -> str:
    return f"ANALYZE kine; {set_in_database(facts, STATISTICS, 'on')}; {set_in_database(facts, COST_MODEL, 'on')}"


def _uses_cost_model(facts: Facts) -> bool:
    return given_to_kine(facts, COST_MODEL) == "on" or given_to_kine(facts, MODE) == "on"


def _leaves_statistics_unused(facts: Facts) -> bool:
    """Only where both are plain switches: from yb_enable_cbo on that one decides, and a default may be meant."""
    if given_to_kine(facts, MODE) is not None or isinstance(facts.statistics, Unknown):
        return False
    both = (given_to_kine(facts, STATISTICS), given_to_kine(facts, COST_MODEL))
    return both == ("off", "off") and facts.statistics.live_rows > 0
