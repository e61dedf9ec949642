"""Sections as plain lines of any length, for pipes and files: what text_lines makes of them, without loading rich."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from kinetune.model.report import Bars, Code, Fold, Heading, Heat, Items, Paragraph, Report, Section, Table
from kinetune.reports.characters import visible


def plain_lines(report: Report) -> Iterator[str]:
    yield from [*_headline(report.title, "="), ""] if report.title else ()
    yield from _sections(report.sections)


def cells(text: str) -> int:
    """Columns of a terminal that the text takes: two for wide letters, none for marks."""
    return sum(map(_cells, text))


def _sections(sections: Iterable[Section]) -> Iterator[str]:
    gap = False
    for section in sections:
        if block := _block(section):
            yield from [""] if gap else []
            yield from block
            gap = not isinstance(section, Heading)


def _block(section: Section) -> list[str]:
    match section:
        case Heading(text):
            return _headline(text, "-")
        case Paragraph(text):
            return _lines(text)
        case Items(items):
            return [line for item in items for line in _item(item.text)]
        case Table():
            return _table(section)
        case Code():
            lines = _indented(visible(section.text.strip("\n")).split("\n"))
            return [visible(section.title), *lines] if section.title else lines
        case Fold(title, sections):
            return [visible(title), *_indented(_sections(sections))]
        case Bars() | Heat():
            return []


def _headline(text: str, underline: str) -> list[str]:
    return [visible(text), underline * cells(visible(text))]


def _item(text: str) -> list[str]:
    first, *rest = _lines(text)
    return [f"- {first}", *_indented(rest)]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in visible(text).split("\n")]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else line for line in lines]


def _table(table: Table) -> list[str]:
    head = [[visible(name)] for name in table.columns]
    rows = [[_lines(cell.text) for cell in row] for row in table.rows]
    texts = [table.columns, *([cell.text for cell in row] for row in table.rows)]
    widths = [max(cells(visible(text)) for text in column) for column in zip(*texts, strict=True)]
    lines = [line for row in [head, *rows] for line in _row(row, widths, table)]
    return lines if rows else [*lines, "(none)"]


def _row(row: list[list[str]], widths: list[int], table: Table) -> Iterator[str]:
    """As many lines as the tallest cell has."""
    for number in range(max(map(len, row))):
        parts = []
        for name, lines, width in zip(table.columns, row, widths, strict=True):
            text = lines[number] if number < len(lines) else ""
            space = " " * (width - cells(text))
            parts.append(space + text if name in table.numeric else text + space)
        yield "  ".join(parts).rstrip()


def _cells(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf") and letter != "\xad":  # terminals show a soft hyphen
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
