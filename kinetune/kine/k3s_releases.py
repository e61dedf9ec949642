"""
The Kine release in each K3s release.

Source: the table of components in the release notes of K3s (k3s-io/docs, docs/release-notes and docs/release-notes-old,
vX.Y.X.md) from K3s 1.24 on. No notes with that table are stored for K3s 1.19 to 1.23: see _BOUNDS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Minor release → (first patch, last patch, Kine of its first build). 1.30.1 contains a commit just before v0.11.8.
BUNDLED: Mapping[str, tuple[tuple[int, int, str], ...]] = MappingProxyType(
    {
        "1.19": ((15, 15, "v0.6.2"),),
        "1.24": (
            (1, 2, "v0.9.1"),
            (3, 7, "v0.9.3"),
            (8, 10, "v0.9.6"),
            (11, 13, "v0.9.9"),
            (14, 16, "v0.10.1"),
            (17, 17, "v0.10.2"),
        ),
        "1.25": (
            (0, 3, "v0.9.3"),
            (4, 6, "v0.9.6"),
            (7, 9, "v0.9.9"),
            (10, 12, "v0.10.1"),
            (13, 13, "v0.10.2"),
            (14, 15, "v0.10.3"),
            (16, 16, "v0.11.0"),
        ),
        "1.26": (
            (0, 1, "v0.9.8"),
            (2, 4, "v0.9.9"),
            (5, 7, "v0.10.1"),
            (8, 8, "v0.10.2"),
            (9, 10, "v0.10.3"),
            (11, 13, "v0.11.0"),
            (14, 15, "v0.11.4"),
        ),
        "1.27": (
            (1, 1, "v0.9.9"),
            (2, 4, "v0.10.1"),
            (5, 5, "v0.10.2"),
            (6, 7, "v0.10.3"),
            (8, 10, "v0.11.0"),
            (11, 12, "v0.11.4"),
            (13, 14, "v0.11.7"),
            (15, 15, "v0.11.9"),
            (16, 16, "v0.11.11"),
        ),
        "1.28": (
            (1, 3, "v0.10.3"),
            (4, 6, "v0.11.0"),
            (7, 8, "v0.11.4"),
            (9, 10, "v0.11.7"),
            (11, 11, "v0.11.9"),
            (12, 13, "v0.11.11"),
            (14, 14, "v0.12.0"),
            (15, 15, "v0.13.2"),
        ),
        "1.29": (
            (0, 1, "v0.11.0"),
            (2, 3, "v0.11.4"),
            (4, 5, "v0.11.7"),
            (6, 6, "v0.11.9"),
            (7, 8, "v0.11.11"),
            (9, 9, "v0.12.0"),
            (10, 10, "v0.13.2"),
            (11, 13, "v0.13.5"),
            (14, 15, "v0.13.9"),
        ),
        "1.30": (
            (0, 1, "v0.11.8"),
            (2, 2, "v0.11.9"),
            (3, 4, "v0.11.11"),
            (5, 5, "v0.12.0"),
            (6, 6, "v0.13.2"),
            (7, 9, "v0.13.5"),
            (10, 11, "v0.13.9"),
            (12, 12, "v0.13.14"),
            (13, 14, "v0.13.15"),
        ),
        "1.31": (
            (0, 1, "v0.12.0"),
            (2, 2, "v0.13.2"),
            (3, 5, "v0.13.5"),
            (6, 7, "v0.13.9"),
            (8, 8, "v0.13.14"),
            (9, 10, "v0.13.15"),
            (11, 12, "v0.13.17"),
            (13, 13, "v0.14.0"),
            (14, 14, "v0.14.6-k3s1.31"),
        ),
        "1.32": (
            (0, 1, "v0.13.5"),
            (2, 3, "v0.13.9"),
            (4, 4, "v0.13.14"),
            (5, 6, "v0.13.15"),
            (7, 8, "v0.13.17"),
            (9, 9, "v0.14.0"),
            (10, 10, "v0.14.6-k3s1.32"),
            (11, 11, "v0.14.9-k3s1.32"),
            (12, 12, "v0.14.11"),
            (13, 13, "v0.14.12"),
        ),
        "1.33": (
            (0, 0, "v0.13.14"),
            (1, 2, "v0.13.15"),
            (3, 4, "v0.13.17"),
            (5, 5, "v0.14.0"),
            (6, 6, "v0.14.6"),
            (7, 7, "v0.14.9"),
            (8, 8, "v0.14.11"),
            (9, 9, "v0.14.12"),
            (10, 10, "v0.14.14"),
            (11, 11, "v0.14.16"),
            (12, 12, "v0.15.0"),
            (13, 13, "v0.16.1"),
        ),
        "1.34": (
            (1, 1, "v0.14.0"),
            (2, 2, "v0.14.6"),
            (3, 3, "v0.14.9"),
            (4, 4, "v0.14.11"),
            (5, 5, "v0.14.12"),
            (6, 6, "v0.14.14"),
            (7, 7, "v0.14.16"),
            (8, 8, "v0.15.0"),
            (9, 9, "v0.16.1"),
            (10, 10, "v0.16.3"),
            (11, 11, "v0.16.4"),
            (12, 12, "v0.16.5"),
        ),
        "1.35": (
            (0, 0, "v0.14.9"),
            (1, 1, "v0.14.11"),
            (2, 2, "v0.14.12"),
            (3, 3, "v0.14.14"),
            (4, 4, "v0.14.16"),
            (5, 5, "v0.15.0"),
            (6, 6, "v0.16.1"),
            (7, 7, "v0.16.3"),
            (8, 8, "v0.16.4"),
            (9, 9, "v0.16.5"),
        ),
        "1.36": (
            (0, 0, "v0.14.16"),
            (1, 1, "v0.15.0"),
            (2, 2, "v0.16.1"),
            (3, 3, "v0.16.3"),
            (4, 4, "v0.16.4"),
            (5, 5, "v0.16.5"),
        ),
        "1.37": (
            (0, 0, "v0.17.0"),
            (1, 1, "v0.17.1"),
        ),
    }
)
# Later builds of a patch with another Kine than its first one: K3s → (build, Kine).
_REBUILDS: Mapping[str, tuple[tuple[int, str], ...]] = MappingProxyType(
    {
        "1.24.2": ((2, "v0.9.3"),),
        "1.30.14": ((2, "v0.13.17"),),
        "1.32.11": ((3, "v0.14.10"),),
        "1.33.7": ((3, "v0.14.10"),),
        "1.33.13": ((2, "v0.16.3"),),
        "1.34.3": ((3, "v0.14.10"),),
        "1.35.0": ((3, "v0.14.10"),),
    }
)
# Minor release → (first patch, last patch, oldest and newest Kine it can contain), where no table of components is
# stored. Sources: go.mod of k3s-io/k3s at Kubernetes 1.19.13 (v0.6.2), 1.20.2 (v0.6.0), 1.21.2 (v0.6.2) and 1.22.2
# (v0.8.0); kine#93 (1.20 and 1.21 stay at v0.6); k3s#5804 and k3s#5801 (v0.9.1 → v0.9.3 in the second builds of
# 1.22.11 and 1.23.8); k3s#6991 (1.23 never got v0.9.9). A K3s line never goes back to an older Kine.
_BOUNDS: Mapping[str, tuple[tuple[int, int, str, str], ...]] = MappingProxyType(
    {
        "1.19": ((0, 14, "", "v0.6.2"), (16, 99, "v0.6.2", "v0.6.5")),
        "1.20": ((0, 1, "", "v0.6.0"), (2, 99, "v0.6.0", "v0.6.5")),
        "1.21": ((0, 1, "v0.6.0", "v0.6.2"), (2, 99, "v0.6.2", "v0.6.5")),
        "1.22": ((0, 2, "v0.6.2", "v0.8.0"), (3, 10, "v0.8.0", "v0.9.1"), (11, 99, "v0.9.1", "v0.9.8")),
        "1.23": ((0, 7, "v0.8.0", "v0.9.1"), (8, 8, "v0.8.0", "v0.9.3"), (9, 99, "v0.9.3", "v0.9.8")),
    }
)
_FIRST_BOUNDED = 19
"""Older lines ended before K3s 1.19.15 was released, so their Kine is not newer than its."""
_BOUND_BUILDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "1.22.11+1": ("v0.9.1", "v0.9.1"),
        "1.22.11+2": ("v0.9.3", "v0.9.3"),
        "1.23.8+1": ("v0.8.0", "v0.9.1"),
        "1.23.8+2": ("v0.9.3", "v0.9.3"),
    }
)
# The build, of a release or of an image tag. Anything else (-rc1, +k3s-09d7f12e) is no release of the tables.
_RELEASE = re.compile(
    r"v?1\.(\d{1,3})\.(\d{1,3})(?:[+-]k3s(\d{1,3}))?(?:-(?:amd64|arm64|arm|s390x|riscv64))?", re.ASCII
)


@dataclass(frozen=True)
class BundledKine:
    """The oldest and the newest Kine that a K3s release can contain; `oldest` is empty if there is no lower bound."""

    oldest: str
    newest: str

    @property
    def tag(self) -> str | None:
        """The Kine, if it is known exactly."""
        return self.newest if self.oldest == self.newest else None


def find_bundled_kine(release: str) -> BundledKine | None:
    """
    The Kine in a K3s release (`v1.33.4+k3s1`, `1.33.4`, an image tag `v1.33.4-k3s1-amd64`); None if it is not known.

    Without a build the first one is meant; if later builds have a Kine of another era, only the bounds are known. A
    release candidate and a build of a commit are not known.
    """
    found = _RELEASE.fullmatch(release.strip())
    if found is None:
        return None
    minor, patch, build = f"1.{int(found[1])}", int(found[2]), int(found[3] or 0)
    exact = next((kine for first, last, kine in BUNDLED.get(minor, ()) if first <= patch <= last), None)
    if exact is not None:
        return _choose_build(exact, _REBUILDS.get(f"{minor}.{patch}", ()), build)
    if bounds := _BOUND_BUILDS.get(f"{minor}.{patch}+{build}"):
        return BundledKine(*bounds)
    if int(found[1]) < _FIRST_BOUNDED:
        return BundledKine("", BUNDLED["1.19"][0][2])
    ranges = _BOUNDS.get(minor, ())
    return next((BundledKine(old, new) for first, last, old, new in ranges if first <= patch <= last), None)


def find_first_builds(release: str) -> tuple[tuple[str, str], ...]:
    """All builds of a patch that differ in their Kine: `("v1.33.13+k3s1", "v0.16.1"), ("v1.33.13+k3s2", "v0.16.3")`."""
    found = _RELEASE.fullmatch(release.strip())
    name = f"1.{int(found[1])}.{int(found[2])}" if found else ""
    if found is None or name not in _REBUILDS:
        return ()
    first = find_bundled_kine(f"{name}+k3s1")
    assert first is not None
    builds = ((1, first.newest), *_REBUILDS[name])
    return tuple((f"v{name}+k3s{build}", kine) for build, kine in builds)


def _choose_build(first: str, rebuilds: tuple[tuple[int, str], ...], build: int) -> BundledKine:
    if not rebuilds or build == 1:
        return BundledKine(first, first)
    known = dict(rebuilds)
    if build in known:
        return BundledKine(known[build], known[build])
    return BundledKine(first, rebuilds[-1][1])
