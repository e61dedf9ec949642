"""The page of a rule as text and as markdown; docs/rules holds the second of each, below an index."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from kinetune.model.judgement import GROUPS, RulePage

WIDTH = 100
_SPECIAL = re.compile(r"(`[^`]*`|^ {4}.*$)|[<*](?! )", re.MULTILINE)
_INDEX = """# Rules

What `kinetune check` judges by. Codes are never reused. `kinetune rule CODE` shows a page on the terminal; these pages
are made by `kinetune rule --all --format markdown -o docs/rules`.
"""


def file_name(page: RulePage) -> str:
    return f"{page.code}-{page.name}.md"


def as_text(page: RulePage, width: int = WIDTH) -> str:
    """For a terminal or a pipe: paragraphs wrapped, what is indented left as it stands."""
    title = f"{page.code} {page.name}"
    parts = [f"{title}\n{'=' * len(title)}", f"{_wrapped(page.claim, width)}\nSeverity: {page.severity}."]
    parts += [f"{title}\n{textwrap.indent(_paragraphs(text, width - 2), '  ')}" for title, text in page.sections]
    return "\n\n".join(parts) + "\n"


def as_markdown(page: RulePage) -> str:
    head = f"# {page.code} {page.name}\n\n**{marked(page.claim)}**\n\n"
    return f"{head}{page.group.title}. Severity: {page.severity}.\n{as_sections(page)}"


def as_sections(page: RulePage) -> str:
    """Markdown of all below the claim."""
    return "".join(f"\n## {title}\n\n{marked(text)}\n" for title, text in page.sections)


def as_plain(page: RulePage) -> str:
    """The claim and the sections as they were written, unwrapped, for a reader that sets them itself."""
    return "\n\n".join([page.claim, *(f"{title}\n{text}" for title, text in page.sections)]) + "\n"


def marked(text: str) -> str:
    """As markdown: outside of code, what would vanish as a tag or lean as emphasis means itself."""
    return _SPECIAL.sub(lambda found: found[1] or f"\\{found[0]}", text)


def as_line(page: RulePage) -> str:
    return f"{page.code}  {page.severity:<7}  {page.name}: {page.claim}"


def as_index(pages: Iterable[RulePage]) -> str:
    """All pages by group, each with a link to its file."""
    parts, pages = [_INDEX], tuple(pages)
    for digit, group in GROUPS.items():
        rows = [_row(page) for page in pages if page.code[2] == digit]
        if rows:
            table = "\n".join(["| code | name | severity | a good store |", "|---|---|---|---|", *rows])
            parts.append(f"## {group.title} (KT{digit})\n\n{table}\n")
    return "\n".join(parts)


def _row(page: RulePage) -> str:
    claim = marked(page.claim).replace("|", "\\|")
    return f"| [{page.code}]({file_name(page)}) | {page.name} | {page.severity} | {claim} |"


def _paragraphs(text: str, width: int) -> str:
    return "\n\n".join(_wrapped(block, width) for block in text.split("\n\n"))


def _wrapped(text: str, width: int) -> str:
    """A block with indented lines or a list is kept to the letter."""
    if any(line[:1] in (" ", "-", "|", "*") for line in text.split("\n")):
        return text
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)
