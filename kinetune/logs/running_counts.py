"""Counts of lines and events while logs are read."""

from __future__ import annotations

from dataclasses import dataclass, field

from kinetune.logs.release_lines import OriginTotals
from kinetune.model.hotspot import LogCounts

_MAX_STEP_BACK_S = 60.0


@dataclass
class RunningCounts:
    """The mutable form of model.hotspot.LogCounts, which explains each field. Each process has one; they are merged."""

    lines: int = 0
    bytes: int = 0
    calls: int = 0
    signals: int = 0
    plans: int = 0
    passing: int = 0
    not_understood: int = 0
    sampled: int = 0
    recognised: int = 0
    zoneless: int = 0
    timeless: int = 0
    jumps: int = 0
    too_long: int = 0
    unknown_language: int = 0
    broken: int = 0
    formats: dict[str, int] = field(default_factory=dict)
    zones: set[int] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)
    origin: OriginTotals = field(default_factory=OriginTotals)

    def count_format(self, name: str, count: int = 1) -> None:
        self.formats[name] = self.formats.get(name, 0) + count

    def notice(self, sentence: str) -> None:
        """Add a sentence for the user, once: --follow would repeat it every quarter of a second."""
        if sentence not in self.notices:
            self.notices.append(sentence)

    def merge(self, other: RunningCounts) -> None:
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        for name, count in other.formats.items():
            self.count_format(name, count)
        self.zones |= other.zones
        self.origin.merge(other.origin)
        for sentence in other.notices:
            self.notice(sentence)

    def freeze(self, folded: int) -> LogCounts:
        """The counts as a value, the most frequent format first; `folded` comes from the ranking."""
        formats = dict(sorted(self.formats.items(), key=lambda item: (-item[1], item[0])))
        fixed = {"zones": tuple(sorted(self.zones)), "notices": tuple(self.notices), "formats": formats}
        counted = {name: value for name, value in vars(self).items() if name != "origin"}
        return LogCounts(**counted | fixed | {"folded": folded})


@dataclass
class SourceClock:
    """The clock of one source. `last` is the newest end of a call, in seconds since 1970 UTC."""

    counts: RunningCounts
    last: float = float("-inf")
    is_newest_first: bool = False
    """The source is an export whose times decrease: steps back are its order."""

    def advance(self, at: float) -> None:
        """
        Move to `at` and count a step back of more than a minute: the host's clock was set, or two logs were joined.

        Calls are logged when they end, so their ends increase. Processes write in turn: less than a minute is normal.
        """
        if at < self.last - _MAX_STEP_BACK_S:
            self.counts.jumps += not self.is_newest_first
            self.last = at
        elif at > self.last:
            self.last = at
