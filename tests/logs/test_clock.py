"""Times and durations: zones, clocks that jump back, lines without a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.logs.clock import milliseconds, moment, moment_at_start, stamped, yearless
from kinetune.logs.options import LogOptions, Sources
from kinetune.logs.read import read
from kinetune.model.hotspot import Signal, SlowCall
from tests.logs import emit
from tests.logs.harness import NEAR, scanned

AT = 1_795_449_958.5  # 2026-11-23 16:05:58.5 UTC
BERLIN = ZoneInfo("Europe/Berlin")
COMPACT = "COMPACT deleted 9 rows from 1000 revisions in 38.240214ms - compacted to 1000/3063"
SERVER = "LOG:  duration: 500.000 ms  execute stmtcache_1: SELECT 1"


@pytest.mark.parametrize(
    ("text", "at", "offset"),
    [
        ("2026-11-23T16:05:58.5Z", AT, 0),
        ("2026-11-23T17:05:58.5+01:00", AT, 3600),
        ("2026-11-23 10:35:58.5 -0530 -0530 m=+1.2", AT, -19800),
        ("2026-11-23 11:05:58.5 -0500 EST m=+3.285180450", AT, -18000),
        ("2026-11-23 16:05:58.500 UTC [12] ", AT, 0),
        ("2026-11-23 17:05:58.500 CET [12] ", AT, 3600),
        ("2026-11-23 16:05:58,500 GMT", AT, 0),
        ("2026-11-23 17:05:58.500 +01 [12] ", AT, 3600),
        ("2026-11-23 17:05:58.500 [12] ", AT, None),  # winter in Berlin
        ("2026-11-23 17:05:58.500 XYZ [12] ", AT, None),  # an abbreviation nobody knows
        ("2026-07-23 18:05:58.500 ", 1_784_822_758.5, None),  # summer there
    ],
)
def test_a_time_is_understood_in_its_zone(text: str, at: float, offset: int | None) -> None:
    found = moment(text.encode(), BERLIN)
    assert found is not None
    assert found.at == pytest.approx(at, abs=1e-6)
    assert found.offset == offset
    assert moment_at_start(text.encode(), BERLIN) == found


@pytest.mark.parametrize("text", ["2026-13-45 99:00:00", "no time", "", "16:05:58", "2026-02-30T10:00:00Z"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment(text.encode(), UTC) is None
    assert moment_at_start(text.encode(), UTC) is None
    assert stamped(text.encode(), UTC) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_every_offset_leads_to_the_same_moment(there: datetime, quarters: int) -> None:
    aware = there.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    found = moment(aware.isoformat().encode(), BERLIN)
    assert found is not None
    assert found.at == pytest.approx(aware.timestamp(), abs=1e-5)
    assert found.offset == quarters * 900


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))
def test_the_quick_readings_are_the_slow_ones(there: datetime) -> None:
    server = f"{there:%Y-%m-%d %H:%M:%S}.{there.microsecond // 1000:03} UTC [1] kine@kubernetes".encode()
    found, other = stamped(server, BERLIN), moment(server, BERLIN)
    assert found is not None
    assert other is not None
    assert found.at == pytest.approx(other.at, abs=1e-6)
    assert found.offset == other.offset == 0


@given(st.integers(1, 10**15))
def test_every_duration_of_go_is_understood(nanoseconds: int) -> None:
    found = milliseconds(emit.go_duration(nanoseconds))
    assert found == pytest.approx(nanoseconds / 1e6, rel=1e-6)
    assert milliseconds(emit.go_duration(nanoseconds).encode()) == found
    assert milliseconds(nanoseconds) == nanoseconds / 1e6


@given(st.one_of(st.text(), st.binary()))
def test_what_is_no_duration_is_none_or_a_number(text: str | bytes) -> None:
    found = milliseconds(text)
    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    "text", ["", "s", "1", "1.2.3ms", "ms", "1m2", "nans", "infs", "-5s", "1e999s", "9" * 400 + "h"]
)
def test_odd_durations_are_none(text: str) -> None:
    assert milliseconds(text) is None


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, 10**400])
def test_odd_numbers_of_json_are_none(number: float) -> None:
    assert milliseconds(number) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Nov 23 16:05:58 host k3s[1]: x", 1_795_449_958.0),
        ("Nov  3 16:05:58 host k3s[1]: x", 1_793_721_958.0),
        ("Dec 31 23:59:59 host k3s[1]: x", 1_767_225_599.0),  # not yet this year
        ("E1123 16:05:58.075440   22277 x.go:1] y", 1_795_449_958.0),
        ("1795449958.500 77 ", 1_795_449_958.5),
    ],
)
def test_a_time_without_a_year_is_the_newest_there_was(text: str, at: float) -> None:
    found = yearless(text.encode(), NEAR, UTC)
    assert found is not None
    assert found.at == pytest.approx(at, abs=0.001)


def server(*stamps: str) -> bytes:
    return "".join(f"{stamp} [12] {SERVER}\n" for stamp in stamps).encode()


def test_mixed_zones_are_told_in_utc_and_said(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(server("2026-11-23 16:05:58.500 UTC", "2026-11-23 17:05:59.500 CET", "2026-11-23 11:06:00.500 EST"))
    found = read(Sources((str(log),)))
    assert found.counts.zones == (-18000, 0, 3600)
    assert found.counts.jumps == 0
    assert (found.hotspots[0].first, found.hotspots[0].last) == (AT - 0.5, AT + 1.5)


def test_times_without_a_zone_are_in_the_zone_that_was_said() -> None:
    data = server("2026-11-23 17:05:58.500", "2026-11-23 17:05:59.500")
    events, tally = scanned([data], LogOptions(zone=BERLIN))
    assert [event.at for event in events if isinstance(event, SlowCall)] == [AT - 0.5, AT + 0.5]
    assert tally.zoneless == 2
    assert tally.zones == set()


def test_a_clock_that_goes_back_is_counted_and_not_fatal() -> None:
    stamps = ["2026-11-23 16:05:58.500 UTC", "2026-11-23 16:00:00.500 UTC", "2026-11-23 16:00:01.500 UTC"]
    events, tally = scanned([server(*stamps)])
    assert len(events) == 3
    assert tally.jumps == 1
    assert scanned([server(*sorted(stamps))])[1].jumps == 0


def test_calls_that_end_in_another_order_than_they_began_are_no_jump() -> None:
    """A list of two minutes is logged after quick calls that began later."""
    long = emit.Case("v0.17.3", "ListCurrentVal", "/registry/pods/", 1_795_449_900_000_000, 180_000_000_000)
    quick = emit.Case("v0.17.3", "AfterAllOldVal", "/registry/pods/", 1_795_450_078_000_000, 1_500_000_000)
    lines = emit.text(quick, 4) + emit.text(long, 4) + emit.text(quick, 4)
    assert scanned([lines])[1].jumps == 0


def test_a_line_without_a_time_is_of_the_line_before() -> None:
    data = f'time="2026-11-23T16:05:58.5Z" level=info msg="{COMPACT}"\n{COMPACT}\n'.encode()
    events, tally = scanned([data])
    assert [event.at for event in events if isinstance(event, Signal)] == [AT, AT]
    assert tally.timeless == 1
    events, tally = scanned([f"{COMPACT}\n".encode()])
    assert [event.at for event in events] == [NEAR]
    assert tally.timeless == 1


def test_the_journal_lends_its_time_to_a_line_without_one() -> None:
    line = json.dumps({"__REALTIME_TIMESTAMP": "1795449958500000", "MESSAGE": COMPACT})
    events, tally = scanned([line.encode()])
    assert [event.at for event in events] == [AT]
    assert tally.timeless == 0


def test_only_calls_of_the_wanted_time_are_taken() -> None:
    data = server(*(f"2026-11-23 16:05:{second}.500 UTC" for second in range(50, 60)))
    options = LogOptions(since=AT - 4, until=AT - 2)
    events, tally = scanned([data], options)
    assert [event.at for event in events] == [AT - 3.5, AT - 2.5]
    assert (tally.calls, tally.passing) == (2, 8)
    assert scanned([data], LogOptions(at_least_ms=501))[0] == []
