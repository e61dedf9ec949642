"""What was read and how much of it was understood, counted while it happens."""

from __future__ import annotations

from dataclasses import dataclass, field

from kinetune.model.hotspot import Counts

_A_MINUTE = 60.0


@dataclass
class Tally:
    """model.Counts in the making; one a process, then merged."""

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
    formats: dict[str, int] = field(default_factory=dict)
    zones: set[int] = field(default_factory=set)
    notices: list[str] = field(default_factory=list)

    def form(self, name: str, count: int = 1) -> None:
        self.formats[name] = self.formats.get(name, 0) + count

    def notice(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)

    def merge(self, other: Tally) -> None:
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        for form, count in other.formats.items():
            self.formats[form] = self.formats.get(form, 0) + count
        self.zones |= other.zones
        for sentence in other.notices:
            self.notice(sentence)

    def counts(self, folded: int) -> Counts:
        said = vars(self) | {"zones": tuple(sorted(self.zones)), "notices": tuple(self.notices)}
        formats = dict(sorted(self.formats.items(), key=lambda item: (-item[1], item[0])))
        return Counts(**said | {"formats": formats, "folded": folded})


@dataclass
class Watch:
    """The clock of one source: `last` is the newest end of a call, in seconds since 1970 UTC."""

    tally: Tally
    last: float = float("-inf")

    def passes(self, at: float) -> None:
        """Counts a step back of more than a minute: calls are logged as they end, so ends go forward."""
        if at < self.last - _A_MINUTE:
            self.tally.jumps += 1
            self.last = at
        elif at > self.last:
            self.last = at
