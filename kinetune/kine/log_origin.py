"""What is known of a release that a log names, and which kind of store Kine's drivers and errors show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from kinetune.kine.k3s_releases import BundledKine, find_bundled_kine
from kinetune.kine.releases import (
    LOGS_SLOW_SQL,
    Version,
    describe_bounds,
    eras_between,
    is_known_release,
    parse_kine_version,
)
from kinetune.model.failure import UsageFailure
from kinetune.model.hotspot import LoggedRelease, StoreKind

DRIVER_STORES: Mapping[str, StoreKind] = MappingProxyType(
    {
        "postgres": StoreKind.POSTGRESQL,  # lib/pq, up to v0.9.9
        "pgx": StoreKind.POSTGRESQL,
        "mysql": StoreKind.MYSQL,
        "sqlite": StoreKind.SQLITE,
        "sqlite3": StoreKind.SQLITE,
        "litestream": StoreKind.SQLITE,
        "dqlite": StoreKind.DQLITE,
    }
)
"""`Configuring NAME database connection pooling` (kine pkg/drivers/generic/generic.go, v0.6.0 to v0.17.5)."""


def describe_logged_release(product: str, release: str) -> LoggedRelease:
    """
    The Kine, eras and Slow SQL lines of a release of K3s, RKE2 or Kine.

    RKE2 contains a K3s of an unknown commit, so nothing is said of its Kine.
    """
    bundled = _find_kine(product, release)
    if bundled is None:
        return LoggedRelease(product, release)
    spans = LOGS_SLOW_SQL.spans
    newest = parse_kine_version(bundled.newest)
    oldest = parse_kine_version(bundled.oldest) if bundled.oldest else (0, 0, 0)
    answers = {any(first <= version <= last for first, last in spans) for version in (oldest, newest)}
    examined = is_known_release(bundled.newest)
    return LoggedRelease(
        product,
        release,
        # A line about Kine itself needs no second name for it.
        "" if product == "Kine" else describe_bounds(bundled),
        # Kine before v0.5.1 has no era, so without a lower bound the list would not be complete.
        tuple(era.number for era in eras_between(bundled)) if bundled.oldest and examined else (),
        examined,
        answers.pop() if len(answers) == 1 else None,
    )


def find_oldest_kine(releases: Iterable[LoggedRelease]) -> Version:
    """The oldest Kine that the releases can contain; (0, 0, 0) if there is no lower bound for each of them."""
    found = [_find_kine(release.product, release.release) for release in releases]
    bounds = [parse_kine_version(bundled.oldest) for bundled in found if bundled and bundled.oldest]
    return min(bounds) if bounds and len(bounds) == len(found) else (0, 0, 0)


def _find_kine(product: str, release: str) -> BundledKine | None:
    if product == "K3s":
        return find_bundled_kine(release)
    if product != "Kine":
        return None
    try:
        parse_kine_version(release)
    except UsageFailure:
        return None
    return BundledKine(release, release)
