"""Sections into lines of styled text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.syntax import Syntax
from rich.text import Text

from kinetune.model.report import Bars, Cell, Code, Fold, Heading, Heat, Items, Paragraph, Report, Section, Table, Tone
from kinetune.reports.text_page import Page, indented, styled
from kinetune.reports.text_table import table_lines


def report_lines(report: Report, page: Page) -> Iterator[Text]:
    yield from [*_headline(report.title, "=", page), Text()] if report.title else ()
    yield from _sections(report.sections, page)


def _sections(sections: Iterable[Section], page: Page) -> Iterator[Text]:
    """Blocks with an empty line between them; a heading stays with what follows."""
    gap = False
    for section in sections:
        if block := _block(section, page):
            yield from [Text()] if gap else []
            yield from block
            gap = not isinstance(section, Heading)


def _block(section: Section, page: Page) -> list[Text]:
    match section:
        case Heading(text):
            return _headline(text, "-", page)
        case Paragraph(text, tone):
            return page.wrap(styled(text, tone))
        case Items(items):
            return [line for item in items for line in _item(item, page)]
        case Table():
            return table_lines(section, page)
        case Code():
            return _code(section, page)
        case Fold(title, sections):
            return [_bold(title), *indented(list(_sections(sections, page.narrower(2))))]
        case Bars() | Heat():
            return []


def _headline(text: str, underline: str, page: Page) -> list[Text]:
    """Bold; underlined where there is no bold."""
    lines = page.wrap(_bold(text))
    return lines if page.coloured else [*lines, Text(underline * max(line.cell_len for line in lines))]


def _bold(text: str) -> Text:
    title = styled(text)
    title.stylize("bold")
    return title


def _item(item: Cell, page: Page) -> list[Text]:
    """Bullet and hanging indent."""
    bullet = styled("• " if page.coloured else "- ", item.tone)
    first, *rest = page.narrower(2).wrap(styled(item.text, item.tone))
    return [bullet + first, *indented(rest)]


def _code(code: Code, page: Page) -> list[Text]:
    """Never wrapped, so that it can be pasted."""
    text = styled(code.text.strip("\n"))
    if code.language and page.coloured:
        text = Syntax("", code.language, theme="ansi_dark", background_color="default").highlight(text.plain)
        text.rstrip()
    lines = indented(list(text.split("\n")))
    return [styled(code.title, Tone.DIM), *lines] if code.title else lines
