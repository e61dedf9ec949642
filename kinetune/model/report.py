"""A report as a value: sections in reading order for people, `data` for programs. Formats live in kinetune.reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kinetune.model.judgement import Judgement


class Tone(StrEnum):
    """What a cell or a line means, so that each format may colour it in its own way."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    DIM = "dim"


@dataclass(frozen=True)
class Cell:
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Items:
    """A bulleted list."""

    items: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """`numeric` names the columns to be set flush right; the column called `fold` may wrap."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[str] = frozenset()
    fold: str = ""


@dataclass(frozen=True)
class Code:
    """Text set as it stands: SQL, a plan tree."""

    text: str
    language: str = ""
    title: str = ""


@dataclass(frozen=True)
class Bars:
    """One bar a label; two numbers a label stand for before and after. HTML draws them, text leaves them out."""

    title: str
    unit: str
    series: tuple[str, ...]
    bars: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Fold:
    """Sections that a page may hide behind a click (and prints in full); text sets them below the title."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Heat:
    """
    A grid: a row a label with a number for each column, darker the larger it is. `times` name the columns.

    HTML draws it, text leaves it out. `steps` sets each row's numbers against its own largest, as a line over time.
    """

    title: str
    unit: str
    times: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    steps: bool = False


Section = Heading | Paragraph | Items | Table | Code | Bars | Heat | Fold


@dataclass(frozen=True)
class Report:
    """
    `kind` and `schema` name the JSON form of `data`, which holds plain values only (kinetune explain, 1).

    `appendix` is for pages, read at leisure: text leaves it out. `judgement` is what sarif, junit and github tell; only
    a check has one. `records` are what csv tells, a line each; only hotspots has them.
    """

    kind: str
    title: str
    sections: tuple[Section, ...]
    data: dict[str, object] = field(default_factory=dict)
    schema: int = 1
    appendix: tuple[Section, ...] = ()
    judgement: Judgement | None = None
    records: tuple[dict[str, object], ...] | None = None
