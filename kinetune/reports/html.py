"""Reports as one page that needs nothing else: no network, no script, no font of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import TextIO

from kinetune import __version__
from kinetune.model.report import Heading, Report, Section
from kinetune.rendering import render
from kinetune.reports import chart, heat
from kinetune.reports.characters import visible


@dataclass(frozen=True)
class Part:
    """What stands under one heading; the first part, the summary, has none."""

    title: str
    sections: tuple[Section, ...]


def write(report: Report, stream: TextIO) -> None:
    """Everything before the first heading is the summary on top."""
    numbers = count(1)
    page = render(
        "report.html",
        report=report,
        parts=parts((*report.sections, *report.appendix)),
        kind=lambda section: type(section).__name__,
        charts=(chart.wide, chart.narrow),
        grids=(heat.wide, heat.narrow),
        number=lambda: next(numbers),
        visible=visible,
        version=__version__,
    )
    stream.write(page)


def parts(sections: Iterable[Section]) -> tuple[Part, ...]:
    """The sections by their headings, the summary first even if empty."""
    found: list[tuple[str, list[Section]]] = [("", [])]
    for section in sections:
        if isinstance(section, Heading):
            found.append((section.text, []))
        else:
            found[-1][1].append(section)
    return tuple(Part(title, tuple(below)) for title, below in found)
