"""
A verdict as GitHub's workflow commands: annotations of a run, and a line that counts.

The escapes are those of actions/toolkit, packages/core/src/command.ts. A line is a command where it begins with
`::` or holds `##[` anywhere (actions/runner, ActionCommand.cs); what is not meant as one must do neither.
"""

from __future__ import annotations

from typing import TextIO

from kinetune.model.finding import Finding, Severity
from kinetune.model.judgement import Judgement
from kinetune.model.report import Report
from kinetune.reports.judged import judgement_of, line, sentence

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write(report: Report, stream: TextIO) -> None:
    """An annotation for each finding; what was ignored or not judged is a line of the log."""
    judgement = judgement_of(report, "github")
    verdict = judgement.verdict
    lines = [_command(finding, judgement) for finding in verdict.findings]
    lines += [
        _log(f"ignored: {one.finding.code} {sentence(one.finding)} Reason: {one.reason}") for one in verdict.ignored
    ]
    lines += [_log(f"not judged: {one.code} {one.name}: {one.reason}") for one in verdict.skipped]
    stream.write("\n".join([*lines, _summary(judgement)]) + "\n")


def _command(finding: Finding, judgement: Judgement) -> str:
    place = {"file": judgement.file, "line": "1"} if judgement.file else {}
    if finding.place:
        place = {"file": line(finding.place.file), "line": str(finding.place.line)}
    words = {**place, "title": f"{finding.code} {finding.name}"}
    properties = ",".join(f"{word}={_property(value)}" for word, value in words.items())
    return f"::{COMMANDS[finding.severity]} {properties}::{_message(sentence(finding))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _log(text: str) -> str:
    return line(text).replace("##[", "## [")


def _summary(judgement: Judgement) -> str:
    verdict = judgement.verdict
    counts = [
        f"{sum(finding.severity is severity for finding in verdict.findings)} {severity}"
        for severity in reversed(Severity)
    ]
    others = f"{len(verdict.skipped)} not judged, {len(verdict.ignored)} ignored, {len(verdict.passed)} good"
    return _log(f"kinetune: {', '.join(counts)}; {others}. {judgement.place}")
