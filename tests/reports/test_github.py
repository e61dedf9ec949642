from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.failure import UsageFailure
from tests.reports.golden import assert_golden
from tests.reports.sample_check_run import CHECK_RUN, CLEAN, EVIL, check_run_with, written


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As the runner reads them: actions/runner, src/Runner.Common/ActionCommand.cs, TryParseV2 and TryParse."""
    found = []
    for line in text.split("\n"):
        if line.lstrip().startswith("::"):
            head, _, message = line.lstrip()[2:].partition("::")
            name, _, properties = head.partition(" ")
            pairs = dict(pair.split("=", 1) for pair in properties.split(",") if pair)
            values = {key: value.replace("%3A", ":").replace("%2C", ",") for key, value in pairs.items()}
            found.append((name, values, message.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")))
        elif "##[" in line:
            found.append(("legacy", {}, line))
    return found


def test_the_golden_log() -> None:
    assert_golden("check.github", written("github"))


def test_an_annotation_for_each_finding_by_its_severity() -> None:
    assert [(name, words["title"]) for name, words, _ in commands(written("github"))] == [
        ("error", "KT103 hash-sharded-ids"),
        ("warning", "KT301 whole-table-reads"),
        ("notice", "KT110 unused-index"),
    ]


def test_a_message_keeps_its_percent_sign() -> None:
    assert "reads 100%25 of 50,000 rows" in written("github")
    assert "reads 100% of 50,000 rows" in commands(written("github"))[1][2]


def test_findings_of_a_facts_file_are_annotated_in_that_file() -> None:
    _, words, _ = commands(written("github", replace(CHECK_RUN, facts_file="a,b/c:d.json")))[0]
    assert (words["file"], words["line"]) == ("a,b/c:d.json", "1")


def test_the_last_line_has_the_counts() -> None:
    last = written("github").splitlines()[-1]
    assert last.startswith("kinetune: 0 passed, 1 error, 1 warning, 1 info, 1 ignored, 1 skipped. postgres://")


def test_without_findings_there_is_one_line() -> None:
    assert written("github", CLEAN).count("\n") == 1
    assert "kinetune: 5 passed. postgres:" in written("github", CLEAN)


def test_a_report_of_another_command_is_refused() -> None:
    with pytest.raises(UsageFailure, match="github is for kinetune check"):
        written("github", None)


@given(st.one_of(st.just(EVIL), st.text()))
def test_no_text_becomes_a_command(text: str) -> None:
    page = written("github", check_run_with(text))
    assert [name for name, _, _ in commands(page)] == ["error", "notice"]
    assert page.count("\n") == 5
    page.encode()
