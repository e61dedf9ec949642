from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.formatting import format_count, format_duration
from kinetune.plans.nodes import parse_leading_number, parse_scalar, to_number


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("0.5 ms", 0.5), ("24 kB", 24), ("9kB", 9), ("(cut)", "(cut)"), ("1.2.3", "1.2.3"), ("", "")],
)
def test_values_of_the_text_form_become_numbers_where_they_are(text: str, value: object) -> None:
    assert parse_scalar(text) == value


def test_the_first_number_of_a_value_with_an_aside_counts() -> None:
    assert parse_leading_number("2048 (originally 1024)") == 2048


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()))
def test_only_finite_numbers_are_numbers(value: object) -> None:
    found = to_number(value)
    assert found is None or math.isfinite(found)


def test_numbers_are_written_for_people() -> None:
    assert format_count(1, "row") == "1 row"
    assert format_count(50_001, "row") == "50,001 rows"
    assert [format_duration(value) for value in (0.034, 2.44, 12.4, 4831.2)] == [
        "0.03 ms",
        "2.44 ms",
        "12.4 ms",
        "4.83 s",
    ]
