"""What rules may ask for, by the name of their parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kinetune.model.configuration import Configuration
from kinetune.model.facts import NO_STORE, Facts, OutOfScope, Unknown
from kinetune.model.workload import Explained, Measured
from kinetune.plans.measure import measured

NO_TABLE = Unknown("there is no table kine")
NO_RUN = Unknown("no saved run to compare with (--against FILE)")
NO_SEQUENCE = Unknown("kine.id draws from no sequence")
NO_FILES = OutOfScope("no configuration file was read (--kine-unit, --compose, --config-dir …)")
NO_RELEASE = OutOfScope(f"{NO_STORE}, and nothing says which Kine it is (--kine or --k3s)")


@dataclass(frozen=True)
class Limits:
    """
    What the user set for his own store ([check.limits] in kinetune.toml). `milliseconds` and `work` (blocks or storage
    requests) are budgets by call (list-page) or for all (*); `pool` is the bound of Kine's connections (KT603) and
    `servers` the number of Kine processes, 0 where nobody said. `tolerance` is for `before`.
    """

    milliseconds: Mapping[str, float] = field(default_factory=dict)
    work: Mapping[str, float] = field(default_factory=dict)
    pool: int = 0
    servers: int = 0
    pgbouncer: bool = False
    tolerance: float = 0.25


@dataclass(frozen=True)
class Evidence:
    """Facts, what the user set, and the run to compare with."""

    facts: Facts
    limits: Limits = Limits()
    before: Explained | Unknown = NO_RUN

    def of(self, name: str) -> object:
        """The fact of that name, or Unknown with the reason. A part of the table is Unknown where there is no table."""
        if name in ("limits", "before"):
            return getattr(self, name)
        if name in ("configuration", "files", "release", "kine", "store"):
            return self._said(name)
        if self.facts.unseen and not (name == "server" and self.facts.server.unsupported):
            return OutOfScope(self.facts.unseen)
        return self._seen(name)

    def _said(self, name: str) -> object:
        """
        What needs no store. For rules that may do without, `files` are empty, `release` is None where unknown, and so
        is `store` where none was looked at.
        """
        configuration, kine = self.facts.configuration, self.facts.kine
        if name == "store":
            return None if self.facts.unseen else self.facts
        if name == "files":
            return Configuration() if isinstance(configuration, Unknown) else configuration
        if name == "release":
            return None if isinstance(kine, Unknown) else kine
        if name == "configuration":
            return NO_FILES if isinstance(configuration, Unknown) else configuration
        return NO_RELEASE if self.facts.unseen and isinstance(kine, Unknown) else kine

    def _seen(self, name: str) -> object:
        if name == "facts":
            return self.facts
        if name == "table":
            return self.facts.table or NO_TABLE
        if name == "sequence":
            return (self.facts.table.sequence or NO_SEQUENCE) if self.facts.table else NO_TABLE
        if name == "calls":
            return self.calls
        return getattr(self.facts, name)

    @cached_property
    def calls(self) -> tuple[Measured, ...] | Unknown:
        """Plans read once for all rules; calls that failed are left out."""
        recordings = self.facts.recordings
        if isinstance(recordings, Unknown):
            return recordings
        rows = self.facts.table.size if self.facts.table else None
        return tuple(measured(recording, rows=rows) for recording in recordings if not recording.failed)
