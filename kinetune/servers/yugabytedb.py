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
    return Server(Flavour.YUGABYTEDB, release, base, frozenset(names))


def planner_settings(release: Release) -> Mapping[str, tuple[str, str]]:
    """
    Settings that Kine's queries need on a release, each with its reason.

    Batched joins: 4,022 requests become 26 (measured.md §3). The default is 1 up to 2.20 and 1024 from 2024.1 (§4);
    setting it where it is the default costs nothing and survives a changed cluster flag. Between 2024.2.5 and 2025.1
    the planner drops batched joins for merge or hash joins while the cost model is off (TA-28222, §4).
    """
    settings: dict[str, tuple[str, str]] = {}
    if release >= SINCE["batched_nested_loop"]:
        settings["yb_bnl_batch_size"] = (
            "1024",
            "joins fetch 1,024 rows a request instead of one: 26 requests, not 4,022",
        )
    if (2024, 2, 5) <= release < (2025, 1) or (2025, 1, 1) <= release < (2025, 2):
        settings["yb_enable_cbo"] = ("legacy_bnl_mode", "keeps batched joins where the cost model is off (TA-28222)")
    return settings


def drops_batched_joins(release: Release) -> bool:
    """
    Whether the planner takes merge or hash joins for batched ones and no setting but the cost model keeps it from that.

    TA-28222 (§4): 2024.1, 2024.2 before 2024.2.5, 2025.1.0. Later ones have yb_enable_cbo = legacy_bnl_mode.
    """
    return (2024, 1) <= release < (2024, 2, 5) or (2025, 1) <= release < (2025, 1, 1)
