"""
Results of a check as SARIF 2.1.0 (OASIS Standard with errata 01), as GitHub code scanning requires it.

Source: docs.github.com, "SARIF support for code scanning": every result needs a physical location with a region, only
the fingerprint primaryLocationLineHash is read, and descriptions end at 1,024 characters.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from kinetune.model.check_result import CheckRun, RulePage
from kinetune.model.finding import Finding, IgnoredFinding, Severity, SkippedRule
from kinetune.model.plain_data import encode
from kinetune.model.report import Report
from kinetune.reports.findings import describe_finding, require_check_run, to_one_line
from kinetune.reports.rule_page import escape_markdown, format_sections, format_unwrapped

Json = dict[str, Any]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_STORE = "kine"
"""The file name of a result in a database. Code scanning drops results without a file, and reopens those that move."""
_REGION = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
_MAX_DESCRIPTION = 1024


def write(report: Report, stream: TextIO) -> None:
    """A log with one run. Ignored findings are results too, with a suppression that has the reason."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_make_run(require_check_run(report, "sarif"))]}
    stream.write(json.dumps(log, indent=2) + "\n")


def _make_run(run: CheckRun) -> Json:
    results = run.results
    return {
        "tool": {"driver": _tool_driver(run)},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(one, run) for one in results.skipped],
            }
        ],
        "results": [
            *(_make_result(finding, run) for finding in results.findings),
            *(_make_result(ignored.finding, run) | _suppression(ignored) for ignored in results.ignored),
        ],
        "columnKind": "unicodeCodePoints",  # Python counts characters like this
        "properties": {"place": to_one_line(run.subject), "observedAt": encode(run.observed_at)},
    }


def _tool_driver(run: CheckRun) -> Json:
    return {
        "name": "kinetune",
        "version": run.version,
        "rules": [_rule_descriptor(page) for page in run.rules],
    }


def _rule_descriptor(page: RulePage) -> Json:
    why = page.sections[0][1] if page.sections else ""
    return {
        "id": page.code,
        "name": page.name,
        "shortDescription": {"text": _shorten(page.summary)},
        "fullDescription": {"text": _shorten(to_one_line(f"{page.summary} {why}"))},
        "help": {
            "text": format_unwrapped(page),
            "markdown": f"{escape_markdown(page.summary)}\n{format_sections(page)}",
        },
        "defaultConfiguration": {"level": LEVELS[page.severity]},
        "properties": {"tags": [page.group.word]},
    }


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_DESCRIPTION else text[: _MAX_DESCRIPTION - 1] + "…"


def _make_result(finding: Finding, run: CheckRun) -> Json:
    return {
        "ruleId": finding.code,
        "ruleIndex": _rule_index(finding.code, run),
        "level": LEVELS[finding.severity],
        "message": {"text": describe_finding(finding)},
        "locations": [
            {
                "physicalLocation": _physical_location(finding, run),
                "logicalLocations": [{"name": to_one_line(finding.on), "fullyQualifiedName": _full_name(finding, run)}],
            }
        ],
        "partialFingerprints": {
            "kinetune/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",  # the form is HASH:NUMBER
        },
    }


def _physical_location(finding: Finding, run: CheckRun) -> Json:
    """The line of the configuration file that caused the finding, else the facts file, else _STORE."""
    place = finding.place
    if place is None:
        return {"artifactLocation": {"uri": _artifact_uri(run.facts_file)}, "region": _REGION}
    return {"artifactLocation": {"uri": _artifact_uri(place.file)}, "region": {"startLine": max(place.line, 1)}}


def _suppression(ignored: IgnoredFinding) -> Json:
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": to_one_line(ignored.reason)}]}


def _notification(skipped: SkippedRule, run: CheckRun) -> Json:
    return {
        "level": "warning" if skipped.asked else "note",
        "message": {"text": to_one_line(f"{skipped.code} {skipped.name} was skipped: {skipped.reason}")},
        "associatedRule": {"id": skipped.code, "index": _rule_index(skipped.code, run)},
    }


def _rule_index(code: str, run: CheckRun) -> int:
    return [page.code for page in run.rules].index(code)


def _full_name(finding: Finding, run: CheckRun) -> str:
    """`kubernetes.public.kine` for an object of the schema; the name itself for a call, a setting or a session."""
    inside = finding.on == _STORE or run.page_of(finding.code).group.word in ("schema", "ids")
    return to_one_line(f"{run.namespace}.{finding.on}" if inside and run.namespace else finding.on)


def _artifact_uri(file: str) -> str:
    """Relative to the working folder, which is the repository in a pipeline; absolute for a file outside of it."""
    if not file:
        return _STORE
    path = Path(os.path.abspath(file))
    return quote(path.relative_to(Path.cwd()).as_posix()) if path.is_relative_to(Path.cwd()) else path.as_uri()
