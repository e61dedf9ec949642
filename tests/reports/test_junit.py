from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.check_result import CheckRun
from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Severity
from tests.reports.golden import assert_golden
from tests.reports.sample_check_run import CHECK_RUN, CLEAN, EVIL, HASHED, check_run_with, written

COUNTS = ("tests", "failures", "errors", "skipped")


def parsed(check_run: CheckRun = CHECK_RUN) -> Element:
    return ElementTree.fromstring(written("junit", check_run).encode())


def case(code: str, check_run: CheckRun = CHECK_RUN) -> Element:
    return next(one for one in parsed(check_run).iter("testcase") if one.get("name", "").startswith(code))


def counted(element: Element) -> tuple[int, ...]:
    return tuple(int(element.get(name, "-1")) for name in COUNTS)


def test_the_golden_file() -> None:
    assert_golden("check.xml", written("junit"))


def test_a_suite_for_each_group_and_a_case_for_each_rule() -> None:
    suites = {suite.get("name"): [one.get("name") for one in suite.iter("testcase")] for suite in parsed()}
    assert suites == {
        "schema": ["KT103 hash-sharded-ids", "KT110 unused-index"],
        "ids": ["KT201 cached-sequence"],
        "plans": ["KT301 whole-table-reads"],
        "security": ["KT801 superuser"],
    }


@pytest.mark.parametrize(
    ("fail_on", "failures"), [(Severity.ERROR, 1), (Severity.WARNING, 2), (Severity.INFO, 3), (None, 0)]
)
def test_a_finding_below_fail_on_is_not_a_failure(fail_on: Severity | None, failures: int) -> None:
    suites = parsed(replace(CHECK_RUN, fail_on=fail_on))
    assert counted(suites) == (5, failures, 0, 1)
    assert len(list(suites.iter("failure"))) == failures


def test_the_counts_of_the_suites_add_up() -> None:
    suites = parsed()
    assert counted(suites) == tuple(map(sum, zip(*map(counted, suites), strict=True)))


def test_a_failure_has_the_fix() -> None:
    failure = case("KT103").find("failure")
    assert failure is not None
    assert failure.get("message") == "kine: ids are sharded by hash: lists read all. Fix: kinetune init"
    assert failure.get("type") == "error"
    assert (failure.text or "").endswith("kinetune rule KT103")


def test_several_objects_are_one_failure_with_a_line_each() -> None:
    results = replace(CHECK_RUN.results, findings=(HASHED, replace(HASHED, on="other")))
    found = case("KT103", replace(CHECK_RUN, results=results)).findall("failure")
    assert len(found) == 1
    assert (found[0].text or "").count("error: ") == 2


def test_a_skipped_rule_has_its_reason() -> None:
    skipped = case("KT801").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "no right to see it: GRANT pg_monitor TO kine"


def test_lower_and_ignored_findings_are_listed_without_failing() -> None:
    assert "info: my_index: serves no query" in (case("KT110").findtext("system-out") or "")
    ignored = case("KT201")
    assert (ignored.findtext("system-out") or "").startswith("ignored (one writer only, see OPS-7): error: ")
    assert ignored.find("failure") is None


def test_without_findings_nothing_fails() -> None:
    assert counted(parsed(CLEAN)) == (5, 0, 0, 0)


def test_a_report_of_another_command_is_refused() -> None:
    with pytest.raises(UsageFailure, match="junit is for kinetune check"):
        written("junit", None)


@given(st.one_of(st.just(EVIL), st.text()))
def test_any_text_gives_well_formed_xml_that_contains_it(text: str) -> None:
    suites = parsed(check_run_with(text))
    assert counted(suites) == (5, 1, 0, 1)
    assert not list(suites.iter("b"))
