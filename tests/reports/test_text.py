from __future__ import annotations

import io
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kinetune.model.report import BulletList, Cell, Code, LabelledLines, Paragraph, Report, Section, Table, Tone
from kinetune.reports import text
from tests.reports.golden import assert_golden
from tests.reports.sample_report import REPORT, ROWS

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(report: Report = REPORT, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    text.write(report, stream)
    return stream.getvalue()


def of(*sections: Section) -> Report:
    return Report("kinetune test", "Test", sections)


def test_a_pipe_gets_the_golden_text() -> None:
    assert_golden("pipe.txt", written())


@pytest.mark.parametrize("columns", ["80", "200"])
def test_columns_are_kept(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    page = written()
    assert_golden(f"columns-{columns}.txt", page)
    prose = page[: page.index("What would help")].splitlines()  # code below is never wrapped
    assert max(map(cell_len, prose)) <= int(columns)


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    page = written(stream=Terminal())
    assert_golden("terminal.txt", page)
    assert "\x1b[31mreads 192 rows" in page


def test_force_color_colours_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[31mreads 192 rows" in written()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")])
def test_a_terminal_without_colours_gets_no_escapes(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert "\x1b" not in written(stream=Terminal())


def test_no_color_wins_over_force_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in written(stream=Terminal())


def test_an_empty_no_color_has_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert text.is_coloured(Terminal())


@pytest.mark.parametrize("columns", ["", "0", "wide", "-3"])
def test_invalid_columns_are_ignored(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert text.output_width(io.StringIO()) > 1000
    assert text.output_width(Terminal()) == 80


def test_in_a_pipe_every_row_is_one_line_without_boxes() -> None:
    lines = written().splitlines()
    for row in ROWS:
        assert [line for line in lines if line.startswith(row[0] + " ") and line.endswith(row[-1])]
    assert not re.search(r"[│┃─━┏└]", "".join(lines))
    assert not [line for line in lines if line != line.rstrip()]


@pytest.mark.parametrize("columns", ["20", "40", "60", "80", "100", "120", "140"])
def test_no_width_loses_a_character(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    letters = re.sub(r"\s+", "", written())
    assert "…" not in letters
    for row in ROWS:
        for cell in (row[0], f"{row[1]:,.2f}", f"{row[3]:,}", row[4], row[6]):
            assert re.sub(r"\s+", "", cell) in letters


def test_numbers_are_right_aligned() -> None:
    table = Table(("what", "rows"), ((Cell("a"), Cell("5")), (Cell("b"), Cell("12,000"))), frozenset({"rows"}))
    assert written(of(table)).splitlines()[-3:] == ["what    rows", "a          5", "b     12,000"]


def test_an_empty_table_says_so() -> None:
    assert written(of(Table(("call", "time"), ()))).endswith("call  time\n(none)\n")


def test_control_characters_of_a_key_do_not_reach_the_terminal() -> None:
    page = written(of(Paragraph("/registry/\x1b]0;owned\x07"), BulletList((Cell("\x9b2J"),)), Code("\x1b[2J")))
    assert r"/registry/\x1b]0;owned\x07" in page
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page)


def test_code_is_never_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    statement = "SELECT " + ", ".join(f"column_{number}" for number in range(20))
    assert statement in written(of(Code(statement, "sql")))
    assert statement in ESCAPES.sub("", written(of(Code(statement, "sql")), Terminal()))


def test_a_character_that_the_stream_cannot_encode_becomes_a_question_mark() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    text.write(of(Paragraph("8 × 3")), stream)
    stream.flush()
    assert b"8 ? 3" in raw.getvalue()


def test_a_file_is_plain_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    stream = io.StringIO()
    text.write_plain(REPORT, stream)
    assert_golden("pipe.txt", stream.getvalue())


def test_a_pipe_and_a_file_load_no_rich() -> None:
    code = """
import io, sys
from kinetune.reports.formats import WRITERS
from tests.reports.sample_check_run import CHECK_RUN
from tests.reports.sample_report import REPORT
from dataclasses import replace
for format in set(WRITERS) - {"html"}:
    WRITERS[format](replace(REPORT, check_run=CHECK_RUN, records=({"query": "Insert"},)), io.StringIO())
print({"rich", "jinja2"} & set(sys.modules))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


LETTERS = st.characters(codec="latin-1", exclude_categories=["Cc"]) | st.sampled_from("\u4e2d\uff21\u0301\u200b\n ")


@settings(deadline=None)
@given(st.lists(st.text(LETTERS, max_size=8), max_size=12), st.integers(16, 40))
def test_lines_are_measured_and_broken_as_rich_does(words: list[str], columns: int) -> None:
    letters = "\n".join(map(str.rstrip, " ".join(words).split("\n")))  # rich puts blanks at the end on a line
    page = text._Page(columns, coloured=False)
    lines = [line.text for line in page.wrap(page.style(letters))]
    expected = Text(letters).wrap(Console(width=columns), columns) or [Text()]
    assert lines == [line.plain.rstrip() for line in expected]
    assert list(map(text.count_columns, lines)) == list(map(cell_len, lines))


@settings(deadline=None)
@given(st.text(LETTERS, max_size=80), st.integers(2, 40))
def test_a_long_word_is_cut_at_the_width_and_loses_nothing(letters: str, columns: int) -> None:
    page = text._Page(columns, coloured=False)
    lines = [line.text for line in page.wrap(page.style(letters))]
    assert all(cell_len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(letters.split())


@settings(deadline=None)
@given(st.lists(st.lists(st.text(LETTERS, max_size=30), min_size=3, max_size=3), max_size=4), st.integers(20, 200))
def test_colour_changes_no_line_of_a_table(rows: list[list[str]], columns: int) -> None:
    cells = tuple(tuple(Cell(one, Tone.WARN) for one in row) for row in rows)
    table = Table(("a name", "n", "says"), cells, numeric=frozenset({"n"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        plain = written(of(table)).splitlines()[3:]
        patch.setenv("FORCE_COLOR", "1")
        coloured = ESCAPES.sub("", written(of(table))).splitlines()[2:]
    assert [line for line in coloured if not re.fullmatch("─+", line)] == plain


def test_importing_the_formats_loads_neither_rich_nor_jinja2() -> None:
    modules = "text, json_format, markdown, html, formats"
    code = f"import sys; from kinetune.reports import {modules}; print({{'rich', 'jinja2'}} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_a_header_wraps_in_a_column_narrower_than_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    table = Table(("a name", "n", "says"), ((Cell(""), Cell("0000000"), Cell("")),))
    assert written(of(table)).splitlines()[-3:] == ["a     n        says", "name", "      0000000"]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.lists(st.text(max_size=50), min_size=3, max_size=3), max_size=5), st.integers(20, 200))
def test_any_table_fits_or_is_listed(rows: list[list[str]], columns: int) -> None:
    table = Table(("a name", "n", "says"), tuple(tuple(Cell(one, Tone.BAD) for one in row) for row in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        assert all(cell_len(line) <= columns for line in written(of(table)).split("\n"))


def test_labelled_lines_are_indented_below_their_title(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    page = written(of(LabelledLines("Compact", (("cause", "the table has many old revisions"), ("fix", "wait")))))
    assert page.endswith("Compact\n  cause: the table has many\n    old revisions\n  fix: wait\n")


def _narrow_table(resource: str) -> Table:
    columns = ("query", "resource", "calls", "timeline", "first")
    rows = tuple(
        tuple(map(Cell, row))
        for row in (("ListCurrentVal", resource, "12", "··█·", "16:06:01"), ("After", "–", "3", "█···", "16:06:05"))
    )
    return Table(columns, rows, frozenset({"calls"}), "resource")


def test_columns_below_a_row_are_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "36")
    assert written(of(_narrow_table("configmaps"))).splitlines()[-6:] == [
        "query           calls",
        "  resource    timeline  first",
        "ListCurrentVal     12",
        "  configmaps  ··█·      16:06:01",
        "After               3",
        "  –           █···      16:06:05",
    ]


def test_a_long_text_below_a_row_leaves_the_others_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "36")
    assert written(of(_narrow_table("/registry/pods/kube-system/coredns"))).splitlines()[-6:] == [
        "ListCurrentVal     12",
        "  /registry/pods/kube-system/coredns",
        "  ··█·      16:06:01",
        "After               3",
        "  –",
        "  █···      16:06:05",
    ]
