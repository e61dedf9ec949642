"""What the formats for pipelines have in common: they tell a judgement, and only a check has one."""

from __future__ import annotations

from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Finding
from kinetune.model.judgement import Judgement
from kinetune.model.report import Report
from kinetune.reports.characters import visible


def judgement_of(report: Report, format: str) -> Judgement:
    if report.judgement is None:
        raise UsageFailure(f"{format} is for kinetune check", "choose text, json, markdown or html")
    return report.judgement


def sentence(finding: Finding) -> str:
    """What is wrong and what to do, on one line; the first sentence stands for itself where room is scarce."""
    mend = f" To mend it: {finding.do}" if finding.do else ""
    return line(f"{finding.on}: {finding.says.rstrip('.')}.{mend}")


def line(text: str) -> str:
    """On one line, and without a character that a reader's terminal or parser would act on."""
    return visible(" ".join(text.split())).encode("utf-8", "replace").decode("utf-8")
