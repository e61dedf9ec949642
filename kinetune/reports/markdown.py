"""Reports for pull requests, step summaries and tickets: GitHub's markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from kinetune.model.report import Bars, Cell, Code, Fold, Heading, Heat, Items, Paragraph, Report, Section, Table, Tone
from kinetune.reports.characters import visible

# What begins a construct anywhere in a line; an underscore within a word (kine_name_index) does not.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")
# What begins one at the start: headings, rules, lists; the backslash goes before the sign, or after the number.
_START = re.compile(r"^(?:(?=[#+=-]+(?:\s|$))|(\d+)(?=[.)](?:\s|$)))")


def write(report: Report, stream: TextIO) -> None:
    """Tables, headings and code; folds as <details>. Bad is bold, the other tones have no form here."""
    blocks = [f"# {_escaped(report.title)}", *_blocks((*report.sections, *report.appendix))]
    stream.write("\n\n".join(blocks) + "\n")


def _blocks(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        if block := _block(section):
            yield block


def _block(section: Section) -> str:
    match section:
        case Heading(text):
            return f"## {_escaped(text)}"
        case Paragraph(text, tone):
            return _toned(Cell(text, tone))
        case Items(items):
            return "\n".join(f"- {_toned(item)}" for item in items)
        case Table():
            return _table(section)
        case Code():
            return _code(section)
        case Fold(title, sections):
            head = f"<details>\n<summary>{html.escape(_line(title), quote=False)}</summary>"
            return "\n\n".join([head, *_blocks(sections), "</details>"])
        case Bars() | Heat():
            return ""


def _table(table: Table) -> str:
    rules = ["---:" if column in table.numeric else "---" for column in table.columns]
    rows = [[_toned(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(map(_escaped, table.columns)), rules, *rows])


def _code(code: Code) -> str:
    text = "\n".join(map(visible, code.text.strip("\n").split("\n")))
    longest = max(map(len, re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    block = f"{fence}{code.language}\n{text}\n{fence}"
    return f"{_escaped(code.title)}:\n\n{block}" if code.title else block


def _toned(cell: Cell) -> str:
    text = _escaped(cell.text)
    return f"**{text}**" if cell.tone is Tone.BAD and text else text


def _escaped(text: str) -> str:
    """On one line, and meaning nothing but itself."""
    escaped = _SPECIAL.sub(lambda found: "&amp;" if found[0] == "&" else "\\" + found[0], _line(text))
    return _START.sub(lambda found: (found[1] or "") + "\\", escaped)


def _line(text: str) -> str:
    return visible(" ".join(text.split()))
