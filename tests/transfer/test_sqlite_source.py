"""SQLite stores: recorded ones with their log, and those that a real Kine is writing."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.model.failure import CouldNotLook, Failure, UsageFailure
from kinetune.model.transfer import SourceKind
from kinetune.transfer import sqlite_source
from kinetune.transfer.census import take_census
from kinetune.transfer.sqlite_source import open_sqlite
from tests.kine.process import Kine
from tests.kine.smoke import present
from tests.kine.writers import writing
from tests.transfer.tables import flat

Built = Callable[[str], Path]
RECORDED = Path(__file__).parent.parent / "data" / "move" / "sqlite"
KINE_PARAMETERS = "?_journal_mode=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate"
NAMES = "id, name, created, deleted, create_revision, prev_revision, lease, value, old_value"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A TMPDIR of one's own, in which nothing is left behind."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    yield place
    assert list(place.iterdir()) == []


def made(path: Path, *rows: tuple[Any, ...], schema: str = "schema-v175.sql") -> Path:
    """A store in which these rows were inserted by hand."""
    statements = (RECORDED / schema).read_text().replace("CREATE TABLE sqlite_sequence(name,seq);", "")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(statements)
        connection.executemany(f"INSERT INTO kine ({NAMES}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return path


def create(number: int, name: Any, value: Any = b"v") -> tuple[Any, ...]:
    return (number, name, 1, 0, 0, 0, 0, value, None)


@pytest.mark.parametrize(
    ("folder", "releases"),
    [
        ("kine-v0.14.16-stopped-wal-left", "v0.5.1 – v0.16.5, v0.17.0 – v0.17.2"),
        ("kine-v0.17.5-killed-hot-wal", "v0.16.6, v0.17.3 – v0.17.5"),
    ],
)
def test_rows_that_are_only_in_the_log_are_read(folder: str, releases: str, tmp_path: Path) -> None:
    store = shutil.copytree(RECORDED / folder, tmp_path / "store") / "state.db"
    before = {path.name: path.read_bytes() for path in store.parent.iterdir()}
    with closing(sqlite3.connect(f"file:{store}?mode=ro&immutable=1", uri=True)) as without_log:
        assert without_log.execute("SELECT count(*) FROM kine").fetchone() == (0,)
    with open_sqlite(store) as source:
        rows = flat(source.read_rows())
        state = source.state
        assert source.find_writers() == ()
    assert [row[0] for row in rows] == list(range(1, 40))
    assert (state.kind, state.place, state.rows) == (SourceKind.SQLITE, f"sqlite:{store}", 39)
    assert (state.revision, state.last_id, state.compacted) == (39, 39, 0)
    assert state.version.startswith("SQLite 3.5")
    assert state.version.endswith(f"newest rows of Kine {releases}")
    assert {path.name: path.read_bytes() for path in store.parent.iterdir() if path.name in before} == before


def test_integers_that_are_null_are_read_as_0(tmp_path: Path) -> None:
    store = shutil.copytree(RECORDED / "kine-v0.17.5-killed-hot-wal", tmp_path / "store") / "state.db"
    with closing(sqlite3.connect(store)) as live:
        nulls = live.execute("SELECT count(*) FROM kine WHERE create_revision IS NULL").fetchone()[0]
        assert nulls > 20
        values = live.execute("SELECT id, value, old_value FROM kine ORDER BY id").fetchall()
    with open_sqlite(store) as source:
        rows = flat(source.read_rows())
    assert all(type(column) is int for row in rows for column in (row[0], *row[2:7]))
    assert [(row[0], row[7], row[8]) for row in rows] == values
    assert any(value is None for _, value, _ in values), "a tombstone of v0.17.5 has no value"


@pytest.mark.parametrize("tag", ["v0.16.4", "v0.17.5"])
def test_a_copy_taken_while_kine_writes_is_whole_and_stops_no_writer(built: Built, tag: str, tmp_path: Path) -> None:
    built(tag)
    store = tmp_path / "state.db"
    taken: list[tuple[int, list[int], int]] = []
    with Kine(tag, f"sqlite://{store}{KINE_PARAMETERS}", compact_interval="1s", compact_min_retain="100") as kine:
        with writing(kine) as writers:
            deadline = time.monotonic() + 6
            while time.monotonic() < deadline:
                with open_sqlite(store) as source:
                    rows = flat(source.read_rows())
                    assert list(source.read_ids()) == [row[0] for row in rows]
                    taken.append((source.state.revision, [row[0] for row in rows], source.state.compacted))
        assert not [error for writer in writers for error in writer.errors]
        with open_sqlite(store) as source:
            final = {(row[0], row[1], row[7]) for row in flat(source.read_rows())}
            assert source.find_writers() == (f"kine (process {kine.process.pid}) has {store} open",)  # type: ignore[union-attr]
    assert len(taken) > 5
    assert len({revision for revision, _, _ in taken}) > 5
    for revision, ids, compacted in taken:
        assert ids[-1] == revision
        assert list(range(compacted + 1, revision + 1)) == [number for number in ids if number > compacted]
    newest = {writer.written[-1] for writer in writers}
    assert {(one.revision, one.key, one.value) for one in newest} <= final
    assert max(one.seconds for writer in writers for one in writer.written) < 5


def test_after_refresh_new_rows_come_from_the_live_file_and_all_from_a_new_copy(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built("v0.17.5")
    store = tmp_path / "state.db"
    copies: list[int] = []
    make_copy = sqlite_source.SqliteSource._make_copy

    def count_copies(source: sqlite_source.SqliteSource) -> None:
        copies.append(1)
        make_copy(source)

    monkeypatch.setattr(sqlite_source.SqliteSource, "_make_copy", count_copies)
    with Kine("v0.17.5", f"sqlite://{store}{KINE_PARAMETERS}") as kine, kine.client() as etcd:
        for number in range(50):
            etcd.create(f"/registry/pods/a/{number}", b"v")
        with open_sqlite(store) as source:
            first = source.state
            for number in range(2500):
                etcd.create(f"/registry/pods/b/{number}", b"v")
            assert flat(source.read_rows())[-1][0] == first.revision, "the view is that of the first moment"
            source.refresh()
            assert source.state.revision == first.revision + 2500
            passes = list(source.read_rows(first.revision))
            assert len(copies) == 1
            assert [len(batch) for batch in passes] == [1000, 1000, 500]
            etcd.delete(present(etcd, "/registry/pods/b/0"))
            assert list(source.read_ids()) == list(range(1, source.state.revision + 1))
            assert len(flat(source.read_rows())) == source.state.rows
            assert [row[1] for row in source.read_compactions()] == [COMPACTION_MARK]
            assert len(copies) == 2


def test_the_state_after_a_stop_of_kine_and_a_sequence_above_all_rows(tmp_path: Path) -> None:
    store = made(tmp_path / "state.db", create(1, "a"), (5, COMPACTION_MARK, 1, 0, 0, 3, 0, None, None), create(9, "b"))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("DELETE FROM kine WHERE id = 9")
    with open_sqlite(store) as source:
        assert (source.state.revision, source.state.last_id, source.state.compacted) == (5, 9, 3)
        assert source.state.rows == 2


def test_an_empty_store_has_no_rows(tmp_path: Path) -> None:
    with open_sqlite(made(tmp_path / "state.db")) as source:
        assert (source.state.revision, source.state.last_id, source.state.rows) == (0, None, 0)
        assert list(source.read_rows()) == list(source.read_rows(7)) == []
        source.refresh()
        assert list(source.read_rows(7)) == []


def test_odd_keys_and_values_are_read_as_they_are(built: Built, tmp_path: Path) -> None:
    built("v0.17.5")
    store = tmp_path / "state ?#%ä.db"
    large = os.urandom(1_468_006)  # 1.4 MiB
    values = {
        "/registry/clusterroles/Foo": b"1",
        "/registry/clusterroles/foo": b"2",
        "/registry/configmaps/a/ä–日本🙂": "ünï".encode(),
        "/registry/configmaps/a/empty": b"",
        "/registry/secrets/a/large": large,
    }
    with Kine("v0.17.5", f"sqlite://{tmp_path / 'state.db'}{KINE_PARAMETERS}") as kine:
        with kine.client() as etcd:
            for key, value in values.items():
                etcd.create(key, value, etcd.grant_lease(3660) if key.endswith("foo") else 0)
        kine.stop()
    for ending in ("", "-wal", "-shm"):
        if (part := tmp_path / f"state.db{ending}").exists():
            part.rename(f"{store}{ending}")
    with open_sqlite(store) as source:
        rows = {row[1]: row for row in flat(source.read_rows())}
    # v0.17.5 itself stores an empty value as NULL.
    assert {key: rows[key][7] or b"" for key in values} == values
    assert rows["/registry/clusterroles/foo"][6] == 3660


def test_batches_of_large_values_are_small(tmp_path: Path) -> None:
    store = made(tmp_path / "state.db", *(create(number, f"k{number}", b"x" * 1_400_000) for number in range(1, 31)))
    with open_sqlite(store) as source:
        assert [len(batch) for batch in source.read_rows()] == [3] * 10
        source.refresh()
        assert [len(batch) for batch in source.read_rows(1)] == [3] * 9 + [2]


def test_keys_that_no_target_can_hold_are_left_to_the_census(tmp_path: Path) -> None:
    store = made(tmp_path / "state.db", create(1, "a"), create(2, "nul\0"))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO kine (id, name, created, value) VALUES (3, CAST(x'ff61' AS TEXT), 1, x'00')")
    with open_sqlite(store) as source:
        assert [why for _, why in take_census(source.read_rows()).unstorable] == ["contains a NUL byte", "is not UTF-8"]


def test_a_key_of_digits_in_an_old_schema_and_a_value_of_text(tmp_path: Path) -> None:
    store = made(tmp_path / "state.db", create(1, "17"), create(2, "/a", "text"), schema="schema-v1416.sql")
    with open_sqlite(store) as source:
        assert [(row[1], row[7]) for row in flat(source.read_rows())] == [("17", b"v"), ("/a", b"text")]
        assert source.state.notes == ("1 row with a key that Kine before v0.16.3 stored as a number",)


def refusal(path: Path, kind: type[Failure]) -> str:
    with pytest.raises(kind) as refused, open_sqlite(path):
        pass
    return str(refused.value)


@pytest.mark.parametrize("place", range(2, 7))
@pytest.mark.parametrize("value", ["yes", 1.5, b"1"])
def test_a_value_that_is_no_integer_is_named_by_its_row(tmp_path: Path, place: int, value: object) -> None:
    odd = list(create(2, "b"))
    odd[place] = value
    store = made(tmp_path / "state.db", create(1, "a"), tuple(odd))
    assert refusal(store, UsageFailure).startswith(f"row 2 of {store} has a text or a fraction")


def test_the_right_file_is_named_for_a_folder_and_for_a_part_of_the_store(tmp_path: Path) -> None:
    database = tmp_path / "server" / "db"
    database.mkdir(parents=True)
    store = made(database / "state.db")
    for folder in (tmp_path, tmp_path / "server", database):
        assert refusal(folder, UsageFailure) == f"{folder} is a folder; name sqlite:{store}"
    assert refusal(database / "state.db-wal", UsageFailure).endswith(f"name {store}")
    (database / "other.db").touch()
    assert refusal(database / "other.db", UsageFailure) == (
        f"{database / 'other.db'} has no table kine: it is not a store of Kine; name sqlite:{store}"
    )
    missing = database / "missing.db"
    assert refusal(missing, UsageFailure).startswith(f"cannot read {missing}: No such file or directory")
    text = tmp_path / "notes.txt"
    text.write_text("no database " * 1000)
    assert refusal(text, UsageFailure) == f"{text} is not a SQLite database; name sqlite:{store}"


def test_embedded_etcd_beside_the_file_is_noted(tmp_path: Path) -> None:
    (tmp_path / "etcd" / "member").mkdir(parents=True)
    assert "name etcd://127.0.0.1:2379" in refusal(tmp_path, UsageFailure)
    with open_sqlite(made(tmp_path / "state.db")) as source:
        assert source.state.notes == (
            f"{tmp_path / 'etcd'} holds an embedded etcd, which K3s uses instead of this file",
        )


def test_a_cut_or_damaged_file_is_refused(tmp_path: Path) -> None:
    rows = [create(number, f"/registry/pods/a/{number}", b"x" * 500) for number in range(1, 2000)]
    store = made(tmp_path / "state.db", *rows)
    whole = store.read_bytes()
    for length in (len(whole) // 2, len(whole) - 4096, 5000):
        store.write_bytes(whole[:length])
        assert "the file is damaged or cut" in refusal(store, CouldNotLook)
    middle = whole.index(b"/registry/pods/a/1000x") // 4096
    store.write_bytes(whole[: middle * 4096] + os.urandom(4096) + whole[(middle + 1) * 4096 :])
    assert "the file is damaged or cut" in refusal(store, CouldNotLook)


def test_a_row_with_the_wrong_id_is_found_before_it_is_copied(tmp_path: Path) -> None:
    """SQLite reads it without an error."""
    store = made(tmp_path / "state.db", *(create(number, f"/registry/pods/a/{number}") for number in range(1, 2000)))
    content = store.read_bytes()
    (cell,) = re.finditer(rb"\x8b\x5c(?=.{8,14}/registry/pods/a/1500)", content, re.DOTALL)  # 1500 as a varint
    at = cell.start()
    store.write_bytes(content[:at] + b"\x80\x01" + content[at + 2 :])
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT count(*) FROM kine NOT INDEXED WHERE name LIKE '%/1500'").fetchone() == (1,)
    assert "the file is damaged or cut" in refusal(store, CouldNotLook)


def test_rows_that_an_index_lacks_are_read(tmp_path: Path) -> None:
    store = made(tmp_path / "state.db", create(1, "a"))
    hide = "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE type = 'index'"
    with closing(sqlite3.connect(store)) as connection:
        indexes = connection.execute("SELECT * FROM sqlite_master WHERE type = 'index'").fetchall()
        connection.executescript(hide)
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT INTO kine (id, name, created) VALUES (2, 'b', 1)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.executemany("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", indexes)
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT max(id), count(*) FROM kine").fetchone() == (1, 1)
    with open_sqlite(store) as source:
        assert list(source.read_ids()) == [row[0] for row in flat(source.read_rows())] == [1, 2]
        assert source.state.revision == 2


def test_a_file_that_another_process_has_locked_is_not_waited_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made(tmp_path / "state.db", create(1, "a"))
    monkeypatch.setattr(sqlite_source, "LIVE_SECONDS", 0.2)
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert "another process has it locked; try again" in refusal(store, CouldNotLook)


def test_too_little_space_is_said_before_the_copy(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = made(tmp_path / "state.db", create(1, "a"))
    monkeypatch.setattr("kinetune.transfer.scratch_folder.RESERVE_BYTES", 2**60)
    assert refusal(store, UsageFailure).startswith(
        f"a private copy of {store} needs 1,048,576 TiB below {scratch}, and "
    )


def test_the_copy_is_private(tmp_path: Path, scratch: Path) -> None:
    store = made(tmp_path / "state.db", create(1, "a"))
    store.chmod(0o644)
    before = os.umask(0)
    try:
        with open_sqlite(store) as source:
            list(source.read_rows())
            (folder,) = scratch.iterdir()
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()] == [("copy.db", 0o600)]
    finally:
        os.umask(before)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="changes to another user")
AS_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", sys.executable, "-c"]
READ = """
import sys
from pathlib import Path
from kinetune.model.failure import Failure
from kinetune.transfer.sqlite_source import open_sqlite
try:
    with open_sqlite(Path(sys.argv[1])) as source:
        print(sum(map(len, source.read_rows())), source.find_writers())
except Failure as failure:
    print(failure)
"""


def as_nobody(store: Path) -> str:
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": str(root), "TMPDIR": "/tmp"}
    return subprocess.run(
        [*AS_NOBODY, READ, str(store)], env=environment, cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user can reach, for pytest's own ones are private."""
    folder = Path("/tmp") / f"kinetune-test-{os.getpid()}-{threading.get_ident()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@needs_root
def test_a_log_that_needs_another_user_is_refused_and_never_left_out(shared: Path) -> None:
    store = shutil.copytree(RECORDED / "kine-v0.17.5-killed-hot-wal", shared / "store") / "state.db"
    for path in (store.parent, *store.parent.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    said = as_nobody(store)
    assert said.startswith(f"cannot read {store} with its write-ahead log: no permission to write to {store.parent}")
    assert "run as root or as the owner of the file" in said
    store.chmod(0o600)
    assert as_nobody(store).startswith(f"cannot read {store}: Permission denied; check the path, and run as root")


@needs_root
def test_another_user_sees_that_kine_has_the_file_open(built: Built, shared: Path) -> None:
    built("v0.17.5")
    for store, parameters in ((shared / "wal.db", KINE_PARAMETERS), (shared / "plain.db", "")):
        with Kine("v0.17.5", f"sqlite://{store}{parameters}") as kine:
            shared.chmod(0o777)
            for path in shared.iterdir():
                path.chmod(0o666)
            assert kine.process is not None
            seen = as_nobody(store)
            kine.stop()
            stopped = as_nobody(store)
        if parameters:
            assert seen == f"2 ('kine (process {kine_pid(seen)}) has {store} open',)"
            assert stopped == "2 ()"
        else:
            # Not an answer: move --follow would wait without end for something that it cannot see.
            for said in (seen, stopped):
                assert said.startswith(f"who uses {store} cannot be seen: ")
                assert said.endswith("only root sees all open files; run as root")


@needs_root
def test_kine_in_another_container_is_seen(built: Built, tmp_path: Path) -> None:
    """As seen from a container: a process namespace of its own, and the file of the host."""
    built("v0.17.5")
    look = "import sys; from pathlib import Path; from kinetune.transfer.open_files import find_users;"
    contained = [
        "unshare",
        "--pid",
        "--fork",
        "--mount-proc",
        sys.executable,
        "-c",
        f"{look} print(find_users(Path(sys.argv[1])))",
    ]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    for store, parameters in ((tmp_path / "wal.db", KINE_PARAMETERS), (tmp_path / "plain.db", "")):
        with Kine("v0.17.5", f"sqlite://{store}{parameters}") as kine, writing(kine):
            seen = subprocess.run(
                [*contained, str(store)], env=environment, capture_output=True, text=True, check=True
            ).stdout
        if parameters:
            assert seen == f"('a process of another container has {store} open',)\n"
        else:
            # A write may hold its lock at the moment of the look.
            assert seen.startswith("('a process of another container ")


def kine_pid(seen: str) -> int:
    return int(seen.partition("(process ")[2].partition(")")[0])


def test_a_shell_of_sqlite_is_seen_too(tmp_path: Path) -> None:
    store = made(tmp_path / "state.db", create(1, "a"))
    shell = subprocess.Popen(["sqlite3", store], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert shell.stdin is not None
        assert shell.stdout is not None
        shell.stdin.write(b"SELECT count(*) FROM kine;\n")
        shell.stdin.flush()
        assert shell.stdout.readline() == b"1\n"
        with open_sqlite(store) as source:
            assert source.find_writers() == (f"sqlite3 (process {shell.pid}) has {store} open",)
    finally:
        shell.communicate()
    with open_sqlite(store) as source:
        assert source.find_writers() == ()
