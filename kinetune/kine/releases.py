"""
Kine's releases in eras: one era is the releases that send the same SQL and create the same schema.

Read from every tag up to v0.17.5 (facts/kine.md §1.1). What was recorded from a real build: sql/kine/<catalogue>.
"""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.kine.k3s import BUNDLED
from kinetune.model.failure import UsageFailure

Version = tuple[int, int, int]
_OLD = "it was out of use before the first recording"
_SHORT_LIVED = "its list queries were replaced within four months"


@dataclass(frozen=True)
class Era:
    """
    Releases with equal SQL. `name` is the first release, `spans` the first and last tag of each line of releases.

    `catalogue` names the folder of sql/kine that holds its statements; None has a `reason`.
    """

    name: str
    number: str
    spans: tuple[tuple[Version, Version], ...]
    catalogue: str | None = None
    reason: str = ""

    @property
    def releases(self) -> str:
        """`v0.16.6, v0.17.3 – v0.17.5`."""
        return ", ".join(_tag(a) if a == b else f"{_tag(a)} – {_tag(b)}" for a, b in self.spans)


@dataclass(frozen=True)
class EraInUse:
    """An era and in words how it is known; `known` is false where it is only assumed."""

    era: Era
    source: str
    known: bool = True


def _tag(version: Version) -> str:
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


def newest() -> Era:
    return ERAS[-1]


def era_named(name: str) -> Era:
    """The era of that name or number (`v0.17.3`, `E20`)."""
    for era in ERAS:
        if name in (era.name, era.number):
            return era
    raise UsageFailure(f"{name} is no era of Kine", "one of " + ", ".join(era.name for era in ERAS))


def assumed(why: str) -> EraInUse:
    """The newest era, for want of knowing; `why` says what was looked at."""
    return EraInUse(newest(), f"assumed as the newest; {why} (--kine or --k3s says another)", known=False)


def era_of_kine(tag: str) -> Era:
    """
    The era of a release (`v0.17.5`, `0.17.5`, `v0.14.6-k3s1.31`).

    A release newer than the newest known one gets the newest era: ask `is_known` and say so.
    """
    version = _version("Kine", tag)
    for first, _, era in reversed(_STARTS):
        if first <= version:
            return era
    oldest = _tag(ERAS[0].spans[0][0])
    raise UsageFailure(f"Kine {tag} is too old", f"known are {oldest} to {_tag(NEWEST_RELEASE)}")


def version_of_kine(tag: str) -> Version:
    """`v0.14.6-k3s1.31` as (0, 14, 6); UsageFailure for what is no release."""
    return _version("Kine", tag)


def is_known(tag: str) -> bool:
    """Whether that release was read; otherwise `era_of_kine` took the era of the release before it."""
    version = _version("Kine", tag)
    return any(first <= version <= last for era in ERAS for first, last in era.spans)


def era_of_k3s(release: str) -> tuple[Era, str]:
    """The era and tag of the Kine inside a K3s release (`v1.33.4`, `v1.33.4+k3s1`)."""
    major, minor, patch = _version("K3s", release)
    lines = BUNDLED.get(f"{major}.{minor}")
    if lines is None:
        raise UsageFailure(
            f"the Kine of K3s {release} is not known", f"known are K3s {', '.join(BUNDLED)}; {_ASK_KINE}"
        )
    for first, last, kine in lines:
        if first <= patch <= last:
            return era_of_kine(kine), kine
    before = [f"1.{minor}.{last} has {kine}" for _, last, kine in lines if last < patch][-1:]
    after = [f"1.{minor}.{first} has {kine}" for first, _, kine in lines if first > patch][:1]
    raise UsageFailure(f"the Kine of K3s {release} is not known", "; ".join([*before, *after, _ASK_KINE]))


_ASK_KINE = "say it with --kine (k3s's release notes list it)"


def recorded(era: Era) -> str:
    """The folder of sql/kine with the era's statements; UsageFailure naming the nearest recorded era otherwise."""
    if era.catalogue is not None:
        return era.catalogue
    at = ERAS.index(era)
    having = [other for other in ERAS if other.catalogue is not None]
    nearest = min(having, key=lambda other: (abs(ERAS.index(other) - at), -ERAS.index(other)))
    raise UsageFailure(
        f"the statements of Kine {era.releases} are not recorded: {era.reason}",
        f"the nearest recorded ones are those of {nearest.releases} (--kine {nearest.name})",
    )


def _version(product: str, text: str) -> Version:
    """`v0.14.6-k3s1.31` → (0, 14, 6)."""
    numbers = text.strip().removeprefix("v").split("+")[0].split("-")[0].split(".")
    if len(numbers) != 3 or not all(number.isascii() and number.isdecimal() for number in numbers):
        raise UsageFailure(
            f"{text!r} is no release of {product}",
            "write it as v0.17.5" if product == "Kine" else "write it as v1.33.4",
        )
    return int(numbers[0]), int(numbers[1]), int(numbers[2])
