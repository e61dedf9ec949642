"""What some of Kine's releases do and others do not, told of a release or of an era alone. Sources: docs/facts."""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.kine.releases import NEWEST_RELEASE, Version, era_named, is_known, version_of_kine
from kinetune.model.facts import KineRelease

LATEST = 10**6
"""Stands for every later release of a line: nobody has said that it ended."""
Span = tuple[Version, Version]


@dataclass(frozen=True)
class Trait:
    """Releases that share a behaviour, as spans of versions, both ends included."""

    spans: tuple[Span, ...]
    source: str

    def of(self, kine: KineRelease) -> bool | None:
        """Whether that Kine has it; None where only an era is known that spans the change."""
        if kine.tag is not None:
            version = version_of_kine(kine.tag)
            return any(first <= version <= last for first, last in self.spans)
        here = era_named(kine.number).spans
        if all(any(_holds(span, part) for span in self.spans) for part in here):
            return True
        return None if any(_touches(span, part) for span in self.spans for part in here) else False


def _holds(span: Span, part: Span) -> bool:
    return span[0] <= part[0] and part[1] <= span[1]


def _touches(span: Span, part: Span) -> bool:
    return span[0] <= part[1] and part[0] <= span[1]


def named(kine: KineRelease) -> str:
    """`Kine v0.17.5`, or `Kine v0.16.6, v0.17.3 – v0.17.5` where only its era is known."""
    return f"Kine {kine.tag or era_named(kine.number).releases}"


def unread(kine: KineRelease) -> str:
    """A warning where the release is newer than what was read, else nothing."""
    if kine.tag is None or is_known(kine.tag) or version_of_kine(kine.tag) < NEWEST_RELEASE:
        return ""
    return f" (this release was not read; the newest that was is v{'.'.join(map(str, NEWEST_RELEASE))})"


LOSES_CREATES = Trait(
    (((0, 16, 6), (0, 16, LATEST)), ((0, 17, 3), (LATEST, 0, 0))),
    "facts/measured.md §2: 4 of 3,000 acknowledged creates were not in the table; a fixed release is not known",
)
WRITES_OUTSIDE_ITS_TRANSACTION = Trait(
    LOSES_CREATES.spans, "facts/kine.md §0.7: BEGIN on one connection, the INSERT on another"
)
LEAKS_A_CONNECTION = Trait(
    (((0, 6, 0), (0, 16, 5)), ((0, 17, 0), (0, 17, 2))),
    "docs/facts/kine.md §9.3: pkg/drivers/generic/generic.go, Migrate, never reads the row of its second count",
)
ASKS_POSTGRES_FIRST = Trait(
    (((0, 11, 0), (0, 11, 2)),),
    "docs/facts/kine.md §9.5: pkg/drivers/pgsql/pgsql.go, createDBIfNotExist (v0.11.0 and v0.11.2 read); k3s#9033",
)
READS_NULLS = Trait(
    (((0, 16, 6), (0, 16, LATEST)), ((0, 17, 3), (LATEST, 0, 0))),
    "docs/facts/kine.md §8.1: pkg/logstructured/sqllog/sql.go, scan; the same releases store NULL at each create",
)
WANTS_COMPACTED_VALUE = Trait(
    (((0, 14, 10), (0, 14, 11)),),
    "docs/facts/kine.md §8.2: pkg/server/compact.go, DecodeVersion; mended in v0.14.12 (kine#604)",
)
STEALS_IDS = Trait((((0, 0, 0), (0, 10, LATEST)),), "facts/kine.md §0.9: fixed in v0.11.0 (kine#226, k3s#8708)")
CRASHES_BEHIND_PGBOUNCER = Trait((((0, 16, 1), (LATEST, 0, 0)),), "facts/kine.md §7: k3s#14525")
LEAVES_COMPACTION = Trait(
    (((0, 16, 1), (LATEST, 0, 0)),), "facts/kine.md §1.2: --compact-interval is 0, the API server compacts"
)
PREPARES_STATEMENTS = Trait(
    (((0, 10, 0), (LATEST, 0, 0)),), "facts/kine.md §1.2: pgx caches named statements on each connection"
)
STOPS_LISTS_EARLY = Trait(
    (((0, 16, 5), (0, 16, LATEST)), ((0, 17, 1), (LATEST, 0, 0))),
    "facts/kine.md §0.2: the limit is in the key selection",
)
