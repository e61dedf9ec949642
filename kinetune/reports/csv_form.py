"""A report's records as CSV (RFC 4180): a line each, raw numbers, empty where a value is not known."""

from __future__ import annotations

import csv
from typing import TextIO

from kinetune.model.failure import UsageFailure
from kinetune.model.report import Report
from kinetune.reports.characters import visible

FORMULA = ("=", "+", "-", "@", "\t", "\n")


def write(report: Report, stream: TextIO) -> None:
    """The first line names the columns; without records nothing else is there."""
    if report.records is None:
        raise UsageFailure("csv is for kinetune hotspots", "choose text, json, markdown or html")
    columns = list(dict.fromkeys(name for record in report.records for name in record))
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns or ["query"])
    for record in report.records:
        writer.writerow([_field(record.get(name)) for name in columns])


def _field(value: object) -> object:
    """A text that a spreadsheet would take for a formula, also behind white space, gets an apostrophe (OWASP)."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.startswith(FORMULA) else text
