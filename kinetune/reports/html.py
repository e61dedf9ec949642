"""Reports as one HTML page without network access, scripts and fonts: it can be mailed and opened offline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from kinetune import __version__
from kinetune.model.report import Heading, Report, Section, Table
from kinetune.quoting import show_controls
from kinetune.rendering import render_template
from kinetune.reports.chart import draw_bars, draw_sparkline
from kinetune.reports.heat import draw_heatmap

_WIDEST_COLUMN = 32
"""Characters; a longer text wraps."""


@dataclass(frozen=True)
class PagePart:
    """The sections below one heading. The first part is the summary and has no title."""

    title: str
    sections: tuple[Section, ...]


def write(report: Report, stream: TextIO) -> None:
    """Its own page or the report with its appendix; the sections before the first heading become the summary box."""
    sections = report.build_page() if report.build_page else (*report.sections, *report.appendix)
    page = render_template(
        "report.html",
        report=report,
        parts=split_parts(sections),
        kind=lambda section: type(section).__name__,
        draw_bars=draw_bars,
        draw_heatmap=draw_heatmap,
        draw_sparkline=draw_sparkline,
        grid_columns=grid_columns,
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


def grid_columns(table: Table) -> str:
    """
    The CSS widths of a table whose rows are grids of their own: they align only if no width depends on a row's content.
    """
    return " ".join(_grid_column(table, number) for number in range(len(table.columns)))


def _grid_column(table: Table, number: int) -> str:
    name, cells = table.columns[number], [row[number] for row in table.rows]
    if name == table.fold or (number == 0 and table.fold not in table.columns):
        return "minmax(0, 1fr)"
    if any(cell.series for cell in cells):
        return "minmax(70px, 14%)"
    width = max(map(len, (*name.split(), *(cell.text for cell in cells))), default=0)
    return f"{min(width, _WIDEST_COLUMN)}ch"
