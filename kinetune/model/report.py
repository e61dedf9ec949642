"""A report: sections in reading order for people, `data` for programs. kinetune.reports writes it in each format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinetune.model.check_result import CheckRun


class Tone(StrEnum):
    """The meaning of a cell or a line. Each format has its own colours for it."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    DIM = "dim"


@dataclass(frozen=True)
class Cell:
    """`series` are numbers over time, of which `text` is a drawing: HTML draws them itself."""

    text: str
    tone: Tone = Tone.PLAIN
    series: tuple[float, ...] = ()


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class BulletList:
    """A bulleted list."""

    items: tuple[Cell, ...]


@dataclass(frozen=True)
class LabelledLines:
    """Short lines about the subject in `title`, each after its label (`check: …`)."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """`numeric` names the columns that are right-aligned; the column called `fold` may wrap."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[str] = frozenset()
    fold: str = ""


@dataclass(frozen=True)
class Code:
    """Preformatted text: SQL, a plan tree."""

    text: str
    language: str = ""
    title: str = ""


@dataclass(frozen=True)
class BarChart:
    """One bar per label; two numbers per label are before and after. Drawn in HTML, omitted in text."""

    title: str
    unit: str
    series: tuple[str, ...]
    bars: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Collapsible:
    """
    Sections that an HTML page shows on a click, and prints in full if `printed` is true, else not at all. Text shows
    them below the title.
    """

    title: str
    sections: tuple[Section, ...]
    printed: bool = True


@dataclass(frozen=True)
class ExpandableTable:
    """A table with more sections about each row, which HTML shows on a click. Other formats show them below it."""

    table: Table
    details: tuple[tuple[Section, ...], ...]


@dataclass(frozen=True)
class Heatmap:
    """
    A grid with a row per label and a column per time. A larger number is darker. Drawn in HTML, omitted in text.

    `steps` scales each row by its own largest number, and draws it as a line over time.
    """

    title: str
    unit: str
    times: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    steps: bool = False


Section = (
    Heading | Paragraph | BulletList | LabelledLines | Table | ExpandableTable | Code | BarChart | Heatmap | Collapsible
)


@dataclass(frozen=True)
class Report:
    """
    `kind` and `schema` name the JSON form of `data`, which holds plain values only (kinetune explain, 1).

    `appendix` is omitted in text. `build_page` returns what HTML shows instead of both, if that differs; it is called
    for HTML only. `check_run` is the source of sarif, junit and github; only `check` has one. `records` are the lines
    of csv; only `hotspots` has them.
    """

    kind: str
    title: str
    sections: tuple[Section, ...]
    data: dict[str, object] = field(default_factory=dict)
    schema: int = 1
    appendix: tuple[Section, ...] = ()
    check_run: CheckRun | None = None
    records: tuple[dict[str, object], ...] | None = None
    build_page: Callable[[], tuple[Section, ...]] | None = None
