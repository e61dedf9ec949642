"""Logs that grow, are rotated, cut short or taken away: files as a log's writer leaves them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinetune.logs.follow import follow
from kinetune.logs.options import LogOptions, Sources
from kinetune.logs.scan import Event
from kinetune.logs.tally import Tally
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.hotspot import SlowCall
from tests.logs.test_sources import line, lines

SERVER = "2026-11-23 16:00:0{n}.000 UTC [12] LOG:  duration: 1500.000 ms  execute stmtcache_1: SELECT 1\n"
"""A DETAIL may follow: the record is not over before the next line is there."""


class Tail:
    """`tail -F` of a folder's files, asked from time to time."""

    def __init__(self, *paths: Path) -> None:
        self.tally = Tally()
        self.events: list[Event] = []
        self._follow = follow(Sources(tuple(map(str, paths)), follow=True), LogOptions(), self.tally)

    def quiet(self) -> int:
        """How many calls came until all was quiet again."""
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


def test_what_is_there_comes_first_and_then_what_grows(log: Path, start: Start) -> None:
    tail = start(log)
    assert tail.quiet() == 3
    assert tail.quiet() == 0
    append(log, lines(range(3, 5)))
    assert tail.quiet() == 2
    assert tail.tally.notices == []


def test_half_a_line_waits_for_its_other_half(log: Path, start: Start) -> None:
    tail = start(log)
    tail.quiet()
    whole = line(7)
    append(log, whole[:100])
    assert tail.quiet() == 0
    append(log, whole[100:])
    assert tail.quiet() == 1
    assert tail.tally.not_understood == 0


def test_quiet_moments_come_four_times_a_second(log: Path) -> None:
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
    assert tail.tally.notices == [f"{log} was rotated; the new file is read from its beginning"]


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
    assert tail.tally.notices == [f"{log} was truncated; it is read from its beginning"]


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


def test_a_vanished_file_is_waited_for(log: Path, start: Start) -> None:
    tail = start(log)
    tail.quiet()
    log.unlink()
    assert tail.quiet() == 0
    assert tail.quiet() == 0
    log.write_bytes(lines(range(2)))
    tail.quiet()
    tail.quiet()
    assert len(tail.events) == 5
    assert tail.tally.notices[0] == f"{log} is gone; waiting for it"
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


def test_a_file_that_was_never_there_is_a_failure(tmp_path: Path, start: Start) -> None:
    with pytest.raises(CouldNotLook, match="cannot be read: No such file"):
        start(tmp_path / "k3s.log").quiet()


def test_a_packed_file_cannot_grow(tmp_path: Path, start: Start) -> None:
    (tmp_path / "a.log").write_bytes(b"\x1f\x8b and more")
    with pytest.raises(UsageFailure, match="is packed and cannot grow"):
        start(tmp_path / "a.log").quiet()
