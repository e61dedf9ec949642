"""A verdict as JUnit XML, which GitLab, Jenkins and Azure read: a suite for each group, a case for each rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from typing import TextIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from kinetune.model.finding import Finding
from kinetune.model.judgement import GROUPS, Judgement, RulePage
from kinetune.model.report import Report
from kinetune.reports.judged import judgement_of, line, sentence

# XML 1.0, production Char; what is not a line() here has no control characters and no surrogates.
_NO_CHARACTER = re.compile("[\ufffe\uffff]")


def write(report: Report, stream: TextIO) -> None:
    """What the gate lets pass is no failure but stands in system-out; a rule that could not judge is skipped."""
    judgement = judgement_of(report, "junit")
    suites = Element("testsuites", name="kinetune check")
    for suite in filter(len, (_suite(digit, judgement) for digit in GROUPS)):
        suites.append(suite)
    _count(suites)
    ElementTree.indent(suites)
    xml = ElementTree.tostring(suites, encoding="unicode")
    stream.write(f'<?xml version="1.0" encoding="utf-8"?>\n{xml}\n')


def _suite(digit: str, judgement: Judgement) -> Element:
    """Empty where no rule of the group was heard."""
    at = judgement.observed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")  # the schema knows no zone
    suite = Element("testsuite", name=GROUPS[digit].word, timestamp=at)
    if pages := [page for page in judgement.rules if page.code[2] == digit]:
        properties = SubElement(suite, "properties")
        for name, value in (("place", line(judgement.place)), ("kinetune", judgement.version)):
            SubElement(properties, "property", name=name, value=_clean(value))
    for page in pages:
        suite.append(_case(page, judgement))
    _count(suite)
    return suite


def _case(page: RulePage, judgement: Judgement) -> Element:
    case = Element("testcase", classname=f"kinetune.{page.group.word}", name=f"{page.code} {page.name}", time="0")
    for skipped in judgement.verdict.skipped:
        if skipped.code == page.code:
            SubElement(case, "skipped", message=_clean(line(skipped.reason)))
    found = [finding for finding in judgement.verdict.findings if finding.code == page.code]
    failing = [finding for finding in found if judgement.fails(finding.severity)]
    if failing:
        failure = SubElement(case, "failure", message=_clean(sentence(failing[0])), type=failing[0].severity)
        failure.text = _clean("\n".join([*map(_told, failing), f"kinetune rule {page.code}"]))
    if told := [*_let_pass(found, judgement), *_ignored(page, judgement)]:
        SubElement(case, "system-out").text = _clean("\n".join(told))
    return case


def _let_pass(found: list[Finding], judgement: Judgement) -> Iterator[str]:
    yield from (_told(finding) for finding in found if not judgement.fails(finding.severity))


def _ignored(page: RulePage, judgement: Judgement) -> Iterator[str]:
    for ignored in judgement.verdict.ignored:
        if ignored.finding.code == page.code:
            yield f"ignored ({line(ignored.reason)}): {_told(ignored.finding)}"


def _told(finding: Finding) -> str:
    where = f"{line(str(finding.place))}: " if finding.place else ""
    return f"{finding.severity}: {where}{sentence(finding)}"


def _count(element: Element) -> None:
    """Attributes that count the cases below."""
    cases = list(element.iter("testcase"))
    for name, of in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(of is None or case.find(of) is not None for case in cases)))
    element.set("time", "0")


def _clean(text: str) -> str:
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)
