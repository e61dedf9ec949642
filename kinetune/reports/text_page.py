"""What a line of text is written on: a width, and colours or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rich.console import Console
from rich.text import Text

from kinetune.model.report import Tone
from kinetune.reports.characters import visible

_STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.WARN: "yellow", Tone.BAD: "red", Tone.DIM: "dim"}


@dataclass(frozen=True)
class Page:
    console: Console
    width: int

    @property
    def coloured(self) -> bool:
        return self.console.color_system is not None

    def narrower(self, by: int) -> Page:
        return replace(self, width=max(self.width - by, 8))

    def wrap(self, text: Text) -> list[Text]:
        """At least one line; no spaces at the ends."""
        lines = list(text.wrap(self.console, max(self.width, 1))) or [Text()]
        for line in lines:
            line.rstrip()
        return lines


def styled(text: str, tone: Tone = Tone.PLAIN) -> Text:
    return Text(visible(text), _STYLES[tone])


def indented(lines: list[Text]) -> list[Text]:
    return [Text("  ") + line if line else line for line in lines]
