"""
A verdict as SARIF 2.1.0 (OASIS Standard with errata 01), with what GitHub's code scanning wants of it.

GitHub: docs.github.com, "SARIF support for code scanning": every result needs a physical location with a region, of all
fingerprints only primaryLocationLineHash is read, descriptions end at 1,024 characters.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from kinetune.model.finding import Finding, Ignored, Severity, Skipped
from kinetune.model.judgement import Judgement, RulePage
from kinetune.model.report import Report
from kinetune.reports.json_form import plain
from kinetune.reports.judged import judgement_of, line, sentence
from kinetune.reports.rule_page import as_plain, as_sections, marked

Json = dict[str, Any]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_STORE = "kine"
"""Stands for the file that a store has not: code scanning drops a result without one, and opens it anew if it moves."""
_REGION = {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 2}
_LONGEST = 1024


def write(report: Report, stream: TextIO) -> None:
    """One run. `results` is empty where all is well; what was ignored is there too, suppressed and with the reason."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(judgement_of(report, "sarif"))]}
    stream.write(json.dumps(log, indent=2) + "\n")


def _run(judgement: Judgement) -> Json:
    verdict = judgement.verdict
    return {
        "tool": {"driver": _driver(judgement)},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(one, judgement) for one in verdict.skipped],
            }
        ],
        "results": [
            *(_result(finding, judgement) for finding in verdict.findings),
            *(_result(ignored.finding, judgement) | _suppressed(ignored) for ignored in verdict.ignored),
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {"place": line(judgement.place), "observedAt": plain(judgement.observed_at)},
    }


def _driver(judgement: Judgement) -> Json:
    return {"name": "kinetune", "version": judgement.version, "rules": [_rule(page) for page in judgement.rules]}


def _rule(page: RulePage) -> Json:
    why = page.sections[0][1] if page.sections else ""
    return {
        "id": page.code,
        "name": page.name,
        "shortDescription": {"text": _short(page.claim)},
        "fullDescription": {"text": _short(line(f"{page.claim} {why}"))},
        "help": {"text": as_plain(page), "markdown": f"{marked(page.claim)}\n{as_sections(page)}"},
        "defaultConfiguration": {"level": LEVELS[page.severity]},
        "properties": {"tags": [page.group.word]},
    }


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _result(finding: Finding, judgement: Judgement) -> Json:
    return {
        "ruleId": finding.code,
        "ruleIndex": _index(finding.code, judgement),
        "level": LEVELS[finding.severity],
        "message": {"text": sentence(finding)},
        "locations": [
            {
                "physicalLocation": _physical(finding, judgement),
                "logicalLocations": [{"name": line(finding.on), "fullyQualifiedName": _full_name(finding, judgement)}],
            }
        ],
        "partialFingerprints": {
            "kinetune/v1": finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
        },
    }


def _physical(finding: Finding, judgement: Judgement) -> Json:
    """The line that says it; else the facts file, or what stands for the store."""
    place = finding.place
    if place is None:
        return {"artifactLocation": {"uri": _uri(judgement.file)}, "region": _REGION}
    return {"artifactLocation": {"uri": _uri(place.file)}, "region": {"startLine": max(place.line, 1)}}


def _suppressed(ignored: Ignored) -> Json:
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": line(ignored.reason)}]}


def _notification(skipped: Skipped, judgement: Judgement) -> Json:
    return {
        "level": "warning" if skipped.asked else "note",
        "message": {"text": line(f"{skipped.code} {skipped.name} could not judge: {skipped.reason}")},
        "associatedRule": {"id": skipped.code, "index": _index(skipped.code, judgement)},
    }


def _index(code: str, judgement: Judgement) -> int:
    return [page.code for page in judgement.rules].index(code)


def _full_name(finding: Finding, judgement: Judgement) -> str:
    """kubernetes.public.kine for what lives in the schema; calls, settings and sessions have one name."""
    inside = finding.on == _STORE or judgement.page(finding.code).group.word in ("schema", "ids")
    return line(f"{judgement.namespace}.{finding.on}" if inside and judgement.namespace else finding.on)


def _uri(file: str) -> str:
    """Relative where the file is below the working folder, which in a pipeline is the repository."""
    if not file:
        return _STORE
    path = Path(os.path.abspath(file))
    return quote(path.relative_to(Path.cwd()).as_posix()) if path.is_relative_to(Path.cwd()) else path.as_uri()
