"""A backup is whole or it is not there, and whatever has happened to it is told in one line."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kinetune.database.backup_file import BackupWriter, RunningSums, create_file, gzip_stream, read_backup, read_blocks
from kinetune.model.backup import Backup, manifest_line, sums_line
from kinetune.model.failure import Refused, UsageFailure
from tests.tuning.test_restoration import backup

MANIFEST = backup().manifest
ROWS = tuple(f"{number}\t/registry/x{number}\t\\\\x00\n".encode() for number in range(1, 5001))


def write(path: Path, rows: tuple[bytes, ...] = ROWS) -> Backup:
    with create_file(path) as stream, gzip_stream(stream) as packed:
        writer = BackupWriter(packed, MANIFEST)
        for row in rows:
            writer.add(row)
        sums = writer.finish(7000)
    return Backup(MANIFEST, sums)


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    write(tmp_path / "x.kinetune")
    return tmp_path / "x.kinetune"


def cause(path: Path) -> str:
    with pytest.raises(UsageFailure) as failure:
        read_backup(path)
    assert "\n" not in str(failure.value)
    return str(failure.value).removeprefix(f"{path} ")


@pytest.mark.parametrize("rows", [(), ROWS[:1], ROWS, ROWS * 20], ids=len)
def test_what_was_written_is_read(tmp_path: Path, rows: tuple[bytes, ...]) -> None:
    made = write(tmp_path / "x", rows)
    assert read_backup(tmp_path / "x") == made
    assert (made.sums.rows, made.sums.max_id) == (len(rows), int(rows[-1].split()[0]) if rows else None)
    assert b"".join(read_blocks(tmp_path / "x")) == b"".join(rows)


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


def test_what_a_killed_run_has_left_is_used_again(tmp_path: Path) -> None:
    (tmp_path / ".x.part").write_bytes(b"longer than the new one" * 100_000)
    made = write(tmp_path / "x")
    assert read_backup(tmp_path / "x") == made
    assert os.listdir(tmp_path) == ["x"]


def test_a_link_beside_it_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / ".x.part").symlink_to(tmp_path / "mine")
    with pytest.raises(UsageFailure, match="nothing was changed: cannot write"):
        write(tmp_path / "x")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_that_somebody_else_has_put_beside_it_gets_no_secret(tmp_path: Path) -> None:
    (tmp_path / ".x.part").touch()
    os.chown(tmp_path / ".x.part", 65534, 65534)
    with pytest.raises(UsageFailure, match="its temporary file belongs to another user"):
        write(tmp_path / "x")
    assert (tmp_path / ".x.part").read_bytes() == b""


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


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_byte_changed_anywhere_is_found_or_changes_no_row(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One change in 1,500 makes gzip take the same bytes from another place: then the copy is as good as before."""
    path = tmp_path_factory.mktemp("bytes") / "x"
    made = write(path, ROWS[:50])
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(10, len(content) - 1))  # before, gzip's time and system: they say nothing
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        assert read_backup(path) == made
    except UsageFailure:
        assert cause(path).startswith(("is damaged: ", "contains no backup", "has schema"))
    else:
        assert b"".join(read_blocks(path)) == b"".join(ROWS[:50])


@pytest.mark.parametrize(
    "content", [b"", b"x", b"PK\3\4 a zip", gzip.compress(b"text\n", mtime=0), gzip.compress(b'{"kind": 1}\n', mtime=0)]
)
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert cause(tmp_path / "x").startswith("contains no backup of kinetune; use a file that")


def packed(path: Path, content: bytes) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


def test_a_newer_form_is_told(tmp_path: Path) -> None:
    newer = manifest_line(MANIFEST).replace(b'"schema":1,"manifest"', b'"schema":2,"manifest"')
    said = cause(packed(tmp_path / "x", newer))
    assert said == "has schema 2, this kinetune reads 1; update kinetune"


def test_parts_that_do_not_fit_each_other_are_damage(tmp_path: Path) -> None:
    rows = b"".join(ROWS[:3])
    tally = RunningSums()
    tally.add(rows)
    block, end = len(rows).to_bytes(4) + rows, (0).to_bytes(4)
    good = (manifest_line(MANIFEST), block, end, sums_line(tally.sums(9)))
    assert read_backup(packed(tmp_path / "x", b"".join(good))).sums.rows == 3
    for bad, why in (
        ((*good, b"more"), "there is data after its end"),
        ((good[0], block, block, *good[2:]), "its rows do not match its checksum"),
        ((good[0], end, good[3]), "its rows do not match its checksum"),
        ((*good[:3], b"{}\n"), "its sums cannot be read"),
        ((good[0].replace(b'"columns"', b'"pillars"'), *good[1:]), "its manifest cannot be read"),
        ((good[0], len(rows).to_bytes(4) + rows[:-1] + b"x", *good[2:]), "its bytes differ from what was written"),
    ):
        assert cause(packed(tmp_path / "x", b"".join(bad))).startswith(f"is damaged: {why}")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageFailure, match=r"cannot read .*: No such file or directory"):
        read_backup(tmp_path / "none")
    with pytest.raises(UsageFailure, match=r"cannot read .*: Is a directory"):
        read_backup(tmp_path)
