"""`kinetune rule`: the page of a rule, or of all rules."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinetune.cli.options import option, print_note
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.model.check_result import RulePage

FORMATS = ("text", "markdown", "json")
Patterns = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RULE]...", show_default=False, help="A code (KT103), a prefix of codes (KT1), or a name."),
]
All = Annotated[bool, option("--all", help="Show all rules; in text one line for each.")]
PageFormat = Annotated[str, option("--format", metavar="FORMAT", help="Output format: text, markdown or json.")]
Place = Annotated[
    Path | None,
    option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the pages to FILE; with --all and markdown one file for each, in a folder.",
    ),
]


def rule(names: Patterns = None, all_: All = False, format: PageFormat = "text", output: Place = None) -> None:
    """
    Explain rules of `kinetune check`.

    A page says what the rule reports, why it matters, what to do, and when to ignore it.

    \b
    Examples:
      kinetune rule KT103
      kinetune rule hash-sharded-ids
      kinetune rule --all
    """
    from kinetune.commands.rule import find_pages
    from kinetune.reports.rule_page import MAX_WIDTH
    from kinetune.reports.text import output_width, write_encoded

    pages = find_pages(names or (), all_, print_note)
    if format not in FORMATS:
        raise UsageFailure(f"rule pages have no format {format}", f"choose one of {', '.join(FORMATS)}")
    if output and all_ and format == "markdown":
        _write_folder(pages, output)
    elif output:
        _save(output, _format_pages(pages, format, brief=all_))
    else:
        width = min(MAX_WIDTH, output_width(sys.stdout))
        write_encoded(_format_pages(pages, format, width, brief=all_), sys.stdout)


def _write_folder(pages: tuple[RulePage, ...], folder: Path) -> None:
    """A file for each page, and README.md with the index: docs/rules is such a folder."""
    from kinetune.reports.formats import explain_write_error
    from kinetune.reports.rule_page import format_as_markdown, format_index, page_file_name

    if folder.exists() and not folder.is_dir():
        raise UsageFailure(f"{folder} is not a folder", "name a folder with --output")
    with explain_write_error(folder):
        folder.mkdir(exist_ok=True)
    for page in pages:
        _save(folder / page_file_name(page), format_as_markdown(page))
    _save(folder / "README.md", format_index(pages))


def _format_pages(pages: tuple[RulePage, ...], format: str, width: int = 0, *, brief: bool) -> str:
    """`width` is that of text, in columns; 0 is the default of a page. `brief` text is a line for each rule."""
    from kinetune.reports.formats import write_report
    from kinetune.reports.rule_page import MAX_WIDTH, format_as_line, format_as_markdown, format_as_text
    from kinetune.views.rule import rules_report

    if format == "json":
        stream = io.StringIO()
        write_report(rules_report(pages), "json", stream)
        return stream.getvalue()
    if format == "markdown":
        return "\n".join(map(format_as_markdown, pages))
    if brief:
        return "".join(f"{format_as_line(page)}\n" for page in pages)
    return "\n".join(format_as_text(page, width or MAX_WIDTH) for page in pages)


def _save(path: Path, text: str) -> None:
    from kinetune.reports.formats import explain_write_error

    with explain_write_error(path):
        path.write_text(text, encoding="utf-8", newline="\n")
