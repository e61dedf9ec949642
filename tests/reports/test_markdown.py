from __future__ import annotations

import io

import pytest

from kinetune.model.report import (
    BulletList,
    Cell,
    Code,
    Collapsible,
    ExpandableTable,
    LabelledLines,
    Paragraph,
    Report,
    Section,
    Table,
)
from kinetune.reports import markdown
from tests.reports.golden import assert_golden
from tests.reports.sample_report import REPORT


def written(*sections: Section) -> str:
    stream = io.StringIO()
    markdown.write(Report("kinetune test", "Test", sections), stream)
    return stream.getvalue().removeprefix("# Test\n\n").removesuffix("\n")


def test_the_golden_report() -> None:
    stream = io.StringIO()
    markdown.write(REPORT, stream)
    assert_golden("report.md", stream.getvalue())


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("kine_name_index", "kine_name_index"),
        ("_leading", r"\_leading"),
        ("a|b", r"a\|b"),
        ("<script>", r"\<script\>"),
        ("&lt; & b", "&amp;lt; & b"),
        ("# not a heading", r"\# not a heading"),
        ("1. not a list", r"1\. not a list"),
        ("0.31 ms", "0.31 ms"),
        ("-1 rows", "-1 rows"),
        ("two\nlines", "two lines"),
        ("---", r"\---"),
        ("\x1b[31m", r"\\x1b\[31m"),
    ],
)
def test_text_is_shown_literally(text: str, form: str) -> None:
    assert written(Paragraph(text)) == form
    assert written(BulletList((Cell(text),))) == f"- {form}"


def test_a_cell_cannot_leave_its_table() -> None:
    table = Table(("a|b",), ((Cell("x | y\n| z"),),))
    assert written(table).splitlines() == [r"| a\|b |", "| --- |", r"| x \| y \| z |"]


def test_a_fence_is_longer_than_any_within() -> None:
    assert written(Code("a\n```\nb", "sql")) == "````sql\na\n```\nb\n````"


def test_the_title_of_a_collapsible_section_is_text() -> None:
    assert "<summary>&lt;b&gt; &amp; c</summary>" in written(Collapsible("<b> & c", (Paragraph("x"),)))


def test_labelled_lines_are_a_list_below_their_title() -> None:
    lines = LabelledLines("count <pods>", (("cause", "a|b"), ("fix", "wait")))
    assert written(lines) == "**count \\<pods\\>**\n\n- cause: a\\|b\n- fix: wait"


def test_the_details_of_rows_are_below_the_table() -> None:
    table = Table(("call",), ((Cell("list"),), (Cell("poll"),)))
    page = written(ExpandableTable(table, ((Paragraph("lists the pods"),), (Paragraph("polls"),))))
    assert page.index("| poll |") < page.index("lists the pods") < page.index("polls")
