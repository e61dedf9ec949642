"""The facts that rules receive, by the name of their parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kinetune.model.configuration import Component, Configuration
from kinetune.model.facts import NO_STORE, Facts, OutOfScope
from kinetune.model.unknown import Unknown
from kinetune.model.workload import ExplainRun, MeasuredCall
from kinetune.plans.measure import measure_call

NO_TABLE = Unknown("there is no table kine")
NO_RUN = Unknown("no saved run to compare with (set --against FILE)")
NO_SEQUENCE = Unknown("kine.id has no sequence")
NO_FILES = OutOfScope("no configuration file was read (set --kine-unit, --compose, --config-dir …)")
NO_RELEASE = OutOfScope(f"{NO_STORE}, and the Kine version is unknown (set --kine or --k3s)")


@dataclass(frozen=True)
class Limits:
    """
    The user's own limits ([check.limits] in kinetune.toml).

    `milliseconds` and `work` (blocks or storage requests) are budgets by call (list-page) or for all calls (*). `pool`
    is the maximum number of connections of one Kine (KT603) and `servers` the number of Kine processes; 0 means unset.
    `tolerance` is the slowdown that is accepted against the saved run: 0.25 is 25 %.
    """

    milliseconds: Mapping[str, float] = field(default_factory=dict)
    work: Mapping[str, float] = field(default_factory=dict)
    pool: int = 0
    servers: int = 0
    pgbouncer: bool = False
    tolerance: float = 0.25


@dataclass(frozen=True)
class CheckContext:
    """Everything that rules may read: the facts, the user's limits, and the saved run to compare with."""

    facts: Facts
    limits: Limits = Limits()
    before: ExplainRun | Unknown = NO_RUN

    def read_fact(self, name: str) -> object:
        """The fact of that name, or Unknown with the reason. A part of the table is Unknown if there is no table."""
        if name in ("limits", "before"):
            return getattr(self, name)
        if name in ("configuration", "files", "release", "kine", "store"):
            return self._read_given(name)
        # An unsupported server (CockroachDB) is reported although nothing else of it was observed.
        if self.facts.unseen and not (name == "server" and self.facts.server.unsupported):
            return OutOfScope(self.facts.unseen)
        return self._read_observed(name)

    def _read_given(self, name: str) -> object:
        """
        A fact that needs no database connection.

        `files`, `release` and `store` are for rules that also work without them: an empty Configuration, None for an
        unknown release, and None without a connection. `configuration` and `kine` are Unknown instead.
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

    def _read_observed(self, name: str) -> object:
        if name == "facts":
            return self.facts
        if name == "table":
            return self.facts.table or NO_TABLE
        if name == "sequence":
            return (self.facts.table.sequence or NO_SEQUENCE) if self.facts.table else NO_TABLE
        if name == "calls":
            return self.measured_calls
        return getattr(self.facts, name)

    @cached_property
    def measured_calls(self) -> tuple[MeasuredCall, ...] | Unknown:
        """The plans of all calls except those that failed. Parsed once, because several rules read them."""
        recordings = self.facts.recordings
        if isinstance(recordings, Unknown):
            return recordings
        rows = self.facts.table.size if self.facts.table else None
        return tuple(measure_call(recording, rows=rows) for recording in recordings if not recording.failed)


def effective_setting(facts: Facts, name: str) -> str | None:
    """
    The value that a new session of Kine gets: the database's own, else the server's; None if it was not observed.

    The value in kinetune's own session may differ, because kinetune changes settings of its session.
    """
    return facts.database_settings.get(name, facts.settings.get(name))


def explain_absence(what: str, configuration: Configuration) -> Unknown:
    """Why a rule about `what` (such as "no Kine") found nothing to check in the configuration files."""
    for part in configuration.of(Component.NOT_JUDGED):
        # What could not be judged may define it: absence is not certain.
        return Unknown(f"{part.place} was not judged: {part.unread}")
    return OutOfScope(f"{what} is in the files read")
