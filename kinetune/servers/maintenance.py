"""
Maintenance dates of release lines.

PostgreSQL: postgresql.org/support/versioning (final releases). YugabyteDB:
docs.yugabyte.com/stable/releases/ybdb-releases, and docs/data/currentVersions.json of yugabyte/yugabyte-db
(docs/facts/yugabytedb.md §1.3). Read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from kinetune.model.server import Flavour, Server


@dataclass(frozen=True)
class ReleaseLine:
    """
    A release line such as `PostgreSQL 14`. `ends` is its last day; `maintained_until` is the last day of ordinary fixes
    if only critical ones follow (end of maintenance of YugabyteDB). A preview is only fixed by the next preview.
    """

    name: str
    ends: date | None
    maintained_until: date | None = None
    preview: bool = False


POSTGRESQL: Mapping[int, date] = MappingProxyType(
    {
        10: date(2022, 11, 10),
        11: date(2023, 11, 9),
        12: date(2024, 11, 21),
        13: date(2025, 11, 13),
        14: date(2026, 11, 12),
        15: date(2027, 11, 11),
        16: date(2028, 11, 9),
        17: date(2029, 11, 8),
        18: date(2030, 11, 14),
    }
)
# Stable series: end of maintenance, end of life. Before 2024 stable series are even, previews odd.
YUGABYTEDB: Mapping[tuple[int, int], tuple[date, date]] = MappingProxyType(
    {
        (2, 14): (date(2024, 7, 14), date(2025, 1, 14)),
        (2, 16): (date(2023, 12, 14), date(2024, 6, 14)),
        (2, 18): (date(2024, 8, 16), date(2025, 2, 16)),
        (2, 20): (date(2025, 11, 13), date(2026, 5, 13)),
        (2024, 1): (date(2025, 9, 4), date(2026, 3, 7)),
        (2024, 2): (date(2026, 12, 9), date(2027, 6, 9)),
        (2025, 1): (date(2026, 7, 23), date(2027, 1, 23)),
        (2025, 2): (date(2027, 12, 11), date(2028, 6, 11)),
        (2026, 1): (date(2027, 6, 29), date(2027, 12, 29)),
    }
)
NEWEST = {Flavour.POSTGRESQL: "PostgreSQL 18", Flavour.YUGABYTEDB: "YugabyteDB 2025.2 (LTS)"}
"""The recommended lines: the newest major version, and the newest long-term line (docs/facts/yugabytedb.md §1.3)."""


def find_line(server: Server) -> ReleaseLine | None:
    """The server's line; None if it is newer than this table. Lines older than the table ended with its oldest line."""
    return (
        _yugabytedb_line(server.release)
        if server.flavour is Flavour.YUGABYTEDB
        else _postgresql_line(server.release[0])
    )


def recommended_line(server: Server) -> str:
    """The line to upgrade to."""
    return NEWEST[server.flavour]


def _postgresql_line(major: int) -> ReleaseLine | None:
    ends = POSTGRESQL[10] if major < 10 else POSTGRESQL.get(major)
    return ReleaseLine(f"PostgreSQL {major}", ends) if ends else None


def _yugabytedb_line(release: tuple[int, ...]) -> ReleaseLine | None:
    series = (release[0], release[1] if len(release) > 1 else 0)
    name = f"YugabyteDB {series[0]}.{series[1]}"
    if series[0] < 2024 and series[1] % 2:
        return ReleaseLine(name, None, preview=True)
    if series < min(YUGABYTEDB):
        return ReleaseLine(name, YUGABYTEDB[2, 14][1])
    maintained_until, ends = YUGABYTEDB.get(series, (None, None))
    return ReleaseLine(name, ends, maintained_until) if ends else None
