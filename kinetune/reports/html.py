"""Reports as one HTML page without network access, scripts and fonts: it can be mailed and opened offline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from kinetune import __version__
from kinetune.model.report import Heading, Report, Section
from kinetune.quoting import show_controls
from kinetune.rendering import render_template
from kinetune.reports.chart import draw_bars
from kinetune.reports.heat import draw_heatmap


@dataclass(frozen=True)
class PagePart:
    """The sections below one heading. The first part is the summary and has no title."""

    title: str
    sections: tuple[Section, ...]


def write(report: Report, stream: TextIO) -> None:
    """The report with its appendix; the sections before the first heading become the summary box."""
    page = render_template(
        "report.html",
        report=report,
        parts=split_parts((*report.sections, *report.appendix)),
        kind=lambda section: type(section).__name__,
        draw_bars=draw_bars,
        draw_heatmap=draw_heatmap,
        visible=show_controls,
        version=__version__,
    )
    stream.write(page)


def split_parts(sections: Iterable[Section]) -> tuple[PagePart, ...]:
    """The sections grouped by heading; the summary comes first, even if it is empty."""
    found: list[tuple[str, list[Section]]] = [("", [])]
    for section in sections:
        if isinstance(section, Heading):
            found.append((section.text, []))
        else:
            found[-1][1].append(section)
    return tuple(PagePart(title, tuple(below)) for title, below in found)
