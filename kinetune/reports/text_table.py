"""Tables as aligned columns. Too wide for the page, a table gives up its shape before it gives up a letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from kinetune.model.report import Table, Tone
from kinetune.reports.characters import visible
from kinetune.reports.text_page import Page, indented, styled

_GAP = "  "
_LEAST_FOLD = 28


@dataclass(frozen=True)
class Layout:
    """Columns by number: on lines of their own above, side by side with their widths, together on lines below."""

    above: tuple[int, ...]
    beside: Mapping[int, int]
    below: tuple[int, ...]


def table_lines(table: Table, page: Page) -> list[Text]:
    grid = _Grid(table, fit(table, page.width), page)
    lines = grid.header()
    for number, row in enumerate(table.rows):
        if number and (grid.layout.above or not grid.layout.beside):
            lines.append(Text())
        lines += grid.row([styled(cell.text, cell.tone) for cell in row])
    return lines if table.rows else [*lines, styled("(none)", Tone.DIM)]


def fit(table: Table, width: int) -> Layout:
    """The first shape that fits the width; where none does, a line for each cell."""
    fold, every = _folding(table), range(len(table.columns))
    for above, below in _shapes(table, fold):
        room = width - (len(_GAP) if above else 0)
        beside = [column for column in every if column not in (*above, *below)]
        for header in (cell_len, _longest_word):
            wanted = {column: max(header(table.columns[column]), _natural(table, column)) for column in beside}
            if widths := _squeezed(wanted, fold, room):
                return Layout(above, widths, below)
    return Layout((), {}, tuple(every))


def _shapes(table: Table, fold: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Above and below: all side by side; the folding column below; all words below; the row's name above too."""
    words = tuple(number for number, name in enumerate(table.columns) if number and name not in table.numeric)
    yield (), ()
    if fold in words:
        yield (), (fold,)
    yield (), words
    yield (0,), words


def _folding(table: Table) -> int:
    """The column that may wrap; where none is named, the widest that is not numeric."""
    if table.fold in table.columns:
        return table.columns.index(table.fold)
    words = [number for number, name in enumerate(table.columns) if name not in table.numeric]
    return max(words, key=lambda number: _natural(table, number), default=0)


def _natural(table: Table, column: int) -> int:
    return max((cell_len(visible(row[column].text)) for row in table.rows), default=0)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _squeezed(wanted: dict[int, int], fold: int, room: int) -> dict[int, int]:
    """Widths that fit the room, only the folding column narrower than wanted; nothing where that will not do."""
    over = sum(wanted.values()) + len(_GAP) * (len(wanted) - 1) - room
    if over <= 0:
        return wanted
    narrower = wanted.get(fold, 0) - over
    return {**wanted, fold: narrower} if narrower >= _LEAST_FOLD else {}


@dataclass(frozen=True)
class _Grid:
    table: Table
    layout: Layout
    page: Page

    def header(self) -> list[Text]:
        """The shape of a row; none where each cell is named."""
        if not self.layout.beside:
            return []
        lines = self.row([Text(visible(name), "bold") for name in self.table.columns])
        rule = Text("─" * max(line.cell_len for line in lines), "dim")
        return [*lines, rule] if self.page.coloured else lines

    def row(self, texts: list[Text]) -> list[Text]:
        if not self.layout.beside:
            return self._list(texts)
        above = [line for column in self.layout.above for line in self.page.wrap(texts[column])]
        beside = self._beside(texts)
        return [*above, *(indented(beside) if above else beside), *self._below(texts)]

    def _beside(self, texts: list[Text]) -> list[Text]:
        """One line, or as many as the tallest cell has."""
        cells = {column: Page(self.page.console, width).wrap(texts[column]) for column, width in self._widths()}
        return [self._line(cells, number) for number in range(max(map(len, cells.values())))]

    def _line(self, cells: dict[int, list[Text]], number: int) -> Text:
        parts = []
        for column, width in self._widths():
            text = cells[column][number] if number < len(cells[column]) else Text()
            space = Text(" " * (width - text.cell_len))
            parts.append(space + text if self.table.columns[column] in self.table.numeric else text + space)
        line = Text(_GAP).join(parts)
        line.rstrip()
        return line

    def _widths(self) -> list[tuple[int, int]]:
        return list(self.layout.beside.items())

    def _below(self, texts: list[Text]) -> list[Text]:
        together = Text(" · ").join(texts[column] for column in self.layout.below if texts[column])
        return indented(self.page.narrower(len(_GAP)).wrap(together)) if together else []

    def _list(self, texts: list[Text]) -> list[Text]:
        """Each cell under its column's name; the first is the row's own name."""
        named = [Text(f"{name}: ") + text for name, text in zip(self.table.columns, texts, strict=True)]
        rest = [line for text in named[1:] for line in indented(self.page.narrower(len(_GAP)).wrap(text))]
        return [*self.page.wrap(texts[0]), *rest]
