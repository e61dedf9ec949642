"""Rule pages as a report for JSON; text and Markdown are written by reports.rule_page."""

from __future__ import annotations

from collections.abc import Iterable

from kinetune.model.check_result import RulePage
from kinetune.model.report import Report


def rules_report(pages: Iterable[RulePage]) -> Report:
    rules = [
        {
            "code": page.code,
            "name": page.name,
            "severity": page.severity,
            "group": page.group.word,
            "claim": page.summary,
            "sections": [{"title": title, "text": text} for title, text in page.sections],
        }
        for page in pages
    ]
    return Report("kinetune rule", "", (), {"rules": rules})
