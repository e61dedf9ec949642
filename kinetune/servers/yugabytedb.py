"""YugabyteDB: capabilities and planner settings per release line (facts/yugabytedb.md; § in the comments)."""

from __future__ import annotations

from collections.abc import Mapping

from kinetune.model.server import Flavour, Server

Release = tuple[int, ...]

SINCE: Mapping[str, Release] = {
    "range_sharding": (2, 0),
    "covering_index": (2, 0),
    "nonconcurrently": (2, 4),  # §3.7
    "batched_nested_loop": (2, 15),  # §4
    "explain_dist": (2, 16),  # §5: no DIST up to 2.14
    "safe_online_index": (2024, 2, 1),  # §0.8, TA-24313: up to 2024.2.0 an online build may miss rows
    "plan_cache_mode": (2, 25),  # the PostgreSQL 15 base; absent in 2.21 (FINDINGS.md, Identity)
    "transactional_ddl": (2026, 1),  # §3.10, on by default from there
}
FIRST_PG15: Release = (2, 25)
FIRST_MODE: Release = (2024, 2, 4)
"""yb_enable_cbo exists from here on (§4); before, statistics and cost model are two switches."""
MODE_BY_DEFAULT: Release = (2025, 2)
"""From here on new clusters have yb_enable_cbo = on by themselves (§4)."""
BATCHES, STATISTICS, COST_MODEL, MODE = (
    "yb_bnl_batch_size",
    "yb_enable_optimizer_statistics",
    "yb_enable_base_scans_cost_model",
    "yb_enable_cbo",
)
USES_STATISTICS = frozenset({"on", "legacy_stats_mode", "legacy_stats_bnl_mode"})
"""Values of yb_enable_cbo under which the planner looks at statistics (§4)."""
SORTED_PAGES = ("E11", "E16")
"""
Eras of Kine whose pages stop early in kine_list_query_index without the cost model (8 requests, 22 ms) and are sorted
whole with it (22 requests, 73 ms): 50,000 rows, measured.md §11.
"""


def base_of(release: Release) -> int:
    """The PostgreSQL major: 15 for 2.25 and 2025.1 or newer, else 11; 2024.x is still 11 (§1.1)."""
    if release[0] >= 2000:
        return 15 if release[0] >= 2025 else 11
    return 15 if release >= FIRST_PG15 else 11


def server(release: Release) -> Server:
    """YugabyteDB of a release such as (2024, 2, 11, 0)."""
    base = base_of(release)
    names = {name for name, since in SINCE.items() if release >= since}
    if base == 11:
        names.discard("plan_cache_mode")  # 2024.x compares above 2.25 and still has the PostgreSQL 11 base
    if base == 11 and release >= SINCE["batched_nested_loop"]:
        names.add("lasting_statistics")  # nothing analyses by itself, as a flag may have it from 2025.1 on (§4)
    return Server(Flavour.YUGABYTEDB, release, base, frozenset(names))


def planner_settings(release: Release, era: str) -> Mapping[str, tuple[str, str]]:
    """
    Settings that the queries of an era of Kine (E07 … E20) need on a release, each with its value and its reason.

    Without statistics in use the planner finds the newest revision of a name by reading kine_pkey backwards, row by
    row: each create of a new key reads the whole table (measured.md §9). The cost model halves the requests of counts
    and lists, except for the pages of SORTED_PAGES (§11). Measured on 2.21; where yb_enable_cbo decides (2024.2.4 and
    newer) that its value `on` does the same is documented (§4), not measured.
    """
    settings: dict[str, tuple[str, str]] = {}
    if release >= SINCE["batched_nested_loop"]:
        settings[BATCHES] = ("1024", "joins fetch 1,024 rows a request instead of one: 26 requests, not 4,022")
    if release >= FIRST_MODE:
        settings[MODE] = (
            "on",
            "the planner uses statistics and its cost model, and keeps batched joins (documented, not measured): "
            "without statistics each write reads the table",
        )
    elif release >= SINCE["explain_dist"]:
        settings[STATISTICS] = (
            "on",
            "the planner uses the statistics of kine: without them the newest revision of a name is found by reading "
            "the table, in each create and update",
        )
        if drops_batched_joins(release) or not SORTED_PAGES[0] <= era <= SORTED_PAGES[1]:
            settings[COST_MODEL] = (
                "on",
                "counts and lists join in batches: 25 requests to count 4,000 pods, not 70; writes are the same",
            )
    return settings


def drops_batched_joins(release: Release) -> bool:
    """
    Whether the planner takes merge or hash joins for batched ones while the cost model is off.

    TA-28222 (§4): 2024.1, 2024.2 before 2024.2.5, 2025.1.0.
    """
    return (2024, 1) <= release < (2024, 2, 5) or (2025, 1) <= release < (2025, 1, 1)


def has_lasting_default(release: Release, name: str) -> bool:
    """Whether a value that is in force anyway need not be set: only yb_enable_cbo = on of new clusters."""
    return name == MODE and release >= MODE_BY_DEFAULT
