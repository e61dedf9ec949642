"""YugabyteDB: capabilities and planner settings per release. § in comments: section of docs/facts/yugabytedb.md."""

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
    "plan_cache_mode": (2, 25),  # the PostgreSQL 15 base; absent in 2.21 (docs/facts/recorded.md §1)
    "transactional_ddl": (2026, 1),  # §3.10, on by default from there
}
FIRST_PG15: Release = (2, 25)
FIRST_MODE: Release = (2024, 2, 4)
"""The first release with yb_enable_cbo (§4); before, statistics and cost model are separate settings."""
MODE_BY_DEFAULT: Release = (2025, 2)
"""The first release whose new clusters have yb_enable_cbo = on by default (§4)."""
BATCHES, STATISTICS, COST_MODEL, MODE = (
    "yb_bnl_batch_size",
    "yb_enable_optimizer_statistics",
    "yb_enable_base_scans_cost_model",
    "yb_enable_cbo",
)
USES_STATISTICS = frozenset({"on", "legacy_stats_mode", "legacy_stats_bnl_mode"})
"""Values of yb_enable_cbo with which the planner uses statistics (§4)."""
SORTED_PAGES = ("E11", "E16")
"""
Eras of Kine whose pages stop early in kine_list_query_index without the cost model (8 requests, 22 ms) and are sorted
whole with it (22 requests, 73 ms): 50,000 rows, docs/facts/measured.md §11.
"""


def base_of(release: Release) -> int:
    """The PostgreSQL major version: 15 for 2.25 and for 2025.1 and newer, else 11; 2024.x is still 11 (§1.1)."""
    if release[0] >= 2000:
        return 15 if release[0] >= 2025 else 11
    return 15 if release >= FIRST_PG15 else 11


def build_server(release: Release) -> Server:
    """YugabyteDB of a release such as (2024, 2, 11, 0)."""
    base = base_of(release)
    names = {name for name, since in SINCE.items() if release >= since}
    if base == 11:
        names.discard("plan_cache_mode")  # 2024.x compares above 2.25 and still has the PostgreSQL 11 base
    if base == 11 and release >= SINCE["batched_nested_loop"]:
        names.add("lasting_statistics")  # no automatic ANALYZE, which a flag may enable from 2025.1 on (§4)
    return Server(Flavour.YUGABYTEDB, release, base, frozenset(names))


def planner_settings(release: Release, era: str) -> Mapping[str, tuple[str, str]]:
    """
    Settings that the queries of an era of Kine (E07 … E20) need on a release, each with its value and its reason.

    Without statistics the planner finds the newest revision of a name by reading kine_pkey backwards, row by row: each
    create of a new key reads the whole table (docs/facts/measured.md §9). The cost model halves the requests of counts
    and lists, except for the pages of SORTED_PAGES (§11). Measured on 2.21. That yb_enable_cbo = on does the same
    (2024.2.4 and newer) is documented (§4), not measured.
    """
    settings: dict[str, tuple[str, str]] = {}
    if release >= SINCE["batched_nested_loop"]:
        settings[BATCHES] = ("1024", "joins fetch 1,024 rows per request instead of one: 26 requests instead of 4,022")
    if release >= FIRST_MODE:
        settings[MODE] = (
            "on",
            "the planner uses statistics, its cost model and batched joins (documented, not measured): "
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
                "counts and lists join in batches: 25 requests to count 4,000 pods instead of 70; writes are the same",
            )
    return settings


def drops_batched_joins(release: Release) -> bool:
    """
    Whether the planner uses merge or hash joins instead of batched ones while the cost model is off.

    TA-28222 (§4): 2024.1, 2024.2 before 2024.2.5, 2025.1.0.
    """
    return (2024, 1) <= release < (2024, 2, 5) or (2025, 1) <= release < (2025, 1, 1)


def has_lasting_default(release: Release, name: str) -> bool:
    """Whether the default need not be set explicitly: only yb_enable_cbo = on of new clusters."""
    return name == MODE and release >= MODE_BY_DEFAULT


PLANTED_ROWS = 2_000
"""With so many rows in pg_class.reltuples plans do not improve any more; with 500 rows counts still read an index."""
SERVES_UNTIL = 500_000
"""Largest table for which statistics of PLANTED_ROWS rows were measured to give the same plans."""


def needs_analyze(believed: int | None, counted: int | None) -> bool:
    """
    Whether ANALYZE improves plans: the table has enough rows, and statistics are missing or cover less than half of
    them.

    `believed` is reltuples (None: 0), `counted` the number of rows up to twice PLANTED_ROWS (None: not counted). A
    table with fewer than PLANTED_ROWS rows must not be analyzed: statistics of few rows make lists expensive when the
    table has grown.
    """
    return counted is not None and counted >= PLANTED_ROWS and (believed or 0) < counted / 2


def are_missing(believed: int | None, counted: int | None) -> bool:
    """Whether the table has rows but the planner has no statistics."""
    return bool(counted) and not believed
