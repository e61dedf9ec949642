"""`kinetune rule` and docs/rules, which it makes."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from kinetune.cli.main import run
from kinetune.model.check_result import RULE_GROUPS, RulePage
from kinetune.model.failure import Exit
from kinetune.model.finding import Severity
from kinetune.reports.rule_page import format_as_line, format_as_markdown, format_as_text
from kinetune.rules.rule import build_page
from kinetune.rules.table import RULES

DOCS = Path(__file__).parents[2] / "docs" / "rules"
PAGES = tuple(map(build_page, RULES))
EXAMPLE = RulePage(
    "KT199",
    "an-example",
    Severity.INFO,
    "A summary of the <name> of kine.",
    (
        ("Why it matters", "A long line " * 12 + "\n\n    SELECT * FROM kine\n\nThe end of `a <b>`, * and *bold*."),
        ("What to do", "- one\n- two"),
    ),
)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rule", *arguments]) == Exit.CLEAN
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rule", *arguments]) == Exit.USAGE
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ["KT103", "kt103", "hash-sharded-ids"])
def test_a_rule_goes_by_code_and_by_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, name)
    assert text.startswith("KT103 hash-sharded-ids\n=====")
    assert "The primary key of kine is sharded by hash.\nSeverity: error.\n\nWhy it matters\n  " in text


def test_the_start_of_a_code_shows_each_that_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(said(capsys, "KT2", "--format", "json"))
    assert data["kind"] == "kinetune rule"
    assert [one["code"] for one in data["rules"]] == [page.code for page in PAGES if page.code.startswith("KT2")]
    assert {one["group"] for one in data["rules"]} == {"ids"}


def test_all_in_text_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--all").splitlines() == list(map(format_as_line, PAGES))


def test_all_in_markdown_is_every_page(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--all", "--format", "markdown")
    assert all(format_as_markdown(page) in text for page in PAGES)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["hash-shard-ids"], "no rule matches 'hash-shard-ids'; did you mean hash-sharded-ids?"),
        (["zzz"], "no rule matches 'zzz'; list the rules with: kinetune rule --all"),
        ([], "no rule is named; name rules (KT103, KT1, "),
        (
            ["KT103", "--all"],
            "--all and rules cannot be combined; name rules (KT103, KT1, hash-sharded-ids) or use --all",
        ),
        (["KT103", "--format", "html"], "rule pages have no format html; choose one of text, markdown, json"),
        (["KT103", "-o", "/no/such/file"], "cannot write /no/such/file: No such file or directory; create its"),
        (["KT103", "-o", "/tmp"], "cannot write /tmp: Is a directory; name a file, not a folder"),
        (["KT999"], "no rule matches 'KT999'; list the rules with: kinetune rule --all"),
        (["--all", "--format", "markdown", "-o", "/dev/null"], "/dev/null is not a folder; name a folder"),
    ],
)
def test_a_wrong_call_is_one_line_with_the_next_step(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, *arguments)
    assert error.startswith(f"kinetune: {says}")
    assert error.count("\n") == 1


def test_output_is_a_file_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "KT103", "--format", "markdown", "-o", str(tmp_path / "page.md")) == ""
    assert (tmp_path / "page.md").read_text(encoding="utf-8").startswith("# KT103 hash-sharded-ids\n")


def test_docs_rules_is_what_the_command_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "--all", "--format", "markdown", "-o", str(tmp_path / "rules"))
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "rules").iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in DOCS.iterdir()}
    again = "run: rm -r docs/rules && kinetune rule --all --format markdown -o docs/rules"
    assert sorted(made) == sorted(kept), again
    assert made == kept, again


def test_every_link_of_the_index_leads_to_a_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\S+\.md)\)", index) == [f"{page.code}-{page.name}.md" for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_every_page_says_why_and_when_not(page: RulePage) -> None:
    titles = [title for title, _ in page.sections]
    assert page.group in RULE_GROUPS.values()
    assert titles[0] == "Why it matters"
    assert "When to ignore" in titles
    assert page.summary.endswith(".")
    assert "\n" not in page.summary
    assert all(text.strip() for _, text in page.sections)


def test_text_is_wrapped_and_code_and_lists_are_not() -> None:
    text = format_as_text(EXAMPLE)
    assert 80 < max(map(len, text.splitlines())) <= 100
    assert max(map(len, format_as_text(EXAMPLE, 60).splitlines())) <= 60
    assert "\n      SELECT * FROM kine\n" in text
    assert "\n  - one\n  - two\n" in text


def test_markdown_means_itself_outside_of_code() -> None:
    text = format_as_markdown(EXAMPLE)
    assert r"**A summary of the \<name> of kine.**" in text
    assert "\n    SELECT * FROM kine\n" in text
    assert r"`a <b>`, * and \*bold\*." in text


def test_a_stream_that_cannot_say_it_gets_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    assert run(["rule", "--all", "--format", "markdown"]) == Exit.CLEAN
    assert b"# KT103" in raw.getvalue()
