from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.check_result import CheckRun
from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Severity
from kinetune.rules.rule import build_page
from kinetune.rules.table import RULES
from tests.reports.golden import assert_golden
from tests.reports.sample_check_run import CACHED, CHECK_RUN, CLEAN, EVIL, HASHED, PAGES, SLOW, check_run_with, written

SCHEMA = json.loads((Path(__file__).parents[1] / "data/sarif/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)


def run(check_run: CheckRun = CHECK_RUN) -> Any:
    """The run of a log, after validation against the schema."""
    log = json.loads(written("sarif", check_run))
    VALIDATOR.validate(log)
    return log["runs"][0]


def test_the_golden_log() -> None:
    run()
    assert_golden("check.sarif", written("sarif"))


def test_the_schema_named_is_the_one_it_is_valid_against() -> None:
    assert json.loads(written("sarif"))["$schema"] == SCHEMA["id"]


def test_without_findings_the_results_are_an_empty_list() -> None:
    clean = run(CLEAN)
    assert clean["results"] == []
    assert clean["invocations"][0] == {"executionSuccessful": True, "toolExecutionNotifications": []}
    assert len(clean["tool"]["driver"]["rules"]) == len(PAGES)


def test_a_rule_has_its_page() -> None:
    rule = run()["tool"]["driver"]["rules"][0]
    assert (rule["id"], rule["name"], rule["defaultConfiguration"]["level"]) == ("KT103", "hash-sharded-ids", "error")
    assert "## Why it matters" in rule["help"]["markdown"]
    assert r"\<every>" in rule["help"]["markdown"]
    assert "<every>" in rule["help"]["text"]


def test_the_pages_of_all_rules_make_a_valid_log() -> None:
    run(replace(CLEAN, rules=tuple(map(build_page, RULES))))


def test_each_result_points_at_its_rule_by_name_and_index() -> None:
    log = run()
    for result in log["results"]:
        assert log["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    for notification in log["invocations"][0]["toolExecutionNotifications"]:
        rule = notification["associatedRule"]
        assert log["tool"]["driver"]["rules"][rule["index"]]["id"] == rule["id"]


def test_the_level_is_the_severity_in_force() -> None:
    assert [result["level"] for result in run()["results"]] == ["error", "warning", "note", "error"]
    milder = replace(CHECK_RUN.results, findings=(replace(HASHED, severity=Severity.INFO),))
    assert run(replace(CHECK_RUN, results=milder))["results"][0]["level"] == "note"


def test_the_fingerprint_stays_whatever_the_numbers_in_the_words() -> None:
    other = replace(CHECK_RUN.results, findings=(replace(SLOW, says="reads 12% of 90,000 rows"),))
    before, after = run()["results"][1], run(replace(CHECK_RUN, results=other))["results"][0]
    assert before["partialFingerprints"] == after["partialFingerprints"]
    assert before["partialFingerprints"]["primaryLocationLineHash"] == f"{SLOW.fingerprint}:1"


def test_an_ignored_finding_is_suppressed_with_its_reason() -> None:
    suppressed = [result for result in run()["results"] if "suppressions" in result]
    assert [result["ruleId"] for result in suppressed] == [CACHED.code]
    assert suppressed[0]["suppressions"][0]["justification"] == "one writer only, see OPS-7"


def test_a_skipped_rule_has_its_reason() -> None:
    notification = run()["invocations"][0]["toolExecutionNotifications"][0]
    assert notification["message"]["text"].endswith("GRANT pg_monitor TO kine")


def test_an_object_of_the_database_has_its_full_name() -> None:
    names = [result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] for result in run()["results"]]
    assert names == [
        "kubernetes.public.kine",
        "list-page",
        "kubernetes.public.my_index",
        "kubernetes.public.kine_id_seq",
    ]


@pytest.mark.parametrize(
    ("file", "uri"),
    [("", "kine"), ("a b/kine-facts.json", "a%20b/kine-facts.json"), ("/tmp/f.json", "file:///tmp/f.json")],
)
def test_every_result_has_the_location_that_code_scanning_requires(file: str, uri: str) -> None:
    for result in run(replace(CHECK_RUN, facts_file=file))["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == uri
        assert place["region"]["startLine"] == 1


def test_a_file_below_the_working_folder_is_relative_however_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(replace(CHECK_RUN, facts_file=str(tmp_path / "sub" / ".." / "facts.json")))["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "facts.json"


def test_a_long_page_is_cut_at_the_limit_of_code_scanning() -> None:
    long = replace(PAGES[0], sections=(("Why it matters", "word " * 400),))
    rule = run(replace(CHECK_RUN, rules=(long, *PAGES[1:])))["tool"]["driver"]["rules"][0]
    assert len(rule["fullDescription"]["text"]) == 1024
    assert len(rule["help"]["text"]) > 2000


def test_a_report_of_another_command_is_refused() -> None:
    with pytest.raises(UsageFailure, match="sarif is for kinetune check; choose text, json, markdown or html"):
        written("sarif", None)


@given(st.one_of(st.just(EVIL), st.text()))
def test_any_text_gives_a_valid_log(text: str) -> None:
    messages = [result["message"]["text"] for result in run(check_run_with(text))["results"]]
    assert not any("\n" in message or "\x1b" in message for message in messages)
