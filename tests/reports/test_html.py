from __future__ import annotations

import io
import re
from html.parser import HTMLParser

from kinetune import __version__
from kinetune.model.report import (
    BarChart,
    BulletList,
    Cell,
    Code,
    Collapsible,
    ExpandableTable,
    Heading,
    LabelledLines,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
)
from kinetune.reports import html
from tests.reports.golden import assert_golden
from tests.reports.sample_report import REPORT

VOID = {"meta", "wbr", "line", "rect"}
EVIL = "/registry/<script>alert(1)</script>\"'&"


class Strict(HTMLParser):
    """Asserts that every tag is closed in order and that ids are unique."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.feed(page)
        assert not self.open
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def written(report: Report) -> str:
    stream = io.StringIO()
    html.write(report, stream)
    return stream.getvalue()


def of(*sections: Section) -> Report:
    return Report("kinetune test", "Test", sections)


def test_the_golden_report() -> None:
    page = written(REPORT)
    Strict(page)
    assert_golden("report.html", page.replace(f"kinetune {__version__}", "kinetune VERSION"))


def test_a_key_is_never_markup() -> None:
    sections: tuple[Section, ...] = (
        Paragraph(EVIL),
        Heading(EVIL),
        BulletList((Cell(EVIL, Tone.BAD),)),
        Table((EVIL, "x"), ((Cell(EVIL), Cell(EVIL)),), fold=EVIL, numeric=frozenset({EVIL})),
        Code(EVIL, language=EVIL, title=EVIL),
        BarChart(EVIL, EVIL, (EVIL, EVIL), ((EVIL, (1.0, 2.0)),)),
        Collapsible(EVIL, (Heading(EVIL), Paragraph(EVIL))),
        LabelledLines(EVIL, ((EVIL, EVIL),)),
        ExpandableTable(Table((EVIL, "x"), ((Cell(EVIL), Cell(EVIL, series=(1.0,))),)), ((Paragraph(EVIL),),)),
    )
    page = written(Report(EVIL, EVIL, sections))
    assert "<script" not in page
    assert "script" not in Strict(page).seen


def test_the_page_needs_no_network_and_no_script() -> None:
    page = written(REPORT)
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<link|<script|<img|javascript", page)


def test_sections_before_the_first_heading_are_the_summary() -> None:
    page = written(of(Paragraph("all is well"), Heading("Calls"), Paragraph("none")))
    assert page.index('class="summary"') < page.index("all is well") < page.index("Calls</h2>")


def test_without_a_summary_there_is_no_empty_box() -> None:
    assert 'class="summary"' not in written(of(Heading("Calls")))


def test_code_is_unchanged() -> None:
    plan = "Limit\n  ->  Index Scan\n\n        Filter: (a < 1)"
    assert "Limit\n  -&gt;  Index Scan\n\n        Filter: (a &lt; 1)</code>" in written(
        of(Collapsible("plan", (Code(plan),)))
    )


def test_an_empty_table_says_so() -> None:
    assert "none</td>" in written(of(Table(("call",), ())))


def test_a_long_label_of_a_chart_loses_nothing() -> None:
    label = "list every pod of every namespace at an old revision, second page"
    assert label in written(of(BarChart("Time", "ms", ("now",), ((label, (1.0,)),))))


def test_a_screen_reader_gets_each_number_of_a_chart_with_its_series() -> None:
    page = written(of(BarChart("Time", "ms", ("before", "after"), (("count pods", (388.0, 6.06)),))))
    words = re.sub(r"<[^>]*>", "", page[page.index('class="bars"') :])
    assert re.search(r"count pods\s+before 388\s+after 6\.06", words)


RANKING = ExpandableTable(
    Table(
        ("hotspot", "over time", "calls"),
        (
            (Cell("list pods"), Cell("▁█", series=(1.0, 0.0, 4.0)), Cell("12,000")),
            (Cell("poll"), Cell("█", series=(0.0, 2.0, 0.0)), Cell("7")),
        ),
        frozenset({"calls"}),
        "hotspot",
    ),
    ((LabelledLines("", (("cause", "no index"), ("fix", "create it"))),), ()),
)


def test_a_row_with_details_opens_to_them_and_another_does_not_open() -> None:
    page = written(of(RANKING))
    Strict(page)
    assert page.count("<details>") == 1
    opened = page[page.index("<details>") : page.index("</details>")]
    assert opened.index("list pods") < opened.index("</summary>") < opened.index("<dt>cause</dt><dd>no index</dd>")
    assert "poll" in page[page.index("</details>") :]


def test_numbers_over_time_are_drawn_instead_of_their_blocks() -> None:
    page = written(of(RANKING, RANKING.table))
    assert "█" not in page
    assert page.count("<svg") == 4
    assert '<rect x="2" y="0.0" width="0.9" height="100.0"/>' in page


def test_the_columns_of_rows_depend_on_all_rows() -> None:
    assert html.grid_columns(RANKING.table) == "minmax(0, 1fr) minmax(70px, 14%) 6ch"
    assert 'style="--columns: minmax(0, 1fr) minmax(70px, 14%) 6ch"' in written(of(RANKING))


def test_an_expandable_table_without_rows_says_so() -> None:
    assert "none</p>" in written(of(ExpandableTable(Table(("call",), ()), ())))


def test_what_is_not_for_paper_is_not_printed() -> None:
    page = written(of(Collapsible("plan", ()), Collapsible("statement", (), printed=False)))
    assert re.search(r"<details>\s*<summary>plan", page)
    assert re.search(r'<details class="screen">\s*<summary>statement', page)
    assert ".screen { display: none; }" in page[page.index("@media print") :]


def test_a_report_may_have_a_page_of_its_own() -> None:
    sections = (Paragraph("for text"),)
    page = written(Report("kinetune test", "Test", sections, build_page=lambda: (Paragraph("for the page"),)))
    assert "for the page" in page
    assert "for text" not in page


def test_the_title_is_not_repeated_above_itself() -> None:
    page = written(Report("kinetune hotspots", "kinetune hotspots", ()))
    assert page[page.index("<header>") : page.index("</header>")].count("kinetune") == 1
