"""The page of a rule as text and as Markdown. docs/rules contains the Markdown of all rules and an index."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from kinetune.model.check_result import RULE_GROUPS, RulePage

MAX_WIDTH = 100
_SPECIAL = re.compile(r"(`[^`]*`|^ {4}.*$)|[<*](?! )", re.MULTILINE)
_INDEX = """# Rules

The rules of `kinetune check`. Codes are never reused. `kinetune rule CODE` shows a page in the terminal. These pages
are generated with `kinetune rule --all --format markdown -o docs/rules`.
"""


def page_file_name(page: RulePage) -> str:
    return f"{page.code}-{page.name}.md"


def format_as_text(page: RulePage, width: int = MAX_WIDTH) -> str:
    """The page for a terminal or a pipe: paragraphs wrapped at `width` columns, indented blocks unchanged."""
    title = f"{page.code} {page.name}"
    parts = [f"{title}\n{'=' * len(title)}", f"{_wrap_block(page.summary, width)}\nSeverity: {page.severity}."]
    parts += [f"{title}\n{textwrap.indent(_wrap_paragraphs(text, width - 2), '  ')}" for title, text in page.sections]
    return "\n\n".join(parts) + "\n"


def format_as_markdown(page: RulePage) -> str:
    head = f"# {page.code} {page.name}\n\n**{escape_markdown(page.summary)}**\n\n"
    return f"{head}{page.group.title}. Severity: {page.severity}.\n{format_sections(page)}"


def format_sections(page: RulePage) -> str:
    """The sections below the summary, as Markdown."""
    return "".join(f"\n## {title}\n\n{escape_markdown(text)}\n" for title, text in page.sections)


def format_unwrapped(page: RulePage) -> str:
    """The summary and the sections with their own line breaks, for a viewer that wraps text itself (SARIF)."""
    return "\n\n".join([page.summary, *(f"{title}\n{text}" for title, text in page.sections)]) + "\n"


def escape_markdown(text: str) -> str:
    """Escape `<` and `*` outside of code, which Markdown would read as a tag or as emphasis."""
    return _SPECIAL.sub(lambda found: found[1] or f"\\{found[0]}", text)


def format_as_line(page: RulePage) -> str:
    return f"{page.code}  {page.severity:<7}  {page.name}: {page.summary}"


def format_index(pages: Iterable[RulePage]) -> str:
    """A table for each rule group, with a link to the page of each rule."""
    parts, pages = [_INDEX], tuple(pages)
    for digit, group in RULE_GROUPS.items():
        rows = [_index_row(page) for page in pages if page.code[2] == digit]
        if rows:
            table = "\n".join(["| code | name | severity | problem |", "|---|---|---|---|", *rows])
            parts.append(f"## {group.title} (KT{digit})\n\n{table}\n")
    return "\n".join(parts)


def _index_row(page: RulePage) -> str:
    summary = escape_markdown(page.summary).replace("|", "\\|")
    return f"| [{page.code}]({page_file_name(page)}) | {page.name} | {page.severity} | {summary} |"


def _wrap_paragraphs(text: str, width: int) -> str:
    return "\n\n".join(_wrap_block(block, width) for block in text.split("\n\n"))


def _wrap_block(text: str, width: int) -> str:
    """The block wrapped; unchanged if it contains a list, a table or indented lines."""
    if any(line[:1] in (" ", "-", "|", "*") for line in text.split("\n")):
        return text
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
