"""kinetune.formatting: what the whole program writes and reads alike."""

from __future__ import annotations

import pytest

from kinetune.formatting import format_bytes, format_count, format_duration, format_list, format_period, parse_duration
from kinetune.model.failure import UsageFailure


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("5m", 300),
        ("2min", 120),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("500us", 0.0005),
        (" 7 ", 7),
        ("1.5", 1.5),
        ("5 m", 300),
        ("1μs", 1e-6),
    ],
)
def test_a_duration_has_a_unit_or_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text, "--interval") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "-1s", "5  m", "10ss", "1e3", "s", "nan", "٣s"])
def test_any_other_text_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(UsageFailure, match=r"--interval .* is not a duration"):
        parse_duration(text, "--interval")


def test_a_duration_below_the_least_is_refused() -> None:
    with pytest.raises(UsageFailure, match=r"less than 0\.1s"):
        parse_duration("50ms", "--interval", 0.1)


@pytest.mark.parametrize(
    ("size", "text"),
    [(None, "unknown"), (0, "0.0 KiB"), (640 * 1024, "640 KiB"), (1.4 * 2**30, "1.4 GiB"), (5 * 2**50, "5,120 TiB")],
)
def test_sizes_are_in_units_of_1024(size: float | None, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, "–"), (0.421, "0.42 ms"), (12.34, "12.3 ms"), (1250, "1.25 s"), (180_000, "3.00 min"), (7.2e6, "2.00 h")],
)
def test_durations_have_three_digits(milliseconds: float | None, text: str) -> None:
    assert format_duration(milliseconds) == text


def test_counts_lists_and_periods() -> None:
    assert (format_count(1, "row"), format_count(12_000, "row")) == ("1 row", "12,000 rows")
    assert (format_list([]), format_list(["a"]), format_list("abc")) == ("", "a", "a, b and c")
    assert format_period(0, 3600) == "1970-01-01 00:00:00 to 01:00:00 UTC"
