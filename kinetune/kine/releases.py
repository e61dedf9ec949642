"""
Kine's releases in eras: the releases of one era send the same SQL and create the same schema.

Read from every tag up to v0.17.5 (docs/facts/kine.md §1.1). sql/kine/<catalogue> has the statements of real builds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from kinetune.kine.k3s_releases import BUNDLED, BundledKine, find_bundled_kine, find_first_builds
from kinetune.model.failure import UsageFailure
from kinetune.model.kine_release import KineRelease

Version = tuple[int, int, int]
_OLD = "it was no longer in use when the statements were recorded"
_SHORT_LIVED = "its list queries were replaced within four months"


@dataclass(frozen=True)
class Era:
    """
    Releases with equal SQL. `name` is the first release, `spans` has the first and last tag of each release line.

    `catalogue` is the folder of sql/kine with its statements; if it is None, `reason` says why.
    """

    name: str
    number: str
    spans: tuple[tuple[Version, Version], ...]
    catalogue: str | None = None
    reason: str = ""

    @property
    def releases(self) -> str:
        """`v0.16.6, v0.17.3 – v0.17.5`."""
        return ", ".join(
            _format_version(a) if a == b else f"{_format_version(a)} – {_format_version(b)}" for a, b in self.spans
        )


@dataclass(frozen=True)
class EraInUse:
    """An era and how it was determined, in words; `known` is false if it is only assumed."""

    era: Era
    source: str
    known: bool = True


def _format_version(version: Version) -> str:
    return "v" + ".".join(map(str, version))


ERAS = (
    Era("v0.5.1", "E05", (((0, 5, 1), (0, 7, 3)),), reason=_OLD),
    Era("v0.8.0", "E06", (((0, 8, 0), (0, 8, 1)),), reason=_OLD),
    Era("v0.9.0", "E07", (((0, 9, 0), (0, 11, 3)),), "v0.9.0"),
    Era("v0.11.4", "E08", (((0, 11, 4), (0, 11, 4)),), "v0.11.4"),
    Era("v0.11.5", "E09", (((0, 11, 5), (0, 11, 8)),), "v0.11.4"),  # E08's SQL; ids became BIGINT
    Era("v0.11.9", "E10", (((0, 11, 9), (0, 12, 2)),), reason=_SHORT_LIVED),
    Era("v0.13.0", "E11", (((0, 13, 0), (0, 13, 19)),), "v0.13.0"),
    Era("v0.14.0", "E12", (((0, 14, 0), (0, 14, 2)),), reason=_SHORT_LIVED),
    Era("v0.14.3", "E13", (((0, 14, 3), (0, 14, 3)),), reason=_SHORT_LIVED),
    Era("v0.14.4", "E14", (((0, 14, 4), (0, 14, 6)),), reason=_SHORT_LIVED),
    Era("v0.14.7", "E15", (((0, 14, 7), (0, 14, 7)),), reason=_SHORT_LIVED),
    Era("v0.14.8", "E16", (((0, 14, 8), (0, 15, 0)),), "v0.14.8"),
    Era(
        "v0.16.0",
        "E17",
        (((0, 16, 0), (0, 16, 2)),),
        reason="it cannot be built: the Go module proxy no longer serves v0.16.0 to v0.16.2",
    ),
    Era("v0.16.3", "E18", (((0, 16, 3), (0, 16, 4)), ((0, 17, 0), (0, 17, 0))), "v0.16.3"),
    Era("v0.17.1", "E19", (((0, 16, 5), (0, 16, 5)), ((0, 17, 1), (0, 17, 2))), "v0.17.1"),
    Era("v0.17.3", "E20", (((0, 16, 6), (0, 16, 6)), ((0, 17, 3), (0, 17, 5))), "v0.17.3"),
)
_STARTS = sorted((first, era.number, era) for era in ERAS for first, _ in era.spans)
NEWEST_RELEASE = max(last for era in ERAS for _, last in era.spans)


def newest_era() -> Era:
    return ERAS[-1]


def find_era(name: str) -> Era:
    """The era with that name or number (`v0.17.3`, `E20`)."""
    for era in ERAS:
        if name in (era.name, era.number):
            return era
    raise UsageFailure(f"unknown Kine era {name}", "use one of " + ", ".join(era.name for era in ERAS))


def format_releases(eras: Iterable[str]) -> str:
    """
    The releases of eras with these names or numbers, `v0.9.0 – v0.11.8, v0.13.0 – v0.13.19`. A range ends where a
    release line follows whose era is not among them.
    """
    chosen = {find_era(era).number for era in eras}
    spans = sorted((*span, era.number) for era in ERAS for span in era.spans)
    ranges = [list(group) for is_chosen, group in groupby(spans, lambda span: span[2] in chosen) if is_chosen]
    ends = ((_format_version(group[0][0]), _format_version(group[-1][1])) for group in ranges)
    return ", ".join(" – ".join(dict.fromkeys(pair)) for pair in ends)


def assume_newest_era(why: str) -> EraInUse:
    """The newest era for a Kine whose release is unknown; `why` says what was examined."""
    return EraInUse(newest_era(), f"the newest, assumed because {why}; set --kine or --k3s", known=False)


def era_of_kine(tag: str) -> Era:
    """
    The era of a release (`v0.17.5`, `0.17.5`, `v0.14.6-k3s1.31`).

    A release newer than the newest known one gets the newest era: check `is_known_release` and say so.
    """
    version = _parse_version("Kine", tag)
    for first, _, era in reversed(_STARTS):
        # Sorted by first release, so the last span that begins before the release contains it or precedes it.
        if first <= version:
            return era
    oldest = _format_version(ERAS[0].spans[0][0])
    raise UsageFailure(f"Kine {tag} is too old", f"supported are {oldest} to {_format_version(NEWEST_RELEASE)}")


def parse_kine_version(tag: str) -> Version:
    """`v0.14.6-k3s1.31` as (0, 14, 6); UsageFailure for a text that is not a release."""
    return _parse_version("Kine", tag)


def is_known_release(tag: str) -> bool:
    """Whether that release was examined; otherwise `era_of_kine` returned the era of the release before it."""
    version = _parse_version("Kine", tag)
    return any(first <= version <= last for era in ERAS for first, last in era.spans)


def era_of_k3s(release: str) -> tuple[Era, str]:
    """
    The era and tag of the Kine inside a K3s release (`v1.33.4`, `v1.33.4+k3s1`).

    Without a build (`+k3s1`) the first one, unless a later build has a Kine of another era: then a UsageFailure names
    the builds. UsageFailure also if the Kine is not known, or not known exactly.
    """
    major, minor, patch = _parse_version("K3s", release)
    bundled = find_bundled_kine(release)
    if bundled is not None and bundled.tag:
        return era_of_kine(bundled.tag), bundled.tag
    if builds := find_first_builds(release):
        eras = {era_of_kine(kine) for _, kine in builds}
        if len(eras) == 1:
            return eras.pop(), builds[0][1]
        differing = ", ".join(f"{build} has Kine {kine}" for build, kine in builds)
        raise UsageFailure(f"the builds of K3s {release} have different Kine releases", f"{differing}; name the build")
    if bundled is not None:
        raise UsageFailure(f"the Kine of K3s {release} is known only as {describe_bounds(bundled)}", _ASK_KINE)
    lines = BUNDLED.get(f"{major}.{minor}")
    if lines is None:
        raise UsageFailure(
            f"the Kine release in K3s {release} is unknown", f"known are K3s {', '.join(BUNDLED)}; {_ASK_KINE}"
        )
    # The neighbors in the same minor release show which Kine it probably is.
    before = [f"1.{minor}.{last} has {kine}" for _, last, kine in lines if last < patch][-1:]
    after = [f"1.{minor}.{first} has {kine}" for first, _, kine in lines if first > patch][:1]
    raise UsageFailure(f"the Kine of K3s {release} is unknown", "; ".join([*before, *after, _ASK_KINE]))


def describe_bounds(bundled: BundledKine) -> str:
    """`v0.9.3`, `v0.9.3 to v0.9.8`, `v0.6.2 or older`."""
    if not bundled.oldest:
        return f"{bundled.newest} or older"
    return bundled.tag or f"{bundled.oldest} to {bundled.newest}"


def eras_between(bundled: BundledKine) -> tuple[Era, ...]:
    """The eras that the Kine of a K3s release may belong to, oldest first; those before v0.5.1 have no era."""
    oldest = parse_kine_version(bundled.oldest) if bundled.oldest else (0, 0, 0)
    newest = parse_kine_version(bundled.newest)
    return tuple(era for era in ERAS if any(_overlaps_span((oldest, newest), span) for span in era.spans))


_ASK_KINE = "set --kine (see the release notes of K3s)"


def recorded_catalogue(era: Era) -> str:
    """The folder of sql/kine with the era's statements; UsageFailure with the nearest recorded era if there is none."""
    if era.catalogue is not None:
        return era.catalogue
    at = ERAS.index(era)
    having = [other for other in ERAS if other.catalogue is not None]
    # Of two equally distant eras the newer one, whose statements are still in use.
    nearest = min(having, key=lambda other: (abs(ERAS.index(other) - at), -ERAS.index(other)))
    raise UsageFailure(
        f"the statements of Kine {era.releases} are not recorded: {era.reason}",
        f"the nearest recorded release is in {nearest.releases} (set --kine {nearest.name})",
    )


def _parse_version(product: str, text: str) -> Version:
    """`v0.14.6-k3s1.31` → (0, 14, 6)."""
    numbers = text.strip().removeprefix("v").split("+")[0].split("-")[0].split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdecimal() for number in numbers):
        raise UsageFailure(
            f"{text!r} is not a release of {product}",
            "use a version such as v0.17.5" if product == "Kine" else "use a version such as v1.33.4",
        )
    return int(numbers[0]), int(numbers[1]), int(numbers[2])


LATEST = 10**6
"""Stands for all later releases of a line: no end of the behavior is known."""
Span = tuple[Version, Version]


@dataclass(frozen=True)
class Trait:
    """Releases that share a behavior, as spans of versions including both ends."""

    spans: tuple[Span, ...]
    source: str

    def applies_to(self, kine: KineRelease) -> bool | None:
        """Whether that Kine has the behavior; None if only its era is known and the behavior changed within it."""
        if kine.tag is not None:
            version = parse_kine_version(kine.tag)
            return any(first <= version <= last for first, last in self.spans)
        # An era may consist of spans in several release lines: all must be contained for a definite answer.
        here = find_era(kine.number).spans
        if all(any(_contains_span(span, part) for span in self.spans) for part in here):
            return True
        return None if any(_overlaps_span(span, part) for span in self.spans for part in here) else False


def _contains_span(span: Span, part: Span) -> bool:
    return span[0] <= part[0] and part[1] <= span[1]


def _overlaps_span(span: Span, part: Span) -> bool:
    return span[0] <= part[1] and part[0] <= span[1]


def release_in_use(kine: EraInUse) -> KineRelease:
    """
    The release behind an era, with its tag where `kine.source` names one: v0.13.17 in "K3s v1.33.4 holds Kine
    v0.13.17".
    """
    tag = re.search(r"[Kk]ine v?(\d+\.\d+\.\d+)", kine.source)
    return KineRelease(kine.era.name, kine.era.number, kine.source, f"v{tag[1]}" if tag else None)


def describe_release(kine: KineRelease) -> str:
    """`Kine v0.17.5`, or `Kine v0.16.6, v0.17.3 – v0.17.5` if only its era is known."""
    return f"Kine {kine.tag or find_era(kine.number).releases}"


def describe_unread_release(kine: KineRelease) -> str:
    """A note if the release was not examined, else empty."""
    if kine.tag is None or is_known_release(kine.tag):
        return ""
    return f" (this release was not examined; the newest examined one is v{'.'.join(map(str, NEWEST_RELEASE))})"


LOSES_CREATES = Trait(
    (((0, 16, 6), (0, 16, LATEST)), ((0, 17, 3), (LATEST, 0, 0))),
    "docs/facts/measured.md §2: 4 of 3,000 acknowledged creates were not in the table; a fixed release is not known",
)
WRITES_OUTSIDE_ITS_TRANSACTION = Trait(
    LOSES_CREATES.spans, "docs/facts/kine.md §0.7: BEGIN on one connection, the INSERT on another"
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
    "docs/facts/kine.md §8.2: pkg/server/compact.go, DecodeVersion; fixed in v0.14.12 (kine#604)",
)
STEALS_IDS = Trait((((0, 0, 0), (0, 10, LATEST)),), "docs/facts/kine.md §0.9: fixed in v0.11.0 (kine#226, k3s#8708)")
CRASHES_BEHIND_PGBOUNCER = Trait((((0, 16, 1), (LATEST, 0, 0)),), "docs/facts/kine.md §7: k3s#14525")
LEAVES_COMPACTION = Trait(
    (((0, 16, 1), (LATEST, 0, 0)),), "docs/facts/kine.md §1.2: --compact-interval is 0, the API server compacts"
)
PREPARES_STATEMENTS = Trait(
    (((0, 10, 0), (LATEST, 0, 0)),), "docs/facts/kine.md §1.2: pgx caches named statements on each connection"
)
LOGS_SLOW_SQL = Trait(
    (((0, 9, 2), (LATEST, 0, 0)),),
    "docs/facts/kine.md §1.2 and §9.1: v0.9.1 has no line `Slow SQL`, v0.9.3 has one; the flag came with v0.9.2",
)
STOPS_LISTS_EARLY = Trait(
    (((0, 16, 5), (0, 16, LATEST)), ((0, 17, 1), (LATEST, 0, 0))),
    "docs/facts/kine.md §0.2: the limit is in the key selection",
)


def releases_by_nulls(stores_nulls: bool) -> str:
    """The releases that store NULL as create_revision of a create, or the others, as format_releases() writes them."""
    eras = (
        era for era in ERAS if bool(READS_NULLS.applies_to(KineRelease(era.name, era.number, "seen"))) is stores_nulls
    )
    return format_releases(era.number for era in eras)
