"""PostgreSQL: the release from which each capability exists. Source: the release notes of that major version."""

from __future__ import annotations

from kinetune.model.server import Flavour, Server

SINCE = {
    "advisory_lock": 9,
    "index_concurrently": 9,  # and DROP INDEX CONCURRENTLY, 9.2
    "transactional_ddl": 9,
    "tablesample": 9,  # 9.5
    "covering_index": 11,  # CREATE INDEX … INCLUDE
    "plan_cache_mode": 12,
    "rename_index_online": 12,  # ALTER INDEX … RENAME takes SHARE UPDATE EXCLUSIVE instead of ACCESS EXCLUSIVE
    "index_progress": 12,  # pg_stat_progress_create_index
    "explain_wal": 13,
}
OLDEST = 11


def server(release: tuple[int, ...], note: str = "") -> Server:
    """PostgreSQL of a release such as (15, 18); majors before 11 lack covering indexes, served as far as they go."""
    base = release[0]
    return Server(
        Flavour.POSTGRESQL,
        release,
        base,
        frozenset(name for name, since in SINCE.items() if base >= since),
        note or (f"PostgreSQL {base} is older than the oldest served ({OLDEST})" if base < OLDEST else ""),
    )
