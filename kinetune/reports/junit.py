"""Results of a check as JUnit XML for GitLab, Jenkins and Azure: a suite for each group, a test case for each rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC
from typing import TextIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from kinetune.model.check_result import RULE_GROUPS, CheckRun, RulePage
from kinetune.model.finding import Finding
from kinetune.model.report import Report
from kinetune.reports.findings import describe_finding, require_check_run, to_one_line

# XML 1.0, production Char. Control characters and surrogates, also invalid, are replaced by to_one_line.
_INVALID = re.compile("[\ufffe\uffff]")


def write(report: Report, stream: TextIO) -> None:
    """Findings below the fail-on severity are not failures: they are listed in system-out."""
    run = require_check_run(report, "junit")
    suites = Element("testsuites", name="kinetune check")
    for suite in filter(len, (_make_suite(digit, run) for digit in RULE_GROUPS)):
        suites.append(suite)
    _set_counts(suites)
    ElementTree.indent(suites)
    xml = ElementTree.tostring(suites, encoding="unicode")
    stream.write(f'<?xml version="1.0" encoding="utf-8"?>\n{xml}\n')


def _make_suite(digit: str, run: CheckRun) -> Element:
    """The suite of a rule group; without children if no rule of the group ran."""
    at = run.observed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")  # the schema has no time zones
    suite = Element("testsuite", name=RULE_GROUPS[digit].word, timestamp=at)
    if pages := [page for page in run.rules if page.code[2] == digit]:
        properties = SubElement(suite, "properties")
        for name, value in (("place", to_one_line(run.subject)), ("kinetune", run.version)):
            SubElement(properties, "property", name=name, value=_replace_invalid(value))
    for page in pages:
        suite.append(_make_testcase(page, run))
    _set_counts(suite)
    return suite


def _make_testcase(page: RulePage, run: CheckRun) -> Element:
    case = Element("testcase", classname=f"kinetune.{page.group.word}", name=f"{page.code} {page.name}", time="0")
    for skipped in run.results.skipped:
        if skipped.code == page.code:
            SubElement(case, "skipped", message=_replace_invalid(to_one_line(skipped.reason)))
    found = [finding for finding in run.results.findings if finding.code == page.code]
    failing = [finding for finding in found if run.fails(finding.severity)]
    if failing:
        failure = SubElement(
            case, "failure", message=_replace_invalid(describe_finding(failing[0])), type=failing[0].severity
        )
        failure.text = _replace_invalid("\n".join([*map(_finding_line, failing), f"kinetune rule {page.code}"]))
    if output := [*_passing_findings(found, run), *_ignored_findings(page, run)]:
        SubElement(case, "system-out").text = _replace_invalid("\n".join(output))
    return case


def _passing_findings(found: list[Finding], run: CheckRun) -> Iterator[str]:
    yield from (_finding_line(finding) for finding in found if not run.fails(finding.severity))


def _ignored_findings(page: RulePage, run: CheckRun) -> Iterator[str]:
    for ignored in run.results.ignored:
        if ignored.finding.code == page.code:
            yield f"ignored ({to_one_line(ignored.reason)}): {_finding_line(ignored.finding)}"


def _finding_line(finding: Finding) -> str:
    where = f"{to_one_line(str(finding.place))}: " if finding.place else ""
    return f"{finding.severity}: {where}{describe_finding(finding)}"


def _set_counts(element: Element) -> None:
    """Set the attributes that count the test cases inside the element."""
    cases = list(element.iter("testcase"))
    for name, of in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(sum(of is None or case.find(of) is not None for case in cases)))
    element.set("time", "0")  # required by the schema; rules are not timed


def _replace_invalid(text: str) -> str:
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", text)
