from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.failure import UsageFailure
from tests.reports.golden import assert_golden
from tests.reports.sample_judgement import CLEAN, EVIL, JUDGEMENT, said, written


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
        ("error", "KT103 range-sharded-ids"),
        ("warning", "KT301 whole-table-reads"),
        ("notice", "KT110 unused-index"),
    ]


def test_a_message_keeps_its_percent_sign() -> None:
    assert "reads 100%25 of 50,000 rows" in written("github")
    assert "reads 100% of 50,000 rows" in commands(written("github"))[1][2]


def test_facts_from_a_file_are_annotated_there() -> None:
    _, words, _ = commands(written("github", replace(JUDGEMENT, file="a,b/c:d.json")))[0]
    assert (words["file"], words["line"]) == ("a,b/c:d.json", "1")


def test_the_last_line_counts() -> None:
    last = written("github").splitlines()[-1]
    assert last.startswith("kinetune: 1 error, 1 warning, 1 info; 1 not judged, 1 ignored, 0 good. postgres://")


def test_all_is_well_and_one_line_says_so() -> None:
    assert written("github", CLEAN).count("\n") == 1
    assert "0 error, 0 warning" in written("github", CLEAN)


def test_a_report_without_a_verdict_is_refused() -> None:
    with pytest.raises(UsageFailure, match="github is for kinetune check"):
        written("github", None)


@given(st.one_of(st.just(EVIL), st.text()))
def test_no_text_becomes_a_command(text: str) -> None:
    page = written("github", said(text))
    assert [name for name, _, _ in commands(page)] == ["error", "notice"]
    assert page.count("\n") == 5
    page.encode()
