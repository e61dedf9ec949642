"""The server at the other end, as a value: what it is, and what it can do."""

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

    `release` is the flavour's own release, (15, 18) or (2024, 2, 11, 0); `base` the PostgreSQL major it speaks
    (facts/yugabytedb.md §1.1). Capabilities are named and bounded in kinetune.servers and nowhere else. `unsupported`
    names a server that no Kine works on, for all that it speaks the protocol.
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
