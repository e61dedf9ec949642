"""What the formats for pipelines (sarif, junit, github) share. They write a check run, which only `check` has."""

from __future__ import annotations

from kinetune.model.check_result import CheckRun
from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Finding
from kinetune.model.report import Report
from kinetune.quoting import show_controls


def require_check_run(report: Report, format: str) -> CheckRun:
    """The check run of the report. UsageFailure for the report of another command."""
    if report.check_run is None:
        raise UsageFailure(f"{format} is for kinetune check", "choose text, json, markdown or html")
    return report.check_run


def describe_finding(finding: Finding) -> str:
    """The problem and its fix on one line. The problem comes first: some viewers show only the first sentence."""
    fix = f" Fix: {finding.do}" if finding.do else ""
    return to_one_line(f"{finding.on}: {finding.says.rstrip('.')}.{fix}")


def to_one_line(text: str) -> str:
    """The text without line breaks and without characters that a terminal or a parser would interpret."""
    return show_controls(" ".join(text.split())).encode("utf-8", "replace").decode("utf-8")
