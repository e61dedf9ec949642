"""Heatmaps: what a cell shows, and what a screen reader gets of a row."""

from __future__ import annotations

import io
import re

import pytest

from kinetune.model.report import Heatmap, Report
from kinetune.reports import html
from kinetune.reports.heat import draw_heatmap

TIMES = ("10:00", "10:01", "10:02")
ROWS = (("pods", (0.0, 50.0, 100.0)), ("secrets", (10_000.0, 0.0, 1.0)), ("nodes", (0.0, 0.0, 0.0)))
EVIL = "/registry/<script>alert(1)</script>\"'&"


def test_a_cell_is_as_dark_as_its_number_and_no_number_is_invisible() -> None:
    pods, secrets, nodes = draw_heatmap(Heatmap("Calls", "calls", TIMES, ROWS)).rows
    assert [cell.percent for cell in pods.cells] == [0.0, 100.0, 100.0]
    assert secrets.cells[0].shade == pytest.approx(1.0)
    assert 0.15 < secrets.cells[2].shade < pods.cells[1].shade < pods.cells[2].shade < 1.0
    assert not any(cell.shade for cell in nodes.cells)


def test_a_line_over_time_is_as_high_as_its_number_on_the_scale_of_its_row() -> None:
    pods, secrets, _ = draw_heatmap(Heatmap("Time", "ms", TIMES, ROWS, steps=True)).rows
    assert [cell.percent for cell in pods.cells] == [0.0, 50.0, 100.0]
    assert [cell.shade for cell in pods.cells] == [0.0, 1.0, 1.0]
    assert secrets.cells[2].percent > 5  # visible beside 10,000


def test_a_screen_reader_gets_the_maximum_of_each_row() -> None:
    stream = io.StringIO()
    html.write(Report("kinetune test", "Test", (Heatmap("Calls", "calls", TIMES, ROWS),)), stream)
    text = " ".join(re.sub(r"<[^>]*>", "", stream.getvalue()).split())
    assert "pods: maximum at 10:02: 100 calls" in text
    assert "secrets: maximum at 10:00: 10,000 calls" in text
    assert re.search(r"nodes(?!: maximum)", text)


def test_a_key_in_a_heatmap_is_text() -> None:
    stream = io.StringIO()
    html.write(Report("kinetune test", "Test", (Heatmap(EVIL, EVIL, (EVIL,), ((EVIL, (1.0,)),)),)), stream)
    assert "<script" not in stream.getvalue()
    assert EVIL not in stream.getvalue()


@pytest.mark.parametrize("columns", [1, 3, 60])
def test_a_few_times_are_named_below(columns: int) -> None:
    times = tuple(map(str, range(columns)))
    ticks = draw_heatmap(Heatmap("Calls", "calls", times, (("pods", (1.0,) * columns),))).ticks
    assert ticks[0].x == 0
    assert len(ticks) == min(columns, 4)
    assert all(tick.x < 100 for tick in ticks)
