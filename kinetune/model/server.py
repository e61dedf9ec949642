"""The database server: its kind, its release, and its capabilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Flavour(StrEnum):
    POSTGRESQL = "postgresql"
    YUGABYTEDB = "yugabytedb"


@dataclass(frozen=True)
class Server:
    """
    A server of a known flavour and release.

    `release` is its own release, (15, 18) or (2024, 2, 11, 0); `base` is the PostgreSQL major release that it is based
    on (docs/facts/yugabytedb.md §1.1). Capabilities are defined in kinetune.servers only. `unsupported` names a server
    that speaks PostgreSQL's protocol but is not supported by Kine.
    """

    flavour: Flavour
    release: tuple[int, ...]
    base: int
    capabilities: frozenset[str] = field(default_factory=frozenset)
    note: str = ""
    unsupported: str = ""

    def can(self, capability: str) -> bool:
        return capability in self.capabilities

    def __str__(self) -> str:
        if self.unsupported:
            return self.unsupported
        name = "YugabyteDB" if self.flavour is Flavour.YUGABYTEDB else "PostgreSQL"
        return f"{name} {'.'.join(map(str, self.release))}"
