"""Snapshots and database files of etcd as sources of rows: recorded ones, and those of real servers."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import encode_fields
from kinetune.model.failure import CouldNotLook, Failure, Refused, UsageFailure
from kinetune.model.source_address import EtcdAccess, parse_source
from kinetune.model.transfer import Census, SourceKind, SourceState
from kinetune.transfer import snapshot_source
from kinetune.transfer.etcd_source import open_etcd
from kinetune.transfer.live_rows import OWN_KEYS_OF_ETCD
from kinetune.transfer.rows import Row
from kinetune.transfer.snapshot_source import open_snapshot
from kinetune.transfer.source import Source
from kinetune.transfer.sources import ReadOptions, open_source
from kinetune.tuning.move_obstacles import MoveOptions, find_source_obstacles
from tests.etcd.server import SNAPSHOTS, EtcdServer
from tests.kine.smoke import present

EDGE = SNAPSHOTS / "etcd-3.6.6-edge.snap"
CLUSTER = SNAPSHOTS / "etcd-3.4.23-apiserver-1.34.4.snap"
SUM_BYTES = 32
PAGE = 4096
LEASES = {0: 0, 7484316398693534995: 3_660, 7484316398693534999: 86_400}
"""Of the recorded snapshot, in seconds."""


def rows_of(source: Source, after: int = 0) -> list[Row]:
    return list(itertools.chain.from_iterable(source.read_rows(after)))


def read(path: Path) -> tuple[list[Row], SourceState]:
    with open_snapshot(path) as source:
        return rows_of(source), source.state


def without_leases(rows: list[Row]) -> list[tuple[object, ...]]:
    """Rows whose leases are only known to exist: those of a live etcd count down."""
    return [(*row[:6], row[6] > 0, *row[7:]) for row in rows]


def live_view(server: EtcdServer) -> tuple[list[tuple[object, ...]], int]:
    with open_etcd(server.url, EtcdAccess()) as source:
        return without_leases(rows_of(source)), source.state.revision


def stop_cleanly(server: EtcdServer) -> Path:
    """Returns the data directory."""
    assert server.process
    server.process.send_signal(signal.SIGTERM)
    server.process.wait()
    return server.folder / "data"


def save(server: EtcdServer) -> Path:
    path = server.folder / "saved.snap"
    server.run("snapshot", "save", str(path))
    return path


@pytest.fixture
def client(etcd: EtcdServer) -> Iterator[EtcdClient]:
    with EtcdClient.of_server(etcd.address) as found:
        yield found


@pytest.fixture
def lazy_etcd() -> Iterator[EtcdServer]:
    """It writes its file once a minute instead of each 100 ms."""
    with EtcdServer(backend_batch_interval="1m") as server:
        yield server


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Callable[[bytes], bytes]], Path]:
    """A file with the database of the recorded snapshot, changed, without its sum."""

    def change(function: Callable[[bytes], bytes]) -> Path:
        path = tmp_path / "changed.db"
        path.write_bytes(function(EDGE.read_bytes()[:-SUM_BYTES]))
        return path

    return change


def test_a_snapshot_is_what_its_etcd_said() -> None:
    """etcd-edge.json is the answer of etcd 3.6.6 to a Range before the snapshot was saved (docs/facts/moving.md §7)."""
    said = json.loads((SNAPSHOTS / "etcd-edge.json").read_text())
    moved = {"/other/multi/1": said["revision"] + 1, "/other/multi/2": said["revision"] + 2}
    expected = []
    for kv in said["kvs"]:
        if kv["key"] not in OWN_KEYS_OF_ETCD:
            number = moved.get(kv["key"], kv["mod"])
            created = kv["create"] == number
            lease, value = LEASES[kv["lease"]], base64.b64decode(kv["value"])
            create_revision = 0 if created else kv["create"]
            expected.append((number, kv["key"], int(created), 0, create_revision, 0, lease, value, None))
    rows, state = read(EDGE)
    assert rows == sorted(expected)
    assert (state.kind, state.revision, state.rows) == (SourceKind.ETCD_SNAPSHOT, 24, len(rows))
    assert (state.version, state.stopped, state.last_id) == ("of etcd 3.6.0", False, None)
    assert state.notes == (
        "2 keys share their revision with another key of one transaction: moved with a new revision",
    )


@pytest.mark.parametrize("path", [EDGE, CLUSTER], ids=lambda path: path.stem)
def test_a_snapshot_has_the_rows_of_the_etcd_that_was_restored_from_it(path: Path) -> None:
    with EtcdServer(snapshot=path) as server:
        expected = live_view(server)
    rows, state = read(path)
    assert (without_leases(rows), state.revision) == expected


def test_rows_and_ids_after_an_id() -> None:
    with open_snapshot(EDGE) as source:
        rows = rows_of(source)
        assert list(source.read_ids()) == [row[0] for row in rows]
        for after in (0, 1, rows[3][0], 20, 22, 23, 24, 25):
            assert rows_of(source, after) == [row for row in rows if row[0] > after]
        source.refresh()
        assert rows_of(source) == rows
        assert source.find_writers() == ()


def test_the_rows_end_with_a_compaction_row_above_the_bump() -> None:
    address = parse_source(f"etcd-snapshot:{EDGE}")
    with open_source(address, ReadOptions(bump=1_000), "move") as source:
        assert rows_of(source)[-1] == (1_025, "compact_rev_key", 1, 0, 0, 1_024, 0, b"", None)


def test_a_snapshot_that_is_saved_under_load(etcd: EtcdServer, client: EtcdClient) -> None:
    """Equal to what etcd says that is restored from it."""
    stop = threading.Event()

    def write(writer: int) -> None:
        with EtcdClient.of_server(etcd.address) as own:
            for number in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
                own.create(f"/registry/{writer}/{number}", b"%d" % number * 100)
                if number % 3 == 2:
                    own.update(present(own, f"/registry/{writer}/{number}"), b"changed")
                if number % 5 == 4:
                    own.delete(present(own, f"/registry/{writer}/{number - 1}"))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    try:
        while client.count("/registry/") < 300:
            assert all(thread.is_alive() for thread in threads)
        client.compact(200)
        path = save(etcd)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    rows, state = read(path)
    assert len(rows) > 200
    with EtcdServer(snapshot=path) as server:
        assert (without_leases(rows), state.revision) == live_view(server)


def test_a_stopped_etcd_needs_no_proof_by_the_user(etcd: EtcdServer, client: EtcdClient) -> None:
    """The database is found in the data directory. The last change, a delete, counts for the revision."""
    client.create("/registry/pods/a", b"1")
    client.create("/registry/pods/b", b"2", client.grant_lease(600))
    client.update(present(client, "/registry/pods/a"), b"3")
    client.create("/gone", b"4")
    client.delete(present(client, "/gone"))
    view = live_view(etcd)
    folder = stop_cleanly(etcd)
    for path in (folder, folder / "member", folder / "member/snap", folder / "member/snap/db"):
        rows, state = read(path)
        assert (without_leases(rows), state.revision) == view == (without_leases(rows), 6)
        assert state.stopped
        assert state.notes == (
            f"if {folder} is a copy, and the cluster was written to afterwards, add --bump-revision",
        )
        assert state.place == f"etcd-snapshot:{folder}/member/snap/db"
    assert list(find_source_obstacles(state, Census(live_keys=2), (), MoveOptions())) == []


def test_a_snapshot_does_not_show_whether_the_cluster_ran_on() -> None:
    _, state = read(CLUSTER)
    (obstacle,) = find_source_obstacles(state, Census(live_keys=2), (), MoveOptions())
    assert "--bump-revision" in obstacle.next_step


def test_the_file_of_a_running_etcd_is_refused(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/registry/pods/a", b"1")
    with pytest.raises(Refused, match="is in use by an etcd; stop that etcd"):
        read(etcd.folder / "data")


def test_an_etcd_cannot_start_on_a_file_that_is_read(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/registry/pods/a", b"1")
    with open_snapshot(stop_cleanly(etcd)) as source:
        started = threading.Thread(target=etcd.start)
        started.start()
        started.join(1.5)
        assert started.is_alive()
        assert len(rows_of(source)) == 1
    started.join(60)
    assert not started.is_alive()


def test_a_file_lacks_what_is_only_in_the_log_of_a_killed_etcd(lazy_etcd: EtcdServer) -> None:
    folder = lazy_etcd.folder / "data"
    with EtcdClient.of_server(lazy_etcd.address) as client:
        for number in range(5):
            client.create(f"/registry/{number}", b"v")
        client.delete(present(client, "/registry/1"))
    lazy_etcd.stop()
    with pytest.raises(Refused, match=r"lacks the newest writes: .* start that etcd .* or save a snapshot"):
        read(folder)
    lazy_etcd.start()
    stop_cleanly(lazy_etcd)
    rows, state = read(folder)
    assert [row[1] for row in rows] == [f"/registry/{number}" for number in (0, 2, 3, 4)]
    assert (state.revision, state.stopped) == (7, True)


def test_entries_without_keys_after_the_newest_write_lack_nothing(lazy_etcd: EtcdServer) -> None:
    """Starts, new leaders and leases: etcd 3.4 does not count them in the file."""
    with EtcdClient.of_server(lazy_etcd.address) as client:
        client.create("/registry/a", b"v")
    for _ in range(2):
        folder = stop_cleanly(lazy_etcd)
        assert read(folder)[1].stopped
        lazy_etcd.start()
    with EtcdClient.of_server(lazy_etcd.address) as client:
        client.grant_lease(600)
    lazy_etcd.stop()
    rows, state = read(folder)
    assert (len(rows), state.revision, state.stopped) == (1, 2, True)


def test_a_revoked_lease_is_a_write(lazy_etcd: EtcdServer) -> None:
    with EtcdClient.of_server(lazy_etcd.address) as client:
        lease = client.grant_lease(600)
        client.create("/registry/a", b"v", lease)
    folder = stop_cleanly(lazy_etcd)
    lazy_etcd.start()
    lazy_etcd.run("lease", "revoke", f"{lease:x}")
    lazy_etcd.stop()
    with pytest.raises(Refused, match="lacks the newest writes"):
        read(folder)


def test_a_log_of_several_files(lazy_etcd: EtcdServer) -> None:
    """A new one begins after 64 MB."""
    with EtcdClient.of_server(lazy_etcd.address) as client:
        for number in range(50):
            client.create(f"/registry/{number}", bytes([number]) * 1_400_000)
        folder = stop_cleanly(lazy_etcd)
        assert len(list(folder.glob("member/wal/*.wal"))) > 1
        rows, state = read(folder)
        assert (len(rows), state.stopped) == (50, True)
        lazy_etcd.start()
    with EtcdClient.of_server(lazy_etcd.address) as client:
        client.create("/registry/new", b"v")
    lazy_etcd.stop()
    with pytest.raises(Refused, match="lacks the newest writes"):
        read(folder)


def test_a_log_that_proves_nothing(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/registry/a", b"v" * 1000)
    client.create("/registry/b", b"v")
    folder = stop_cleanly(etcd)
    (log,) = folder.glob("member/wal/*.wal")
    whole = log.read_bytes()
    at = whole.index(b"/registry/b")
    # A record that cannot be read, and one that is cut off: what was behind it is not known.
    for content in (whole[:at].rstrip() + b"\xff" * 200 + whole[at + 200 :], whole[:at]):
        log.write_bytes(content)
        with pytest.raises(Refused, match="lacks the newest writes"):
            read(folder)
    log.write_bytes(bytes(4096))
    assert_not_proved(folder, "no write-ahead log beside it")
    log.unlink()
    assert_not_proved(folder, "no write-ahead log beside it")


def assert_not_proved(folder: Path, why: str) -> None:
    rows, state = read(folder)
    assert [row[1] for row in rows] == ["/registry/a", "/registry/b"]
    assert not state.stopped
    assert why in state.notes[0]


def test_a_copy_of_a_data_directory_proves_nothing(etcd: EtcdServer, client: EtcdClient, tmp_path: Path) -> None:
    """The cluster may have been started again since. K3s writes the path of its data directory into it."""
    client.create("/registry/a", b"v")
    client.create("/registry/b", b"v")
    folder = stop_cleanly(etcd)
    time.sleep(1.1)
    assert_not_proved(Path(shutil.copytree(folder, tmp_path / "kept-times")), "is a copy")
    copy = Path(shutil.copytree(folder, tmp_path / "plain", copy_function=shutil.copyfile))
    (copy / "config").write_text(f"advertise-client-urls: https://127.0.0.1:2379\ndata-dir: {folder}\nname: k3s\n")
    assert_not_proved(copy, "is a copy")
    (copy / "config").write_text(f"advertise-client-urls: https://127.0.0.1:2379\ndata-dir: {copy}\nname: k3s\n")
    assert (read(copy)[1].stopped, read(copy)[1].notes) == (True, ())


def test_one_of_several_members_proves_nothing(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/registry/a", b"v")
    etcd.run("member", "add", "other", "--peer-urls=http://127.0.0.1:1")
    rows, state = read(stop_cleanly(etcd))
    assert (len(rows), state.stopped) == (1, False)
    assert state.notes[0].endswith("is that of one member of several: others may have newer writes")


def test_each_flipped_bit_of_a_snapshot_is_found(tmp_path: Path) -> None:
    whole = EDGE.read_bytes()
    path = tmp_path / "flipped.snap"
    for at in range(0, len(whole), 509):
        content = bytearray(whole)
        content[at] ^= 1
        path.write_bytes(content)
        with pytest.raises(Failure):
            read(path)


def test_a_cut_file(tmp_path: Path, changed: Callable[[Callable[[bytes], bytes]], Path]) -> None:
    cut = tmp_path / "cut.snap"
    for size in (20_000, 5 * PAGE, 5 * PAGE + SUM_BYTES, 32_799):
        cut.write_bytes(EDGE.read_bytes()[:size])
        with pytest.raises(CouldNotLook, match="damaged, cut, or copied while etcd wrote to it"):
            read(cut)
    with pytest.raises(CouldNotLook, match="it is cut"):
        read(changed(lambda content: content[: 7 * PAGE]))


def test_a_value_of_another_revision(changed: Callable[[Callable[[bytes], bytes]], Path]) -> None:
    def change(content: bytes) -> bytes:
        before, after = (b"configmaps/ns/c2\x10\x04\x18" + revision for revision in (b"\x04", b"\x05"))
        assert before in content
        return content.replace(before, after)

    with pytest.raises(CouldNotLook, match="the value of revision 4 is that of revision 5"):
        read(changed(change))


def test_a_page_of_another_time(changed: Callable[[Callable[[bytes], bytes]], Path]) -> None:
    for number in range(2, 8):
        path = changed(lambda content, at=number * PAGE: content[:at] + bytes(PAGE) + content[at + PAGE :])  # type: ignore[misc]
        try:
            rows, state = read(path)
        except CouldNotLook:
            continue
        assert (rows, state.revision) == (read(EDGE)[0], 24), "a page that is free"


def test_a_damaged_meta_page_leaves_the_other(changed: Callable[[Callable[[bytes], bytes]], Path]) -> None:
    """As bbolt does: the state of one transaction before."""
    with pytest.raises(CouldNotLook, match="no valid meta page"):
        read(changed(lambda content: content[:40] + b"\xff" + content[41 : PAGE + 40] + b"\xff" + content[PAGE + 41 :]))
    rows, _ = read(changed(lambda content: content[: PAGE + 40] + b"\xff" + content[PAGE + 41 :]))
    assert rows == read(EDGE)[0]


def test_a_database_alone_has_a_note(changed: Callable[[Callable[[bytes], bytes]], Path]) -> None:
    rows, state = read(changed(lambda content: content))
    assert rows == read(EDGE)[0]
    assert "no checksum and no write-ahead log" in state.notes[0]


def test_other_files(tmp_path: Path) -> None:
    for name, content in {"empty": b"", "short": b"x", "text": b"key = value\n" * 500}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UsageFailure, match="name a file that etcdctl snapshot save wrote"):
            read(path)
    with pytest.raises(UsageFailure, match="no database of etcd is in the folder"):
        read(tmp_path)
    with pytest.raises(UsageFailure, match="No such file or directory; check the path"):
        read(tmp_path / "missing")


def test_the_zip_of_k3s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / "on-demand.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(EDGE, "on-demand")
    with open_snapshot(path) as source:
        assert rows_of(source) == read(EDGE)[0]
        assert source.state.place == f"etcd-snapshot:{path}"
        (unpacked,) = tmp_path.rglob("snapshot")
        assert unpacked.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(CouldNotLook, match="damaged"):
        read(path)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a", "")
        packed.writestr("b", "")
    with pytest.raises(UsageFailure, match="has 2 files instead of one"):
        read(path)


def test_an_etcd_without_space() -> None:
    with EtcdServer(quota_backend_bytes="200000") as server, EtcdClient.of_server(server.address) as client:
        client.create("/registry/a", b"v")
        with pytest.raises(Failure, match="database space exceeded"):
            client.create("/registry/b", b"v" * 300_000)
        assert "NOSPACE" in server.run("alarm", "list")
        rows, state = read(save(server))
    assert len(rows) == 1
    assert state.notes == ("etcd has the alarm NOSPACE: it takes no writes",)


def test_an_etcd_whose_members_differ(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/registry/a", b"v")
    # AlarmRequest: activate CORRUPT.
    client._connection.call("Maintenance/Alarm", encode_fields([(1, 1), (3, 2)]))
    with pytest.raises(Refused, match="has the alarm CORRUPT: the members of this etcd have different data"):
        read(stop_cleanly(etcd))


def test_leases_have_the_seconds_that_etcd_saved() -> None:
    assert snapshot_source._decode_lease(encode_fields([(1, 7), (2, 600)])) == (7, 600)
    assert snapshot_source._decode_lease(encode_fields([(1, 7), (2, 600), (3, 20)])) == (7, 20)


def test_two_keys_of_equal_hash_end_the_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_source, "hash", lambda _: 1, raising=False)
    with pytest.raises(CouldNotLook, match="run again"):
        read(EDGE)


def test_keys_that_are_not_text(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/latin-\udce9", b"v")
    client.create("/nul\0", b"")
    etcd.put_together("/b", "/a", "/c")
    rows, state = read(save(etcd))
    assert [(row[0], row[1]) for row in rows] == [(2, "/latin-\udce9"), (3, "/nul\0"), (4, "/a"), (5, "/b"), (6, "/c")]
    assert (without_leases(rows), state.revision) == live_view(etcd)
