"""Which logs to read, and what to keep of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum


class GroupBy(StrEnum):
    """What calls are grouped by, besides query and era."""

    RESOURCE = "resource"
    NAMESPACE = "namespace"
    KEY = "key"


@dataclass(frozen=True)
class LogStream:
    """A log that is neither a file nor a journal. `read` returns its bytes in blocks, each time from the beginning."""

    name: str
    read: Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class LogSources:
    """
    `paths` are files, directories, patterns and `-` (stdin); `journal` names systemd units; `streams` come from other
    programs.

    `follow`: wait for new lines, with follow_logs() only.
    """

    paths: tuple[str, ...] = ()
    journal: tuple[str, ...] = ()
    follow: bool = False
    streams: tuple[LogStream, ...] = ()


@dataclass(frozen=True)
class LogOptions:
    """
    `since` and `until` are seconds since 1970 UTC. Calls shorter than `at_least_ms` are left out. `zone` is the time
    zone of timestamps that have none. `jobs` processes share the files, and the parts of large files.
    """

    by: GroupBy = GroupBy.RESOURCE
    since: float = -math.inf
    until: float = math.inf
    at_least_ms: float = 0.0
    zone: tzinfo = UTC
    jobs: int = 1
