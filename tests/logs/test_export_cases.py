"""Exports of public reports: the records of a collector are read as the same records without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from kinetune.model.hotspot import Signal, SlowCall
from tests.logs.harness import calls, scanned

CASES = Path(__file__).parent.parent / "data" / "cases"
KINES_QUERIES = {
    "AfterOldVal": 8,
    "GetCurrentVal": 8,
    "ListRevisionStartVal": 3,
    "CurrentRev": 2,
    "CompactRev": 1,
    "Insert": 1,
    "Fill": 1,
    "GetCurrent": 1,
    "Schema": 7,
}


def count_names(found: list[SlowCall]) -> dict[str, int]:
    names = [call.query for call in found]
    return {name: names.count(name) for name in dict.fromkeys(names)}


@pytest.mark.parametrize("name", ["14/real.json", "61/filter-log-events.json"])
def test_statements_of_several_lines_in_json_are_kines(name: str) -> None:
    """k3s-io/k3s#11019: 89 % of the time of Cloud SQL's and CloudWatch's export was called "(not Kine's)"."""
    events, counts = scanned([(CASES / name).read_bytes()])
    found = [event for event in events if isinstance(event, SlowCall)]
    assert counts.not_understood == counts.timeless == 0
    assert {name: count for name, count in count_names(found).items() if name in KINES_QUERIES} == KINES_QUERIES
    listed = {call.resource for call in found if call.query == "ListRevisionStartVal"}
    assert listed
    assert "" not in listed


def test_exports_of_two_collectors_give_the_calls_of_the_same_server() -> None:
    cloud, watch = (calls((CASES / name).read_bytes()) for name in ("14/real.json", "61/filter-log-events.json"))
    assert [(call.query, call.resource, call.milliseconds) for call in cloud] == [
        (call.query, call.resource, call.milliseconds) for call in watch
    ]


def test_an_array_that_is_cut_is_read_to_the_cut() -> None:
    data = (CASES / "14" / "real.json").read_bytes()
    whole = calls(data)
    for end in range(1000, len(data), 4999):
        cut = calls(data[:end])
        assert len(cut) <= len(whole)
        complete = cut[:-1]
        assert [call.query for call in complete] == [call.query for call in whole[: len(complete)]]


def test_logrus_within_logrus_is_unwrapped() -> None:
    """k0sproject/k0s#4693."""
    events, counts = scanned([(CASES / "15" / "k0s.log").read_bytes()])
    (call,) = [event for event in events if isinstance(event, SlowCall)]
    assert (call.query, call.resource, call.milliseconds) == ("GetCurrent", "/registry/pods/", 2114.023)
    assert counts.not_understood == 0
    texts = [event.text for event in events if isinstance(event, Signal)]
    assert any("duplicate key value" in text for text in texts)


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("v0.10.1-utf16.log", {"GetCurrent": 3, "After": 2, "CountCurrent": 1}),
        ("v0.14.16-cloudlogging-json.ndjson", {"GetCurrentVal": 4, "AfterOldVal": 2, "CountCurrent": 1}),
        (
            "v0.17.5-json-cloudlogging-json.ndjson",
            {"AfterAllOldVal": 2, "ListCurrentVal": 2, "CountCurrent": 1, "InsertReturning": 1},
        ),
    ],
)
def test_slow_lines_in_every_envelope_are_calls(name: str, queries: dict[str, int]) -> None:
    file = CASES / "62" / name
    reading = read_logs(LogSources((str(file),)), LogOptions())
    assert {hotspot.query for hotspot in reading.hotspots} == queries.keys()
    assert count_names(calls(file.read_bytes())) == queries
    assert reading.counts.not_understood == 0
    assert reading.counts.recognised == reading.counts.sampled
