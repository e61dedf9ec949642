"""Reports for programs: JSON with raw numbers, a kind and the version of its form."""

from __future__ import annotations

import json
from typing import TextIO

from kinetune.model.plain_data import encode
from kinetune.model.report import Report


def write(report: Report, stream: TextIO) -> None:
    """`{"kind", "schema", …data}` in ASCII, fields in the order of `data`; no number is NaN or infinite."""
    form = {"kind": report.kind, "schema": report.schema, **report.data}
    stream.write(json.dumps(encode(form), indent=2, allow_nan=False) + "\n")
