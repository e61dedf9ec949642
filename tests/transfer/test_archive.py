"""An archive is whole or it is not there, and whatever has happened to it is told in one line."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinetune.database.private_file import create_file
from kinetune.model.backup import Backup, BackupSums, Manifest, manifest_line, sums_line
from kinetune.model.failure import Refused, UsageFailure
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer import archive
from kinetune.transfer.archive import open_archive, read_backup, sum_rows, write_archive
from kinetune.transfer.archive_rows import decode_rows, decode_text, encode_rows
from kinetune.transfer.digests import row_text
from kinetune.transfer.rows import COLUMN_NAMES, Batch, Row, batch_rows
from kinetune.transfer.source import Source
from tests.tuning.test_incoming import definition

RECORDED = Path(__file__).parent.parent / "data" / "transfer" / "backup-0.1.0.kinetune"
ROWS: Batch = [
    (n, f"/registry/x{n}", 1, 0, 0, 0, n % 3, b"\x00" * (n % 9), None if n % 2 else b"") for n in range(1, 5001)
]
STATE = SourceState(SourceKind.POSTGRESQL, "postgres://db/kubernetes", "15.18", revision=5000, rows=5000, last_id=7000)


class FixedSource(Source):
    """Rows that are given."""

    def __init__(self, rows: Batch, state: SourceState = STATE) -> None:
        self.rows, self.state = rows, state

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        return batch_rows(row for row in self.rows if row[0] > after)

    def refresh(self) -> None:
        """They stay."""

    def find_writers(self) -> tuple[str, ...]:
        return ()


def write(path: Path, rows: Batch = ROWS) -> Backup:
    return write_archive(path, FixedSource(rows), definition())


def rows_of(source: Source, after: int = 0) -> Batch:
    return [row for batch in source.read_rows(after) for row in batch]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    write(tmp_path / "x.kinetune")
    return tmp_path / "x.kinetune"


def cause(path: Path) -> str:
    with pytest.raises(UsageFailure) as failure:
        read_backup(path)
    assert "\n" not in str(failure.value)
    return str(failure.value).removeprefix(f"{path} ")


@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS], ids=len)
def test_what_was_written_is_read(tmp_path: Path, rows: Batch) -> None:
    seen: list[int] = []
    made = write_archive(tmp_path / "x", FixedSource(rows), definition(), seen.append)
    assert read_backup(tmp_path / "x") == made
    assert made.manifest.definition == definition()
    assert made.manifest.source == STATE
    assert (made.sums.rows, made.sums.max_id, made.sums.last_id) == (len(rows), rows[-1][0] if rows else None, 7000)
    assert sum_rows(FixedSource(rows), seen.append) == made.sums
    assert seen[-1:] == [len(rows)] * bool(rows)
    with open_archive(tmp_path / "x") as source:
        assert rows_of(source) == rows
        assert list(source.read_ids()) == [row[0] for row in rows]
        assert rows_of(source, after=2500) == rows[2500:]
        assert (source.state.revision, source.state.rows, source.state.last_id) == (len(rows), len(rows), 7000)


INTEGERS = st.integers(-(2**63), 2**63 - 1)
KEYS = st.text(st.characters(codec="utf-8"))
VALUES = st.none() | st.binary(max_size=300)
AT_LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The table of characters takes seconds on a busy machine."""


@AT_LEISURE
@given(
    st.lists(st.tuples(INTEGERS, KEYS, INTEGERS, INTEGERS, INTEGERS, INTEGERS, INTEGERS, VALUES, VALUES), max_size=9)
)
def test_any_row_comes_back_equal(rows: list[Row]) -> None:
    assert decode_rows(encode_rows(rows)) == rows


@AT_LEISURE
@given(st.binary(max_size=200))
def test_other_bytes_are_no_rows(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert encode_rows(decode_rows(content)) == content


@AT_LEISURE
@given(KEYS.filter(lambda key: "\0" not in key), VALUES, VALUES)
def test_the_text_of_the_former_format_is_read_as_the_server_reads_it(
    key: str, value: bytes | None, old_value: bytes | None
) -> None:
    escaped = key.encode().replace(b"\\", b"\\\\")
    for name, byte in ((b"t", b"\t"), (b"n", b"\n"), (b"r", b"\r"), (b"b", b"\b"), (b"f", b"\f"), (b"v", b"\v")):
        escaped = escaped.replace(byte, b"\\" + name)
    hexed = [rb"\N" if one is None else rb"\\x" + one.hex().encode() for one in (value, old_value)]
    line = b"\t".join((b"7", escaped, b"1", b"0", rb"\N", b"3", b"60", *hexed)) + b"\n"
    assert decode_text(line, COLUMN_NAMES) == [(7, key, 1, 0, 0, 3, 60, value, old_value)]


def test_a_copy_of_the_first_release_is_read() -> None:
    """tests/data: 304 rows with two NULLs, tab, backslash and line feed in a key, written by kinetune 0.1.0."""
    with open_archive(RECORDED) as source:
        rows, state, made = rows_of(source), source.state, source.backup.manifest.definition
    # The server computed it of the table, before the copy.
    assert hashlib.md5("\n".join(map(row_text, rows)).encode()).hexdigest() == "24fc1672b80d43cdf20bf88d4d8d72c0"
    assert (state.rows, state.revision, state.last_id, state.compacted) == (304, 304, 311, 40)
    assert (source.backup.manifest.source.kind, source.backup.manifest.source.version) == ("PostgreSQL", "15.18")
    assert made is not None
    assert [one.index.name for one in made.indexes if not one.whole] == ["mine"]
    assert all(" ON kinetune_incoming " in one.definition for one in made.indexes)


def test_it_becomes_one_of_this_release(tmp_path: Path) -> None:
    with open_archive(RECORDED) as source:
        write_archive(tmp_path / "x", source, source.backup.manifest.definition)
        with open_archive(tmp_path / "x") as copy:
            assert rows_of(copy) == rows_of(source)
            assert (copy.state.revision, copy.state.compacted) == (source.state.revision, source.state.compacted)


@pytest.mark.parametrize(("max_id", "last", "above"), [(100, 107, 107), (100, 3, 100), (None, 12, 12), (None, 0, 0)])
def test_no_revision_is_given_a_second_time(max_id: int | None, last: int, above: int) -> None:
    manifest = Manifest("0.1.0", datetime(2026, 11, 23, tzinfo=UTC), STATE)
    assert Backup(manifest, BackupSums(90, max_id, last, 5000, "0" * 64)).next_above == above


def test_rows_out_of_order_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not in the order of their ids"):
        write(tmp_path / "x", [*ROWS, ROWS[7]])
    assert os.listdir(tmp_path) == []


def test_it_is_for_its_owner_alone_whatever_umask_says(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write(tmp_path / "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o600


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with create_file(tmp_path / "x") as stream:
            stream.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert os.listdir(tmp_path) == []


def test_what_does_not_read_as_it_was_written_gets_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> Backup:
        found = read_backup(path)
        return replace(found, sums=replace(found.sums, rows=found.sums.rows - 1))

    monkeypatch.setattr(archive, "read_backup", read)
    with pytest.raises(Refused, match="differs from what was written to it"):
        write(tmp_path / "x")
    assert os.listdir(tmp_path) == []


def test_a_key_that_is_not_utf8_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"the key '/a\\udcff' is not UTF-8"):
        write(tmp_path / "x", [(1, "/a\udcff", 1, 0, 0, 0, 0, b"", None)])
    assert os.listdir(tmp_path) == []


def test_what_killed_runs_have_left_is_removed(tmp_path: Path) -> None:
    for name in (".x.kinetune-part", ".earlier.kinetune-part"):
        (tmp_path / name).write_bytes(b"longer than the new one" * 100_000)
    (tmp_path / ".mine.part").touch()
    with create_file(tmp_path / "other") as stream:
        made = write(tmp_path / "x")
        stream.write(b"it is still being written")
    assert read_backup(tmp_path / "x") == made
    assert sorted(os.listdir(tmp_path)) == [".mine.part", "other", "x"]


def test_a_disk_without_room_is_reported_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Batch = [(n, f"/registry/x{n}", 1, 0, 0, 0, 0, os.urandom(10_000), None) for n in range(1, 2001)]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 40 * 10**6))
    source = FixedSource(rows, replace(STATE, rows=10_000))
    with pytest.raises(UsageFailure, match=r"x needs about 9\d MiB, and 38 MiB are free; free space"):
        write_archive(tmp_path / "x", source)
    assert os.listdir(tmp_path) == []
    write_archive(tmp_path / "x", FixedSource(rows, replace(STATE, rows=5_000)))


def test_a_link_beside_it_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".x.kinetune-part").symlink_to(tmp_path / "mine")
    with pytest.raises(UsageFailure, match="nothing was changed: cannot write"):
        write(tmp_path / "x")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_that_somebody_else_has_put_beside_it_gets_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".x.kinetune-part").touch()
    os.chown(tmp_path / ".x.kinetune-part", 65534, 65534)
    with pytest.raises(UsageFailure, match="its temporary file belongs to another user"):
        write(tmp_path / "x")
    assert (tmp_path / ".x.kinetune-part").read_bytes() == b""


def test_a_file_that_is_there_is_never_written_over(whole: Path) -> None:
    before = whole.read_bytes()
    with pytest.raises(UsageFailure, match="already exists; name a new file"):
        write(whole)
    assert whole.read_bytes() == before
    assert os.listdir(whole.parent) == [whole.name]


def test_two_at_once_do_not_write_one_file(tmp_path: Path) -> None:
    with create_file(tmp_path / "x") as stream:
        with pytest.raises(Refused, match="another kinetune is writing"):
            write(tmp_path / "x")
        stream.write(b"first")
    assert (tmp_path / "x").read_bytes() == b"first"


def test_a_file_cut_short_anywhere_is_damaged(whole: Path) -> None:
    data = whole.read_bytes()
    for length in (2, 5, 10, 40, len(data) // 2, len(data) - 9, len(data) - 1):
        whole.write_bytes(data[:length])
        assert cause(whole).startswith("is damaged: it is truncated; nothing was changed"), length


@settings(AT_LEISURE, max_examples=60)
@given(st.data())
def test_a_byte_changed_anywhere_is_found_or_changes_no_row(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One change in 1,500 makes gzip take the same bytes from another place: then the copy is as good as before."""
    path = tmp_path_factory.mktemp("bytes") / "x"
    made = write(path, ROWS[:50])
    content = bytearray(path.read_bytes())
    # Before the tenth, gzip's time and system: they say nothing. The length depends on the time in the manifest.
    place = 10 + data.draw(st.integers(0, 10**6)) % (len(content) - 10)
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        assert read_backup(path) == made
    except UsageFailure:
        assert cause(path).startswith(("is damaged: ", "contains no backup", "has schema"))
    else:
        with open_archive(path) as source:
            assert rows_of(source) == ROWS[:50]


@pytest.mark.parametrize(
    "content", [b"", b"x", b"PK\3\4 a zip", gzip.compress(b"text\n", mtime=0), gzip.compress(b'{"kind": 1}\n', mtime=0)]
)
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert cause(tmp_path / "x").startswith("contains no backup of kinetune; use a file that")


def packed(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


MANIFEST = Manifest("0.1.0", datetime(2026, 11, 23, tzinfo=UTC), STATE, definition())


def test_a_newer_form_is_told(tmp_path: Path) -> None:
    newer = manifest_line(MANIFEST).replace(b'"schema":2,"manifest"', b'"schema":3,"manifest"')
    assert cause(packed(tmp_path / "x", newer)) == "has schema 3, this kinetune reads 2; update kinetune"


def test_parts_that_do_not_fit_each_other_are_damage(tmp_path: Path) -> None:
    rows = encode_rows(ROWS[:3])
    sums = sum_rows(FixedSource(ROWS[:3], replace(STATE, last_id=9)), lambda _: None)
    block, end = len(rows).to_bytes(4) + rows, (0).to_bytes(4)
    good = (manifest_line(MANIFEST), block, end, sums_line(sums))
    assert read_backup(packed(tmp_path / "x", b"".join(good))).sums.rows == 3
    for bad, why in (
        ((*good, b"more"), "there is data after its end"),
        ((good[0], block, block, *good[2:]), "its bytes differ from what was written"),
        ((good[0], end, good[3]), "its rows do not match its checksum"),
        ((*good[:3], b"{}\n"), "its sums cannot be read"),
        ((good[0].replace(b'"columns"', b'"pillars"'), *good[1:]), "its manifest cannot be read"),
        ((good[0], (len(rows) - 1).to_bytes(4) + rows[:-1], *good[2:]), "its bytes differ from what was written"),
        ((good[0], len(rows).to_bytes(4) + rows[:-9] + b"/" + rows[-8:], *good[2:]), "its rows do not match its"),
    ):
        assert cause(packed(tmp_path / "x", b"".join(bad))).startswith(f"is damaged: {why}")


@pytest.mark.parametrize("bad", [b"1\t2\n", b"x" * 9, b"\n", b"1\ta\tb\tc\t0\t0\t0\t\\N\t\\N\n"])
def test_other_text_is_no_rows_of_the_former_format(bad: bytes) -> None:
    with pytest.raises(ValueError):
        decode_text(bad, COLUMN_NAMES)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match=r"cannot read .*: No such file or directory"):
        read_backup(tmp_path / "none")
    with pytest.raises(UsageFailure, match=r"cannot read .*: Is a directory"):
        read_backup(tmp_path)
