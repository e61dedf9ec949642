"""--select, --ignore and --extend-select name rules by code, prefix or name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kinetune.model.facts import Facts
from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Remark, Severity
from kinetune.rules import table
from kinetune.rules.former_names import FORMER_NAMES, describe_former_names
from kinetune.rules.rule import rule
from kinetune.rules.selection import match_rules, matches_pattern, select_rules


@rule("KT901", Severity.ERROR)
def first_thing(facts: Facts) -> Iterator[Remark]:
    """The first."""
    yield from ()


@rule("KT902", Severity.ERROR)
def second_thing(facts: Facts) -> Iterator[Remark]:
    """The second."""
    yield from ()


@rule("KT911", Severity.ERROR, by_default=False)
def third_thing(facts: Facts) -> Iterator[Remark]:
    """The third, only on request."""
    yield from ()


RULES = (first_thing, second_thing, third_thing)


def codes(select: list[str], extend: list[str]) -> list[str]:
    return [one.code for one in select_rules(RULES, select, extend)]


def test_without_selection_all_default_rules_are_selected() -> None:
    assert codes([], []) == ["KT901", "KT902"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("KT902", ["KT902"]),
        ("kt902", ["KT902"]),
        (" KT902 ", ["KT902"]),
        ("KT90", ["KT901", "KT902"]),
        ("KT", ["KT901", "KT902", "KT911"]),
        ("second-thing", ["KT902"]),
        ("third-thing", ["KT911"]),
    ],
)
def test_a_code_a_prefix_and_a_name_select(pattern: str, found: list[str]) -> None:
    assert codes([pattern], []) == found


def test_several_patterns_select_in_order_of_codes_and_once_each() -> None:
    assert codes(["KT911", "first-thing", "KT901"], []) == ["KT901", "KT911"]


def test_extending_adds_to_the_default_or_to_the_selected() -> None:
    assert codes([], ["KT911"]) == ["KT901", "KT902", "KT911"]
    assert codes(["KT902"], ["third-thing"]) == ["KT902", "KT911"]


@pytest.mark.parametrize("pattern", ["KT777", "frist-thing", "", "T90", "first"])
def test_a_pattern_that_fits_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(UsageFailure, match="no rule matches"):
        match_rules(RULES, [pattern])


def test_a_typing_error_gets_the_nearest_name() -> None:
    with pytest.raises(UsageFailure, match="did you mean first-thing"):
        match_rules(RULES, ["frist-thing"])
    with pytest.raises(UsageFailure, match="kinetune rule --all"):
        match_rules(RULES, ["zzz"])


def test_a_name_is_not_a_prefix() -> None:
    assert matches_pattern(first_thing, "first-thing")
    assert not matches_pattern(first_thing, "first")


def test_a_former_name_selects_the_rule_and_has_a_note() -> None:
    assert [one.code for one in match_rules(table.RULES, ["range-sharded-ids"])] == ["KT103"]
    assert describe_former_names(["KT1", " range-sharded-ids ", "hash-sharded-ids"]) == [
        "range-sharded-ids is now called hash-sharded-ids"
    ]


def test_former_names_are_those_of_rules_and_none_is_used_again() -> None:
    names = {one.name for one in table.RULES}
    assert set(FORMER_NAMES.values()) <= names
    assert not names & FORMER_NAMES.keys()
