"""
Results of a check as GitHub workflow commands: one annotation for each finding, and a summary line.

The escapes are those of actions/toolkit, packages/core/src/command.ts. A line is a command if it begins with `::`
or contains `##[` anywhere (actions/runner, ActionCommand.cs): no text from a store may do either.
"""

from __future__ import annotations

from typing import TextIO

from kinetune.model.check_result import CheckRun
from kinetune.model.finding import Finding, Severity
from kinetune.model.report import Report
from kinetune.reports.findings import describe_finding, require_check_run, to_one_line

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write(report: Report, stream: TextIO) -> None:
    """Annotations for findings; ignored findings and skipped rules are plain lines of the log."""
    run = require_check_run(report, "github")
    results = run.results
    lines = [_annotation(finding, run) for finding in results.findings]
    lines += [
        _log_line(f"ignored: {one.finding.code} {describe_finding(one.finding)} Reason: {one.reason}")
        for one in results.ignored
    ]
    lines += [_log_line(f"skipped: {one.code} {one.name}: {one.reason}") for one in results.skipped]
    stream.write("\n".join([*lines, _summary_line(run)]) + "\n")


def _annotation(finding: Finding, run: CheckRun) -> str:
    # Without a line, GitHub does not show the annotation in the file.
    place = {"file": run.facts_file, "line": "1"} if run.facts_file else {}
    if finding.place:
        place = {"file": to_one_line(finding.place.file), "line": str(finding.place.line)}
    words = {**place, "title": f"{finding.code} {finding.name}"}
    properties = ",".join(f"{word}={_escape_property(value)}" for word, value in words.items())
    return f"::{COMMANDS[finding.severity]} {properties}::{_escape_message(describe_finding(finding))}"


def _escape_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_message(text).replace(":", "%3A").replace(",", "%2C")


def _log_line(text: str) -> str:
    return to_one_line(text).replace("##[", "## [")


def _summary_line(run: CheckRun) -> str:
    return _log_line(f"kinetune: {run.results.describe_counts()}. {run.subject}")
