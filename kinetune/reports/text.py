"""
Reports as text, for a terminal, a pipe or a file.

Three steps: sections become pieces of text, the pieces are laid out within the width, and colour is added to the
finished lines. A pipe and a file have no width and no colour, so they never load rich.
"""

from __future__ import annotations

import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TextIO

from kinetune.model.report import (
    BarChart,
    BulletList,
    Code,
    Collapsible,
    ExpandableTable,
    Heading,
    Heatmap,
    LabelledLines,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)
from kinetune.quoting import show_controls

if TYPE_CHECKING:
    from rich.console import Console

_UNBOUNDED = sys.maxsize
"""The width of a pipe: each row stays on one line, so that grep and awk find all of it."""
_DEFAULT_WIDTH = 80
_MIN_FOLD_WIDTH = 28
_GAP = "  "
_BOLD = "1"
# The sixteen basic colours only: the user's terminal maps them to shades that suit its background.
_STYLES = {Tone.PLAIN: "", Tone.GOOD: "32", Tone.WARN: "33", Tone.BAD: "31", Tone.DIM: "2"}
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060-\u2064\ufe00-\ufe0e\ufeff]")
# Wide since Unicode 16; Python 3.11 knows Unicode 14.
_NEWLY_WIDE = re.compile("[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d376]")


def write(report: Report, stream: TextIO) -> None:
    """The report with the width and the colours of the stream, as the environment may override them."""
    _write_page(report, stream, _Page(output_width(stream), is_coloured(stream)))


def write_plain(report: Report, stream: TextIO) -> None:
    """The report for a file: no colour and no wrapping, whatever the environment sets."""
    _write_page(report, stream, _Page(_UNBOUNDED, coloured=False))


def make_console(stream: TextIO) -> Console:
    """A rich Console that follows the same environment variables as the reports do."""
    return _make_console(stream, coloured=is_coloured(stream), width=min(output_width(stream), 10_000))


def is_coloured(stream: TextIO) -> bool:
    """NO_COLOR wins over FORCE_COLOR, and both over the stream (https://no-color.org: set and not empty)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def output_width(stream: TextIO) -> int:
    """COLUMNS if it is a positive number, else the width of the terminal; unbounded for a pipe and a file."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    if not stream.isatty():
        return _UNBOUNDED
    try:
        return os.get_terminal_size(stream.fileno()).columns or _DEFAULT_WIDTH
    except OSError:
        return _DEFAULT_WIDTH


def write_encoded(text: str, stream: TextIO) -> None:
    """Write with a question mark for each character that the stream's encoding lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))


def count_columns(text: str) -> int:
    """Terminal columns of a line: two for a wide character, none for a combining one."""
    return len(text) if text.isascii() else sum(map(_character_columns, text))


def _character_columns(character: str) -> int:
    if character == "\ufe0f":  # turns the character before it into a picture, which is one column wider
        return 1
    if unicodedata.category(character) in ("Mn", "Me") or _ZERO_WIDTH.match(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" or _NEWLY_WIDE.match(character) else 1


@dataclass(frozen=True)
class _Line:
    """A line before it is coloured: pieces of text, each with the parameters of its escape sequence."""

    pieces: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)

    @property
    def columns(self) -> int:
        return count_columns(self.text)

    def __add__(self, other: _Line) -> _Line:
        return _Line(self.pieces + other.pieces)

    def cut(self, start: int, end: int) -> _Line:
        """The characters from `start` up to `end`, in their styles."""
        pieces, at = [], 0
        for text, style in self.pieces:
            pieces.append((text[max(start - at, 0) : max(end - at, 0)], style))
            at += len(text)
        return _Line(tuple(piece for piece in pieces if piece[0]))

    def strip_end(self) -> _Line:
        return self.cut(0, len(self.text.rstrip()))

    def to_text(self, *, coloured: bool) -> str:
        if not coloured:
            return self.text
        return "".join(f"\x1b[{style}m{text}\x1b[0m" if style else text for text, style in self.pieces)


@dataclass(frozen=True)
class _Page:
    """`width` in columns. A coloured page shows headings in bold instead of underlining them."""

    width: int
    coloured: bool

    def narrow(self, by: int) -> _Page:
        return replace(self, width=max(self.width - by, 8))

    def style(self, text: str, style: str = "") -> _Line:
        shown = show_controls(text)
        # A pipe keeps tabs. A terminal would expand them by itself, after the lines were measured.
        return _Line(((shown if self.width == _UNBOUNDED else shown.expandtabs(), style),))

    def wrap(self, line: _Line) -> list[_Line]:
        """At least one line, without spaces at the ends."""
        return [line.cut(start, end).strip_end() for start, end in _find_breaks(line.text, max(self.width, 1))]


def _find_breaks(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Start and end of each line: broken at newlines, then between words, then within a word wider than the line."""
    start = 0
    for paragraph in text.split("\n"):
        end = start + len(paragraph)
        begin, used = start, 0
        # Without a width there is nothing to measure: a pipe may get megabytes.
        for word in re.finditer(r"\s*\S+\s*", paragraph) if width < _UNBOUNDED else ():
            at = start + word.start()
            if used and used + count_columns(word[0].rstrip()) > width:
                yield begin, at
                begin, used = at, 0
            for character in word[0].rstrip():
                columns = _character_columns(character)
                if used + columns > width and at > begin:
                    yield begin, at
                    begin, used = at, 0
                used, at = used + columns, at + 1
            used += len(word[0]) - len(word[0].rstrip())
        yield begin, end
        start = end + 1


def _indent(lines: Iterable[_Line]) -> list[_Line]:
    return [_Line(((_GAP, ""),)) + line if line.text else line for line in lines]


def _write_page(report: Report, stream: TextIO, page: _Page) -> None:
    title = [*_format_heading(report.title, "=", page), _Line()] if report.title else []
    lines = [*title, *_format_sections(report.sections, page)]
    write_encoded("".join(line.to_text(coloured=page.coloured) + "\n" for line in lines), stream)


def _format_sections(sections: Iterable[Section], page: _Page) -> Iterator[_Line]:
    """An empty line between blocks; none between a heading and the block below it."""
    gap = False
    for section in sections:
        if block := _format_section(section, page):
            yield from [_Line()] if gap else []
            yield from block
            gap = not isinstance(section, Heading)


def _format_section(section: Section, page: _Page) -> list[_Line]:
    match section:
        case Heading(text):
            return _format_heading(text, "-", page)
        case Paragraph(text, tone):
            return page.wrap(page.style(text, _STYLES[tone]))
        case BulletList(items):
            return [line for item in items for line in _format_item(item.text, _STYLES[item.tone], page)]
        case LabelledLines(title, labelled):
            lines = [line for label, text in labelled for line in _format_labelled(label, text, page.narrow(2))]
            return [*page.wrap(page.style(title, _BOLD)), *_indent(lines)] if title else lines
        case Table():
            return _TableFormatter(section, page).format()
        case ExpandableTable(table, details):
            below = [inner for sections in details for inner in sections]
            return list(_format_sections((table, *below), page))
        case Code():
            return _format_code(section, page)
        case Collapsible(title, sections):
            return [page.style(title, _BOLD), *_indent(_format_sections(sections, page.narrow(2)))]
        case BarChart() | Heatmap():  # only HTML draws charts
            return []


def _format_heading(text: str, underline: str, page: _Page) -> list[_Line]:
    """Bold on a coloured page, else underlined."""
    lines = page.wrap(page.style(text, _BOLD))
    return lines if page.coloured else [*lines, page.style(underline * max(line.columns for line in lines))]


def _format_item(text: str, style: str, page: _Page) -> list[_Line]:
    bullet = page.style("• " if page.coloured else "- ", style)
    first, *rest = page.narrow(2).wrap(page.style(text, style))
    return [bullet + first, *_indent(rest)]


def _format_labelled(label: str, text: str, page: _Page) -> list[_Line]:
    first, *rest = page.wrap(page.style(f"{label}:", _STYLES[Tone.DIM]) + page.style(f" {text}"))
    return [first, *_indent(rest)]


def _format_code(code: Code, page: _Page) -> list[_Line]:
    """Never wrapped, so that it can be copied and run."""
    text = show_controls(code.text.strip("\n"))
    if code.language and page.coloured:
        text = _highlight(text, code.language)
    lines = _indent(_Line(((line, ""),)) for line in text.split("\n"))
    return [page.style(code.title, _STYLES[Tone.DIM]), *lines] if code.title else lines


def _highlight(text: str, language: str) -> str:
    """The text with escape sequences for its syntax."""
    from rich.syntax import Syntax  # noqa: PLC0415 - 60 ms that a pipe must not pay

    highlighted = Syntax("", language, theme="ansi_dark", background_color="default").highlight(text)
    highlighted.rstrip()
    console = _make_console(io.StringIO(), coloured=True, width=10_000)
    with console.capture() as capture:
        console.print(highlighted, soft_wrap=True, end="")
    return capture.get()


def _make_console(stream: TextIO, *, coloured: bool, width: int) -> Console:
    from rich.console import Console  # noqa: PLC0415 - 60 ms that --help must not pay

    return Console(
        file=stream,
        width=width,
        force_terminal=coloured or stream.isatty(),
        color_system="standard" if coloured else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


@dataclass(frozen=True)
class _Layout:
    """Columns by number: above the row, side by side with their widths, joined on lines below the row."""

    above: tuple[int, ...]
    beside: Mapping[int, int]
    below: tuple[int, ...]


@dataclass(frozen=True)
class _TableFormatter:
    """Sets a table as aligned columns. A table wider than the page changes its shape before it loses a character."""

    table: Table
    page: _Page

    def format(self) -> list[_Line]:
        page, layout = self.page, self._choose_layout()
        lines = self._format_header(layout)
        for number, row in enumerate(self.table.rows):
            if number and (layout.above or not layout.beside):  # else rows of several lines would run together
                lines.append(_Line())
            lines += self._format_row([page.style(cell.text, _STYLES[cell.tone]) for cell in row], layout)
        return lines if self.table.rows else [*lines, page.style("(none)", _STYLES[Tone.DIM])]

    def _choose_layout(self) -> _Layout:
        """The first shape that fits the page: a header on one line, then one that wraps, then one line for a cell."""
        fold, every = self._fold_column(), range(len(self.table.columns))
        for above, below in self._list_shapes(fold):
            room = self.page.width - (len(_GAP) if above else 0)
            beside = [column for column in every if column not in (*above, *below)]
            for measure_header in (count_columns, _longest_word):
                wanted = {at: max(measure_header(self.table.columns[at]), self._content_width(at)) for at in beside}
                if widths := _squeeze(wanted, fold, room):
                    return _Layout(above, widths, below)
        return _Layout((), {}, tuple(every))

    def _list_shapes(self, fold: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Columns above and below: none, the one that may wrap below, all text below, the row's name above as well."""
        table = self.table
        words = tuple(number for number, name in enumerate(table.columns) if number and name not in table.numeric)
        yield (), ()
        if fold in words:
            yield (), (fold,)
        yield (), words
        yield (0,), words

    def _fold_column(self) -> int:
        """The column that may wrap: the one the table names, else the widest that holds text."""
        columns, numeric = self.table.columns, self.table.numeric
        if self.table.fold in columns:
            return columns.index(self.table.fold)
        return max((at for at, name in enumerate(columns) if name not in numeric), key=self._content_width, default=0)

    def _content_width(self, column: int) -> int:
        texts = (self.page.style(row[column].text).text for row in self.table.rows)
        return max((count_columns(line) for text in texts for line in text.split("\n")), default=0)

    def _format_header(self, layout: _Layout) -> list[_Line]:
        """The column names in the shape of a row; empty if each cell has its name."""
        if not layout.beside:
            return []
        lines = self._format_row([self.page.style(name, _BOLD) for name in self.table.columns], layout)
        rule = self.page.style("─" * max(line.columns for line in lines), _STYLES[Tone.DIM])
        return [*lines, rule] if self.page.coloured else lines

    def _format_row(self, cells: list[_Line], layout: _Layout) -> list[_Line]:
        if not layout.beside:
            return self._format_list(cells)
        above = [line for column in layout.above for line in self.page.wrap(cells[column])]
        beside = list(self._format_beside(cells, layout.beside))
        return [*above, *(_indent(beside) if above else beside), *self._format_below(cells, layout.below)]

    def _format_beside(self, cells: list[_Line], widths: Mapping[int, int]) -> Iterator[_Line]:
        """As many lines as the tallest cell has."""
        wrapped = {column: replace(self.page, width=width).wrap(cells[column]) for column, width in widths.items()}
        for number in range(max(map(len, wrapped.values()))):
            line = _Line()
            for column, width in widths.items():
                piece = wrapped[column][number] if number < len(wrapped[column]) else _Line()
                space = _Line(((" " * (width - piece.columns), ""),))
                gap = _Line(((_GAP, ""),)) if line.pieces else _Line()
                line += gap + (space + piece if self.table.columns[column] in self.table.numeric else piece + space)
            yield line.strip_end()

    def _format_below(self, cells: list[_Line], columns: tuple[int, ...]) -> list[_Line]:
        """Aligned where all columns fit on a line; of three or more, else, the one that may wrap is on its own."""
        page, fold = self.page.narrow(len(_GAP)), self._fold_column()
        widths = {at: max(count_columns(self.table.columns[at]), self._content_width(at)) for at in columns}
        if len(columns) > 1 and _squeeze(widths, -1, page.width):
            return _indent(self._format_beside(cells, widths))
        if fold in columns and len(columns) > 2:
            others = tuple(column for column in columns if column != fold)
            return [*_indent(page.wrap(cells[fold])), *self._format_below(cells, others)]
        joined = _Line()
        for cell in (cells[column] for column in columns if cells[column].text):
            joined += _Line(((" · ", ""),)) + cell if joined.pieces else cell
        return _indent(page.wrap(joined)) if joined.pieces else []

    def _format_list(self, cells: list[_Line]) -> list[_Line]:
        """One cell a line after its column's name; the first names the row."""
        named = [self.page.style(f"{name}: ") + cell for name, cell in zip(self.table.columns, cells, strict=True)]
        below = [line for cell in named[1:] for line in _indent(self.page.narrow(len(_GAP)).wrap(cell))]
        return [*self.page.wrap(cells[0]), *below]


def _longest_word(text: str) -> int:
    return max(map(count_columns, text.split()), default=0)


def _squeeze(wanted: dict[int, int], fold: int, room: int) -> dict[int, int]:
    """Widths that fit the room, with only the `fold` column narrower than wanted; empty if that is not enough."""
    over = sum(wanted.values()) + len(_GAP) * (len(wanted) - 1) - room
    if over <= 0:
        return wanted
    narrower = wanted.get(fold, 0) - over
    return {**wanted, fold: narrower} if narrower >= _MIN_FOLD_WIDTH else {}
