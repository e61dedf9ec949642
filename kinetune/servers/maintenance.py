"""
Until when each line of releases is mended.

PostgreSQL: postgresql.org/support/versioning (final releases). YugabyteDB: its releases page,
docs.yugabyte.com/stable/releases/ybdb-releases, and docs/data/currentVersions.json of yugabyte/yugabyte-db
(facts/yugabytedb.md §1.3). Read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from kinetune.model.server import Flavour, Server


@dataclass(frozen=True)
class Line:
    """
    A line of releases, `PostgreSQL 14`. `ends` is its last day, `mended_until` the last day of ordinary fixes where
    only critical ones follow (YugabyteDB's end of maintenance). A preview is mended by the next preview only.
    """

    name: str
    ends: date | None
    mended_until: date | None = None
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
"""What to move to: the newest major, and the newest long-term line (facts/yugabytedb.md §1.3)."""


def line_of(server: Server) -> Line | None:
    """The server's line; None for one that came after this table. One older than the table ended with its oldest."""
    return _yugabytedb(server.release) if server.flavour is Flavour.YUGABYTEDB else _postgresql(server.release[0])


def successor(server: Server) -> str:
    """The line to move to."""
    return NEWEST[server.flavour]


def _postgresql(major: int) -> Line | None:
    ends = POSTGRESQL[10] if major < 10 else POSTGRESQL.get(major)
    return Line(f"PostgreSQL {major}", ends) if ends else None


def _yugabytedb(release: tuple[int, ...]) -> Line | None:
    series = (release[0], release[1] if len(release) > 1 else 0)
    name = f"YugabyteDB {series[0]}.{series[1]}"
    if series[0] < 2024 and series[1] % 2:
        return Line(name, None, preview=True)
    if series < min(YUGABYTEDB):
        return Line(name, YUGABYTEDB[2, 14][1])
    mended, ends = YUGABYTEDB.get(series, (None, None))
    return Line(name, ends, mended) if ends else None
