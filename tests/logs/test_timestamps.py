"""Timestamps and durations: zones, clocks that are set back, lines without a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.logs.timestamps import (
    find_timestamp,
    find_yearless_timestamp,
    parse_go_duration,
    parse_prefix_timestamp,
    parse_timestamp,
)
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
        ("2026-11-23 17:05:58.500 XYZ [12] ", AT, None),  # an unknown abbreviation
        ("2026-07-23 18:05:58.500 ", 1_784_822_758.5, None),  # summer there
    ],
)
def test_a_timestamp_is_read_in_its_zone(text: str, at: float, offset: int | None) -> None:
    found = find_timestamp(text.encode(), BERLIN)
    assert found is not None
    assert found.at == pytest.approx(at, abs=1e-6)
    assert found.offset == offset
    assert parse_timestamp(text.encode(), BERLIN) == found


@pytest.mark.parametrize("text", ["2026-13-45 99:00:00", "no time", "", "16:05:58", "2026-02-30T10:00:00Z"])
def test_other_text_is_not_a_timestamp(text: str) -> None:
    assert find_timestamp(text.encode(), UTC) is None
    assert parse_timestamp(text.encode(), UTC) is None
    assert parse_prefix_timestamp(text.encode(), UTC) is None


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_every_offset_gives_the_same_time(there: datetime, quarters: int) -> None:
    aware = there.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    found = find_timestamp(aware.isoformat().encode(), BERLIN)
    assert found is not None
    assert found.at == pytest.approx(aware.timestamp(), abs=1e-5)
    assert found.offset == quarters * 900


@given(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)))
def test_the_fast_and_the_general_parsers_agree(there: datetime) -> None:
    server = f"{there:%Y-%m-%d %H:%M:%S}.{there.microsecond // 1000:03} UTC [1] kine@kubernetes".encode()
    found, other = parse_prefix_timestamp(server, BERLIN), find_timestamp(server, BERLIN)
    assert found is not None
    assert other is not None
    assert found.at == pytest.approx(other.at, abs=1e-6)
    assert found.offset == other.offset == 0


@given(st.integers(1, 10**15))
def test_every_go_duration_is_parsed(nanoseconds: int) -> None:
    found = parse_go_duration(emit.go_duration(nanoseconds))
    assert found == pytest.approx(nanoseconds / 1e6, rel=1e-6)
    assert parse_go_duration(emit.go_duration(nanoseconds).encode()) == found
    assert parse_go_duration(nanoseconds) == nanoseconds / 1e6


@given(st.one_of(st.text(), st.binary()))
def test_other_text_is_not_a_duration(text: str | bytes) -> None:
    found = parse_go_duration(text)
    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    "text", ["", "s", "1", "1.2.3ms", "ms", "1m2", "nans", "infs", "-5s", "1e999s", "9" * 400 + "h"]
)
def test_invalid_durations_are_none(text: str) -> None:
    assert parse_go_duration(text) is None


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, 10**400])
def test_invalid_json_numbers_are_none(number: float) -> None:
    assert parse_go_duration(number) is None


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
def test_a_time_without_a_year_is_the_newest_possible(text: str, at: float) -> None:
    found = find_yearless_timestamp(text.encode(), NEAR, UTC)
    assert found is not None
    assert found.at == pytest.approx(at, abs=0.001)


def test_a_time_without_a_year_has_that_of_the_log() -> None:
    """K3s writes klog's lines without a year, between its own."""
    klog = "F0125 23:01:03.210101   27841 controllermanager.go:294] leaderelection lost\n"
    started = 'time="{}" level=info msg="Starting k3s v1.19.5+k3s2 (746cf403)"\n'
    for time, at in (("2021-01-25T23:00:48Z", 1_611_615_663.2), ("2020-12-31T23:59:59Z", 1_611_615_663.2)):
        for prefix in ("", "Jan 25 23:01:03 host k3s[1]: "):
            text = f"{prefix}{started.format(time)}{prefix}{klog}"
            (event,) = scanned([text.encode()])[0]
            assert isinstance(event, Signal)
            assert event.at == pytest.approx(at, abs=0.3)


def test_the_time_of_a_line_is_not_one_of_its_message() -> None:
    klog = "E1123 16:05:58.075440   22277 x.go:1] StorageError: x509: current time 2022-02-14T08:14:01Z is after\n"
    (event,) = scanned([klog.encode()])[0]
    assert isinstance(event, Signal)
    assert event.at == pytest.approx(1_795_449_958.0, abs=0.1)


def server(*stamps: str) -> bytes:
    return "".join(f"{stamp} [12] {SERVER}\n" for stamp in stamps).encode()


def test_mixed_zones_are_converted_to_utc_and_reported(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(server("2026-11-23 16:05:58.500 UTC", "2026-11-23 17:05:59.500 CET", "2026-11-23 11:06:00.500 EST"))
    found = read_logs(LogSources((str(log),)))
    assert found.counts.zones == (-18000, 0, 3600)
    assert found.counts.jumps == 0
    assert (found.hotspots[0].first, found.hotspots[0].last) == (AT - 0.5, AT + 1.5)


def test_times_without_a_zone_are_read_in_the_given_zone() -> None:
    data = server("2026-11-23 17:05:58.500", "2026-11-23 17:05:59.500")
    events, counts = scanned([data], LogOptions(zone=BERLIN))
    assert [event.at for event in events if isinstance(event, SlowCall)] == [AT - 0.5, AT + 0.5]
    assert counts.zoneless == 2
    assert counts.zones == set()


def test_a_clock_set_back_is_counted_and_not_fatal() -> None:
    stamps = ["2026-11-23 16:05:58.500 UTC", "2026-11-23 16:00:00.500 UTC", "2026-11-23 16:00:01.500 UTC"]
    events, counts = scanned([server(*stamps)])
    assert len(events) == 3
    assert counts.jumps == 1
    assert scanned([server(*sorted(stamps))])[1].jumps == 0


def test_calls_that_end_in_another_order_are_not_a_jump() -> None:
    """A list of two minutes is logged after fast calls that began later."""
    long = emit.Case("v0.17.3", "ListCurrentVal", "/registry/pods/", 1_795_449_900_000_000, 180_000_000_000)
    quick = emit.Case("v0.17.3", "AfterAllOldVal", "/registry/pods/", 1_795_450_078_000_000, 1_500_000_000)
    lines = emit.text(quick, 4) + emit.text(long, 4) + emit.text(quick, 4)
    assert scanned([lines])[1].jumps == 0


def test_a_line_without_a_time_has_that_of_the_line_before() -> None:
    data = f'time="2026-11-23T16:05:58.5Z" level=info msg="{COMPACT}"\n{COMPACT}\n'.encode()
    events, counts = scanned([data])
    assert [event.at for event in events if isinstance(event, Signal)] == [AT, AT]
    assert counts.timeless == 1
    events, counts = scanned([f"{COMPACT}\n".encode()])
    assert [event.at for event in events] == [NEAR]
    assert counts.timeless == 1


def test_a_line_without_a_time_has_that_of_the_journal() -> None:
    line = json.dumps({"__REALTIME_TIMESTAMP": "1795449958500000", "MESSAGE": COMPACT})
    events, counts = scanned([line.encode()])
    assert [event.at for event in events] == [AT]
    assert counts.timeless == 0


def test_only_calls_of_the_selected_period_are_kept() -> None:
    data = server(*(f"2026-11-23 16:05:{second}.500 UTC" for second in range(50, 60)))
    options = LogOptions(since=AT - 4, until=AT - 2)
    events, counts = scanned([data], options)
    assert [event.at for event in events] == [AT - 3.5, AT - 2.5]
    assert (counts.calls, counts.passing) == (2, 8)
    assert scanned([data], LogOptions(at_least_ms=501))[0] == []
