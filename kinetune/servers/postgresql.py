"""PostgreSQL: the first release with each capability, from the release notes of that major version."""

from __future__ import annotations

from collections.abc import Mapping

from kinetune.model.server import Flavour, Server

SINCE = {
    "advisory_lock": 9,
    "lock_table": 9,
    "rename_sequence": 9,
    "index_concurrently": 9,  # and DROP INDEX CONCURRENTLY, 9.2
    "safe_online_index": 9,
    "transactional_ddl": 9,
    "tablesample": 9,  # 9.5
    "covering_index": 11,  # CREATE INDEX … INCLUDE
    "plan_cache_mode": 12,
    "rename_index_online": 12,  # ALTER INDEX … RENAME takes SHARE UPDATE EXCLUSIVE instead of ACCESS EXCLUSIVE
    "index_progress": 12,  # pg_stat_progress_create_index
    "explain_wal": 13,
    "client_check": 14,  # client_connection_check_interval
}
OLDEST = 11


def build_server(release: tuple[int, ...], note: str = "") -> Server:
    """PostgreSQL of a release such as (15, 18). Majors before 11 lack covering indexes and are supported partially."""
    base = release[0]
    return Server(
        Flavour.POSTGRESQL,
        release,
        base,
        frozenset(name for name, since in SINCE.items() if base >= since),
        note or (f"PostgreSQL {base} is older than the oldest supported release ({OLDEST})" if base < OLDEST else ""),
    )


LIKE_UNTIL = "E17"
"""Up to v0.16.2 Kine selects with `name LIKE $1` (docs/facts/kine.md §1.1)."""
JOINED_READS_UNTIL = "E10"
"""Up to v0.12.2 Kine reads even a single object by joining MAX(id) of each name with the table."""
RANDOM_READS = (
    "the default expects an index read to cost four sequential reads, as on a rotating disk: Kine v0.13 to v0.15 then "
    "sorts the whole table for a page of 500 objects (155,460 blocks for 1,000,000 rows; with 1.1 it reads 4,084)"
)
CUSTOM_PLANS = (
    "a generic plan cannot use an index for LIKE and reads the whole table: 42 ms for one object instead of 0.2 ms"
)
NO_MERGE = "a merge join reads the whole primary key for one object: 21,781 blocks; without merge joins 23"


def planner_settings(server: Server, era: str) -> Mapping[str, tuple[str, str]]:
    """
    Settings that the queries of an era of Kine (E07 … E20) need, each with its value and its reason; newer eras need
    none.

    Measured on PostgreSQL 15 with 100,000 and 1,000,000 rows in memory: docs/profiles.md, python -m bench settings.
    """
    if era > LIKE_UNTIL:
        return {}
    wanted = {"random_page_cost": ("1.1", RANDOM_READS)}
    if server.can("plan_cache_mode"):
        wanted["plan_cache_mode"] = ("force_custom_plan", CUSTOM_PLANS)
    if era <= JOINED_READS_UNTIL:
        wanted["enable_mergejoin"] = ("off", NO_MERGE)
    return wanted
