"""Logs that grow, are rotated, truncated or removed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinetune.logs.follow import follow_logs
from kinetune.logs.line_reader import LogEvent
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.running_counts import RunningCounts
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.hotspot import SlowCall
from tests.logs.test_sources import line, lines

SERVER = "2026-11-23 16:00:0{n}.000 UTC [12] LOG:  duration: 1500.000 ms  execute stmtcache_1: SELECT 1\n"
"""A DETAIL line may follow, so a record ends only when the next line arrives."""


class Tail:
    """follow_logs on files, stepped by the test."""

    def __init__(self, *paths: Path) -> None:
        self.counts = RunningCounts()
        self.events: list[LogEvent] = []
        self._follow = follow_logs(LogSources(tuple(map(str, paths)), follow=True), LogOptions(), self.counts)

    def quiet(self) -> int:
        """The number of calls until no source had new data."""
        before = len(self.events)
        for event in self._follow:
            if event is None:
                break
            self.events.append(event)
        return len(self.events) - before

    def close(self) -> None:
        self._follow.close()  # type: ignore[attr-defined]


Start = Callable[..., Tail]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setattr("kinetune.logs.follow._PAUSE", 0.01)
    tails: list[Tail] = []

    def made(*paths: Path) -> Tail:
        tails.append(Tail(*paths))
        return tails[-1]

    yield made
    for tail in tails:
        tail.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "k3s.log").write_bytes(lines(range(3)))
    return tmp_path / "k3s.log"


def append(log: Path, data: bytes) -> None:
    with log.open("ab") as file:
        file.write(data)


def test_existing_lines_come_first_then_appended_ones(log: Path, start: Start) -> None:
    tail = start(log)
    assert tail.quiet() == 3
    assert tail.quiet() == 0
    append(log, lines(range(3, 5)))
    assert tail.quiet() == 2
    assert tail.counts.notices == []


def test_an_incomplete_line_waits_for_its_rest(log: Path, start: Start) -> None:
    tail = start(log)
    tail.quiet()
    whole = line(7)
    append(log, whole[:100])
    assert tail.quiet() == 0
    append(log, whole[100:])
    assert tail.quiet() == 1
    assert tail.counts.not_understood == 0


def test_a_pause_is_reported_four_times_a_second(log: Path) -> None:
    tail = Tail(log)
    tail.quiet()
    before = time.monotonic()
    tail.quiet()
    tail.quiet()
    assert 0.2 < time.monotonic() - before < 2
    tail.close()


def test_a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_beginning(log: Path, start: Start) -> None:
    tail = start(log)
    tail.quiet()
    append(log, line(3))
    log.rename(log.with_suffix(".1"))
    append(log.with_suffix(".1"), line(4))  # by the writer, who has the old one open still
    log.write_bytes(lines(range(5, 9)))
    tail.quiet()
    tail.quiet()
    assert len(tail.events) == 9
    assert tail.counts.notices == [f"{log} was rotated; reading the new file from its beginning"]


def test_the_last_record_before_a_rotation_is_not_lost(tmp_path: Path, start: Start) -> None:
    log = tmp_path / "postgresql.log"
    log.write_text(SERVER.format(n=0) + SERVER.format(n=1))
    tail = start(log)
    tail.quiet()
    log.rename(tmp_path / "postgresql.log.1")
    log.write_text(SERVER.format(n=2))
    tail.quiet()
    append(log, b"2026-11-23 16:00:03.000 UTC [12] LOG:  checkpoint starting: time\n")
    tail.quiet()
    assert len(tail.events) == 3


def test_a_truncated_file_is_read_from_its_beginning(log: Path, start: Start) -> None:
    tail = start(log)
    tail.quiet()
    os.truncate(log, 0)
    tail.quiet()
    append(log, line(9))
    tail.quiet()
    assert len(tail.events) == 4
    assert tail.counts.notices == [f"{log} was truncated; reading it from its beginning"]


def test_the_last_record_before_a_truncation_is_not_lost(tmp_path: Path, start: Start) -> None:
    log = tmp_path / "postgresql.log"
    log.write_text(SERVER.format(n=0))
    tail = start(log)
    tail.quiet()
    os.truncate(log, 0)  # as logrotate's copytruncate does
    tail.quiet()
    append(log, SERVER.format(n=1).encode())
    append(log, SERVER.format(n=2).encode())
    tail.quiet()
    calls = [event for event in tail.events if isinstance(event, SlowCall)]
    assert [call.at % 60 for call in calls] == [58.5, 59.5]


def test_a_removed_file_is_waited_for(log: Path, start: Start) -> None:
    tail = start(log)
    tail.quiet()
    log.unlink()
    assert tail.quiet() == 0
    assert tail.quiet() == 0
    log.write_bytes(lines(range(2)))
    tail.quiet()
    tail.quiet()
    assert len(tail.events) == 5
    assert tail.counts.notices[0] == f"{log} was removed; waiting for a new file"
    append(log, line(4))
    tail.quiet()
    assert len(tail.events) == 6


def test_several_files_are_followed_at_once(tmp_path: Path, start: Start) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    for file in (one, two):
        file.write_bytes(line(0))
    tail = start(one, two)
    tail.quiet()
    append(one, line(1))
    one.rename(tmp_path / "one.log.1")
    append(two, line(2))
    assert tail.quiet() == 2
    assert {event.source for event in tail.events} == {str(one), str(two)}


def test_a_missing_file_is_a_failure(tmp_path: Path, start: Start) -> None:
    with pytest.raises(CouldNotLook, match=r"cannot read .*: No such file"):
        start(tmp_path / "k3s.log").quiet()


def test_a_compressed_file_cannot_be_followed(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.log").write_bytes(b"\x1f\x8b and more")
    with pytest.raises(UsageFailure, match=r"cannot follow .*: a compressed file does not grow"):
        start(tmp_path / "a.log").quiet()
