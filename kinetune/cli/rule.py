"""`kinetune rule`: the page of a rule, or of all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinetune.cli.options import option
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.model.judgement import RulePage

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[RULE]...", help="A code (KT103), the start of one (KT1), or a name.")
]
All = Annotated[bool, option("--all", help="All rules; in text a line each.")]
PageFormat = Annotated[str, option("--format", metavar="FORMAT", help="text, markdown or json.")]
Place = Annotated[
    Path | None,
    option("--output", "-o", metavar="PLACE", help="A file; with --all in markdown a folder, a file each page."),
]


def rule(names: Names = None, all_: All = False, format: PageFormat = "text", output: Place = None) -> None:
    """
    Explain a rule of `kinetune check`: what it claims, why it matters, when to ignore it.

    Examples:  kinetune rule KT103  ·  kinetune rule sequence-cache  ·  kinetune rule --all
    """
    pages = _pages(names or [], all_)
    if format not in ("text", "markdown", "json"):
        raise UsageFailure(f"no page has the format {format}", "choose text, markdown or json")
    if output and all_ and format == "markdown":
        write_folder(pages, output)
    elif output:
        _save(output, _shown(pages, format, brief=all_))
    else:
        from kinetune.reports.rule_page import WIDTH
        from kinetune.reports.text import put, width

        put(_shown(pages, format, min(WIDTH, width(sys.stdout)), brief=all_), sys.stdout)


def write_folder(pages: tuple[RulePage, ...], folder: Path) -> None:
    """A file for each page and README.md with the index: what docs/rules holds."""
    from kinetune.reports.rule_page import as_index, as_markdown, file_name

    with _told(folder):
        folder.mkdir(exist_ok=True)
    for page in pages:
        _save(folder / file_name(page), as_markdown(page))
    _save(folder / "README.md", as_index(pages))


def _pages(names: list[str], all_: bool) -> tuple[RulePage, ...]:
    from kinetune.rules.choose import matches
    from kinetune.rules.page import page
    from kinetune.rules.table import RULES

    if all_ == bool(names):
        raise UsageFailure(
            "no rule is named, or --all besides names", "name some (KT103, KT1, range-sharded-ids), or say --all"
        )
    return tuple(page(rule) for rule in (RULES if all_ else matches(RULES, names)))


def _shown(pages: tuple[RulePage, ...], format: str, width: int = 0, *, brief: bool) -> str:
    """Text as wide as `width`; 0 is the page's own."""
    from kinetune.reports.rule_page import WIDTH, as_line, as_markdown, as_text

    if format == "json":
        return _json(pages)
    if format == "markdown":
        return "\n".join(map(as_markdown, pages))
    return (
        "".join(f"{as_line(page)}\n" for page in pages)
        if brief
        else "\n".join(as_text(page, width or WIDTH) for page in pages)
    )


def _json(pages: tuple[RulePage, ...]) -> str:
    import io

    from kinetune.model.report import Report
    from kinetune.reports.table import write

    rules = [
        {
            "code": page.code,
            "name": page.name,
            "severity": page.severity,
            "group": page.group.word,
            "claim": page.claim,
            "sections": [{"title": title, "text": text} for title, text in page.sections],
        }
        for page in pages
    ]
    stream = io.StringIO()
    write(Report("kinetune rule", "", (), {"rules": rules}), "json", stream)
    return stream.getvalue()


def _save(path: Path, text: str) -> None:
    with _told(path):
        path.write_text(text, encoding="utf-8", newline="\n")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageFailure(f"cannot write {path}: {error.strerror}", "name a place you may write to") from None
