"""Reports as GitHub Flavored Markdown, for pull requests, step summaries and tickets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import TextIO

from kinetune.model.report import (
    BarChart,
    BulletList,
    Cell,
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

# Characters that begin a construct anywhere in a line. An underscore inside a word (kine_name_index) does not.
_SPECIAL = re.compile(r"[\\`*\[\]<>|~$]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")
# Starts of headings, rules and lists. The backslash goes before the sign, and after the number of a numbered list.
_START = re.compile(r"^(?:(?=[#+=-]+(?:\s|$))|(\d+)(?=[.)](?:\s|$)))")


def write(report: Report, stream: TextIO) -> None:
    """The report with its appendix. The tone BAD becomes bold; Markdown has no form for the other tones."""
    blocks = [f"# {_escape_markdown(report.title)}", *_format_sections((*report.sections, *report.appendix))]
    stream.write("\n\n".join(blocks) + "\n")


def _format_sections(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        if block := _format_section(section):
            yield block


def _format_section(section: Section) -> str:
    match section:
        case Heading(text):
            return f"## {_escape_markdown(text)}"
        case Paragraph(text, tone):
            return _format_cell(Cell(text, tone))
        case BulletList(items):
            return "\n".join(f"- {_format_cell(item)}" for item in items)
        case LabelledLines(title, lines):
            head = f"**{_escape_markdown(title)}**\n\n" if title else ""
            return head + "\n".join(f"- {_escape_markdown(f'{label}: {text}')}" for label, text in lines)
        case Table():
            return _format_table(section)
        case ExpandableTable(table, details):
            return "\n\n".join(_format_sections((table, *(inner for below in details for inner in below))))
        case Code():
            return _format_code(section)
        case Collapsible(title, sections):
            # GitHub renders Markdown inside <details> only after an empty line.
            head = f"<details>\n<summary>{html.escape(_to_one_line(title), quote=False)}</summary>"
            return "\n\n".join([head, *_format_sections(sections), "</details>"])
        case BarChart() | Heatmap():  # only HTML draws charts
            return ""


def _format_table(table: Table) -> str:
    rules = ["---:" if column in table.numeric else "---" for column in table.columns]
    rows = [[_format_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(map(_escape_markdown, table.columns)), rules, *rows])


def _format_code(code: Code) -> str:
    text = "\n".join(map(show_controls, code.text.strip("\n").split("\n")))
    longest = max(map(len, re.findall(r"`+", text)), default=0)  # a fence must be longer than any inside the text
    fence = "`" * max(3, longest + 1)
    block = f"{fence}{code.language}\n{text}\n{fence}"
    return f"{_escape_markdown(code.title)}:\n\n{block}" if code.title else block


def _format_cell(cell: Cell) -> str:
    text = _escape_markdown(cell.text)
    return f"**{text}**" if cell.tone is Tone.BAD and text else text


def _escape_markdown(text: str) -> str:
    """One line that Markdown shows literally."""
    escaped = _SPECIAL.sub(lambda found: "&amp;" if found[0] == "&" else "\\" + found[0], _to_one_line(text))
    return _START.sub(lambda found: (found[1] or "") + "\\", escaped)


def _to_one_line(text: str) -> str:
    return show_controls(" ".join(text.split()))
