"""The records of a report as CSV (RFC 4180): one line for each, raw numbers, an empty field for an unknown value."""

from __future__ import annotations

import csv
from typing import TextIO

from kinetune.model.failure import UsageFailure
from kinetune.model.report import Report
from kinetune.quoting import show_controls

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")


def write(report: Report, stream: TextIO) -> None:
    """A header line, then the records. UsageFailure for a report of a command that has no records."""
    if report.records is None:
        raise UsageFailure("csv is for kinetune hotspots", "choose text, json, markdown or html")
    columns = list(dict.fromkeys(name for record in report.records for name in record))
    writer = csv.writer(stream, lineterminator="\n")  # not RFC 4180's CRLF: grep and cut would keep the return
    writer.writerow(columns or ["query"])  # without records, a header that a parser accepts
    for record in report.records:
        writer.writerow([_csv_field(record.get(name)) for name in columns])


def _csv_field(value: object) -> object:
    """Text that a spreadsheet would execute as a formula gets an apostrophe in front (OWASP, CSV injection)."""
    if not isinstance(value, str):
        return value
    text = show_controls(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
