"""Findings that the user accepts until a date, as a file: `check --baseline`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kinetune.model.plain_data import decode
from kinetune.model.report import Report
from kinetune.model.versioned_file import FileFormat, read_document, report_damage

BASELINE_FORMAT = FileFormat("kinetune baseline", "baseline", "write it with --update-baseline")


@dataclass(frozen=True)
class AcceptedFinding:
    """A finding's rule code, object, fingerprint and text, and the time until which it is accepted."""

    rule: str
    on: str
    fingerprint: str
    until: datetime
    says: str


@dataclass(frozen=True)
class Baseline:
    path: Path
    accepted: tuple[AcceptedFinding, ...] = ()

    def report(self) -> Report:
        """The content of the file, for JSON."""
        return Report(BASELINE_FORMAT.kind, "", (), {"accepted": self.accepted})


def read_baseline(path: Path) -> Baseline:
    """UsageFailure for a file that is not a baseline."""
    document = read_document(path, BASELINE_FORMAT)
    with report_damage(str(path), BASELINE_FORMAT):
        return Baseline(path, tuple(decode(AcceptedFinding, entry) for entry in document["accepted"]))
