"""Sources of logs: plain and compressed files, folders, patterns, stdin; unreadable ones are reported."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import lzma
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kinetune.logs import read_logs as reading
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import KNOWN_FORMATS, read_logs
from kinetune.logs.sources import list_inputs, read_blocks, split_input
from kinetune.model.failure import CouldNotLook, Exit, UsageFailure
from kinetune.model.hotspot import LogReading
from tests.logs import emit

DATA = Path(__file__).parent.parent / "data" / "logs"
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
BEGAN = 1_795_449_961_000_000


def line(number: int, key: str = "/registry/pods/default/a") -> bytes:
    case = emit.Case("v0.17.3", "ListCurrentVal", key, BEGAN + number * 1_000_000, 1_500_000_000 + number * 1_000_000)
    return emit.text(case, 4)


def lines(numbers: range) -> bytes:
    return b"".join(map(line, numbers))


def read_paths(*paths: Path | str, jobs: int = 1) -> LogReading:
    return read_logs(LogSources(tuple(map(str, paths))), LogOptions(jobs=jobs))


def test_a_log_is_read_with_any_compression_and_name(tmp_path: Path) -> None:
    for name, pack in PACKED.items():
        file = tmp_path / f"k3s.log-{name}"  # as logrotate's dateext has it: its name has no extension
        file.write_bytes(pack(lines(range(50))))
        found = read_paths(file)
        assert (found.counts.calls, found.counts.lines, found.counts.notices) == (50, 50, ())
        assert found.hotspots[0].worst[0].source == str(file)


def test_zstd_is_read_with_the_package_or_the_program(tmp_path: Path) -> None:
    if importlib.util.find_spec("zstandard"):
        import zstandard

        packed = zstandard.ZstdCompressor().compress(lines(range(50)))
    elif shutil.which("zstd"):
        packed = subprocess.run(["zstd", "-cq"], input=lines(range(50)), capture_output=True, check=True).stdout
    else:
        pytest.skip("neither zstandard nor zstd is here")
    file = tmp_path / "a.log.zst"
    file.write_bytes(packed + packed)
    assert read_paths(file).counts.calls == 100
    file.write_bytes(packed[:-20])
    (tmp_path / "b.log").write_bytes(line(1))
    found = read_paths(tmp_path)
    assert found.counts.calls == 1
    assert "a.log.zst was read only in part" in found.counts.notices[0]


def test_zstd_without_a_reader_is_reported_and_the_other_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.log.zst").write_bytes(b"\x28\xb5\x2f\xfd and more")
    with pytest.raises(CouldNotLook, match=r"a\.log\.zst: it is compressed with zstd.*install"):
        read_paths(tmp_path)
    (tmp_path / "b.log").write_bytes(line(1))
    found = read_paths(tmp_path)
    assert found.counts.calls == 1
    assert "it is compressed with zstd" in found.counts.notices[0]


@pytest.mark.parametrize("name", ["gz", "bz2", "xz"])
def test_a_damaged_file_is_read_up_to_the_damage(name: str, tmp_path: Path) -> None:
    noisy = b"".join(line(number, f"/registry/pods/{os.urandom(60).hex()}") for number in range(9000))
    packed = PACKED[name](noisy)
    (tmp_path / "a.log").write_bytes(packed[: len(packed) * 3 // 4])
    found = read_paths(tmp_path / "a.log")
    assert found.counts.calls > 1000
    assert len(found.counts.notices) == 1
    assert f"{tmp_path / 'a.log'} was read only in part" in found.counts.notices[0]
    (tmp_path / "a.log").write_bytes(packed + b"\x01garbage")
    assert read_paths(tmp_path / "a.log").counts.calls == 9000


def test_every_log_of_a_folder_is_read_once_oldest_first(tmp_path: Path) -> None:
    for age, name in enumerate(["0.log", "0.log.20261123.gz", "deeper/1.log.2", "server.csv", "server.json"]):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes((gzip.compress if name.endswith("gz") else bytes)(line(age)))
        os.utime(file, (1_795_000_000 - age, 1_795_000_000 - age))
    (tmp_path / "picture.png").write_bytes(line(9))
    (tmp_path / "again.log").symlink_to(tmp_path / "0.log")
    inputs = list_inputs(LogSources((str(tmp_path), str(tmp_path / "0.log"))), pytest.fail)
    assert [Path(one.name).name for one in inputs[:-1]] == ["server.json", "server.csv", "1.log.2", "0.log.20261123.gz"]
    assert len(inputs) == 5
    assert read_paths(tmp_path).counts.calls == 5


def test_a_pattern_that_no_shell_expanded_is_expanded(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"k3s-{number}.log").write_bytes(line(number))
    assert read_paths(tmp_path / "k3s-*.log").counts.calls == 3
    (tmp_path / "odd[1].log").write_bytes(line(0))
    assert read_paths(tmp_path / "odd[1].log").counts.calls == 1
    found = read_paths(tmp_path / "k3s-*.log", tmp_path / "nothing*")
    assert found.counts.notices == (f"no file matches {tmp_path / 'nothing*'}",)


def test_a_dash_is_stdin_and_may_be_given_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_bytes(line(0))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines(range(5)))))
    found = read_paths(tmp_path / "a.log", "-")
    assert found.counts.calls == 6
    assert "-" in {one.source for spot in found.hotspots for one in spot.worst}


def test_stdin_is_read_by_the_parent_of_several_jobs(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_bytes(lines(range(5)))
    code = f"""
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
if __name__ == "__main__":
    print(read_logs(LogSources(({str(tmp_path / "a")!r}, "-", {str(tmp_path / "b")!r})), LogOptions(jobs=2)).counts.calls)
"""
    done = subprocess.run([sys.executable, "-c", code], input=lines(range(7)), capture_output=True, check=True)
    assert done.stdout == b"17\n"


def test_one_unreadable_file_is_reported_and_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "good.log").write_bytes(line(0))
    (tmp_path / "broken.log").symlink_to(tmp_path / "nowhere")
    missing = tmp_path / "missing.log"
    found = read_paths(tmp_path / "good.log", missing, tmp_path / "broken.log")
    assert found.counts.calls == 1
    assert found.counts.notices == (
        f"cannot read {missing}: No such file or directory",
        f"cannot read {tmp_path / 'broken.log'}: No such file or directory",
    )


def test_no_readable_file_is_a_failure_with_its_cause(tmp_path: Path) -> None:
    with pytest.raises(CouldNotLook, match=r"cannot read .*a\.log: No such file") as caught:
        read_paths(tmp_path / "a.log")
    assert caught.value.exit is Exit.BLIND
    with pytest.raises(CouldNotLook, match=r"no log in .*: no file has \.log, \.csv or \.json in its name"):
        read_paths(tmp_path)
    (tmp_path / "empty.log").touch()
    with pytest.raises(CouldNotLook, match=r"empty\.log is empty; check the name of the file"):
        read_paths(tmp_path)
    (tmp_path / "other.log").touch()
    with pytest.raises(CouldNotLook, match="all 2 logs are empty"):
        read_paths(tmp_path)
    with pytest.raises(UsageFailure, match="no log to read"):
        read_logs(LogSources())


def test_no_understood_line_is_a_failure_with_a_next_step(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("127.0.0.1 - - [23/Nov/2026:16:05:58 +0000] GET / 200\n" * 3)
    with pytest.raises(CouldNotLook, match="cannot understand any of 3 lines") as caught:
        read_paths(tmp_path / "a.log")
    assert caught.value.exit is Exit.BLIND
    assert caught.value.next_step == KNOWN_FORMATS
    (tmp_path / "a.log").write_text("Slow SQL rewritten by a tool\n" * 2)
    with pytest.raises(CouldNotLook, match="2 look like slow calls but are incomplete; check that no tool truncated"):
        read_paths(tmp_path / "a.log")


def test_a_known_log_without_slow_calls_is_a_reading_without_hotspots(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text('time="2026-11-23T16:05:58Z" level=info msg="Kine available at http://x"\n')
    assert read_paths(tmp_path / "a.log").hotspots == ()


def test_a_missing_journalctl_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.log").write_bytes(line(0))
    with pytest.raises(CouldNotLook, match="cannot read the journal of k3s: journalctl is not installed"):
        read_logs(LogSources(journal=("k3s",)))
    found = read_logs(LogSources((str(tmp_path / "a.log"),), ("k3s",)))
    assert found.counts.calls == 1
    assert "journalctl is not installed" in found.counts.notices[0]


def test_the_parts_of_a_file_add_up_to_the_file(tmp_path: Path) -> None:
    for file in sorted(DATA.glob("*.log")):
        data = file.read_bytes() * 40
        (tmp_path / "a.log").write_bytes(data)
        (one,) = list_inputs(LogSources((str(tmp_path / "a.log"),)), pytest.fail)
        cut = split_input(one, 4)
        assert len(cut) == 4
        assert b"".join(block for part in cut for block in read_blocks(part, pytest.fail)) == data


@pytest.mark.parametrize("at_least_ms", [0.0, 1.0])
def test_a_clock_that_runs_is_not_counted_as_set_back(at_least_ms: float, tmp_path: Path) -> None:
    """Also if calls are left out: a block of a quiet server has the records of hours."""
    record = "2026-11-23 {hour:02}:05:58.000 UTC [7] LOG:  duration: {took} ms  execute q: SELECT 1\n"
    hours = "".join(record.format(hour=hour, took=5.0 if hour % 2 else 0.5) for hour in range(24))
    (tmp_path / "a.log").write_text(hours)
    (tmp_path / "b.log").write_bytes(lines(range(0, 7200, 600)))
    counts = read_logs(LogSources((str(tmp_path),)), LogOptions(at_least_ms=at_least_ms)).counts
    assert (counts.jumps, counts.calls) == (0, 36 if at_least_ms == 0 else 24)
    (tmp_path / "a.log").write_text(hours * 2)
    assert read_logs(LogSources((str(tmp_path),)), LogOptions(at_least_ms=at_least_ms)).counts.jumps == 1


def test_two_jobs_read_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MIN_SHARE_BYTES", 100_000)
    recorded = b"".join(file.read_bytes() for file in sorted(DATA.glob("slow*.log")))
    (tmp_path / "a.log").write_bytes(recorded * 4)
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(recorded))
    one, two = read_paths(tmp_path), read_paths(tmp_path, jobs=2)
    assert [(spot.query, spot.resource, spot.count, spot.p50, spot.p99, spot.max) for spot in one.hotspots] == [
        (spot.query, spot.resource, spot.count, spot.p50, spot.p99, spot.max) for spot in two.hotspots
    ]
    for single, double in zip(one.hotspots, two.hotspots, strict=True):
        assert double.total_ms == pytest.approx(single.total_ms)
        assert [slot.count for slot in double.timeline] == [slot.count for slot in single.timeline]
        assert double.worst == single.worst
    assert two.heat == one.heat
    assert two.signals == one.signals
    assert (two.counts.lines, two.counts.bytes, two.counts.calls) == (
        one.counts.lines,
        one.counts.bytes,
        one.counts.calls,
    )
