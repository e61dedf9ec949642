"""What is wanted from logs, and where they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum


class By(StrEnum):
    """What calls are put together by, besides query and era."""

    RESOURCE = "resource"
    NAMESPACE = "namespace"
    KEY = "key"


@dataclass(frozen=True)
class Sources:
    """
    Paths may be files, directories, patterns and `-` (stdin); `journal` names systemd units.

    `follow` goes on waiting for more: with `events.follow` only.
    """

    paths: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    follow: bool = False


@dataclass(frozen=True)
class LogOptions:
    """
    `since` and `until` are seconds since 1970 UTC, `at_least_ms` leaves shorter calls out. `zone` is that of times
    which do not say theirs. `jobs` processes share files and parts of large ones.
    """

    by: By = By.RESOURCE
    since: float = -math.inf
    until: float = math.inf
    at_least_ms: float = 0.0
    zone: tzinfo = UTC
    jobs: int = 1
