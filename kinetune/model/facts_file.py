"""Facts as a file: the same file serves `check --facts`, bug reports and test fixtures."""

from __future__ import annotations

from pathlib import Path

from kinetune.model.facts import Facts
from kinetune.model.plain_data import decode, encode
from kinetune.model.report import Report
from kinetune.model.versioned_file import FileFormat, read_document, report_damage

FACTS_FORMAT = FileFormat("kinetune facts", "facts", "save facts with kinetune check --save-facts FILE")


def facts_report(facts: Facts, version: str) -> Report:
    """The facts, and the kinetune that observed them, as a report for JSON. No password and no object's value."""
    return Report(FACTS_FORMAT.kind, "", (), {"kinetune": version, "facts": encode(facts)})


def read_facts(path: Path) -> Facts:
    """The facts of a file that facts_report() made; UsageFailure for any other file."""
    document = read_document(path, FACTS_FORMAT)
    with report_damage(str(path), FACTS_FORMAT):
        facts = decode(Facts, document["facts"])
    assert isinstance(facts, Facts)
    return facts
