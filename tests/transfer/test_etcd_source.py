"""A live etcd as a source of rows: real servers, compared with what they say about themselves."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import KeyValue
from kinetune.etcd.failures import AccessDenied, EtcdFailure
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.source_address import EtcdAccess, parse_source
from kinetune.model.transfer import SourceKind
from kinetune.transfer import etcd_source
from kinetune.transfer.census import take_census
from kinetune.transfer.copying import copy_missing_rows, make_equal
from kinetune.transfer.etcd_source import open_etcd
from kinetune.transfer.live_keys import LiveKeys
from kinetune.transfer.live_rows import OWN_KEYS_OF_ETCD, live_row
from kinetune.transfer.rows import Row
from kinetune.transfer.source import Source
from kinetune.transfer.sources import ReadOptions, open_source
from kinetune.transfer.verification import compare_with_source
from tests.etcd.server import EtcdServer
from tests.kine.process import Kine
from tests.kine.smoke import present
from tests.transfer.tables import create_incoming, incoming

NONE = EtcdAccess()
DATA = Path(__file__).parent.parent / "data" / "move"


@pytest.fixture
def source(etcd: EtcdServer) -> Iterator[Source]:
    """An etcd with nothing in it."""
    with open_etcd(etcd.url, NONE) as found:
        yield found


@pytest.fixture
def client(etcd: EtcdServer) -> Iterator[EtcdClient]:
    with EtcdClient.of_server(etcd.address) as found:
        yield found


def rows_of(source: Source, after: int = 0) -> list[Row]:
    return list(itertools.chain.from_iterable(source.read_rows(after)))


def rows_at(client: EtcdClient, revision: int) -> list[Row]:
    """The rows that a list of that revision gives, for keys without leases in transactions of their own."""
    objects = client.list("", revision=revision).objects
    return sorted(live_row(kv.revision, kv.key, kv.created, (0, kv.value)) for kv in objects)


def test_a_restored_snapshot_is_what_its_etcd_said() -> None:
    """etcd-edge.json is the answer of etcd 3.6.6 to a Range before the snapshot was saved (docs/facts/moving.md §6)."""
    said = json.loads((DATA / "etcd-edge.json").read_text())
    expected = {kv["key"]: kv for kv in said["kvs"] if kv["key"] not in OWN_KEYS_OF_ETCD}
    with EtcdServer(snapshot=DATA / "etcd-3.6.6-edge.snap") as server, open_etcd(server.url, NONE) as source:
        rows, state = rows_of(source), source.state
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    assert {row[1] for row in rows} == set(expected)
    moved = {"/other/multi/1": said["revision"] + 1, "/other/multi/2": said["revision"] + 2}
    for number, name, created, deleted, create_revision, prev_revision, lease, value, old_value in rows:
        kv = expected[name]
        assert number == moved.get(name, kv["mod"])
        assert (create_revision or number) == kv["create"]
        assert created == (create_revision == 0)
        assert (deleted, prev_revision, old_value) == (0, 0, None)
        assert value == base64.b64decode(kv["value"])
        assert (lease > 0) == (kv["lease"] > 0)
    leases = {row[1]: row[6] for row in rows if row[6]}
    assert leases["/registry/events/ns/f0"] == leases["/registry/events/ns/f1"] == pytest.approx(3660, abs=10)
    assert (state.kind, state.revision, state.last_id, state.compacted) == (SourceKind.ETCD, 24, None, 0)
    assert state.version.startswith("etcd 3.")
    assert state.notes == (
        "2 keys share their revision with another key of one transaction: moved with a new revision",
    )


def test_the_rows_end_with_a_compaction_row_above_the_newest_revision(etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/a", b"v")
    client.create("/gone", b"v")
    client.delete(present(client, "/gone"))
    etcd.put_together("/b", "/c")
    with open_source(parse_source(etcd.url), ReadOptions(), "move") as source:
        assert [(row[0], row[1], row[5]) for row in rows_of(source)] == [
            (2, "/a", 0),
            (5, "/b", 0),
            (6, "/c", 0),
            (7, "compact_rev_key", 6),
        ]
        assert (source.state.revision, source.state.compacted) == (7, 6)


def test_leases_are_asked_once(etcd: EtcdServer, client: EtcdClient) -> None:
    lease = client.grant_lease(600)
    for number in range(3):
        client.create(f"/{number}", b"v", lease)
    with open_etcd(etcd.url, NONE) as source:
        first = rows_of(source)
        time.sleep(1.1)
        client.create("/later", b"v", lease)
        source.refresh()
        assert rows_of(source)[:3] == first
        assert {row[6] for row in rows_of(source)} == {first[0][6]}
    assert 590 < first[0][6] <= 600


def test_an_expired_lease_counts_as_one_second(
    etcd: EtcdServer, client: EtcdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = client.grant_lease(600)
    client.create("/a", b"v", lease)
    ask = EtcdClient.read_lease

    def expire(self: EtcdClient, lease: int) -> int:
        etcd.run("lease", "revoke", f"{lease:x}")
        return ask(self, lease)

    monkeypatch.setattr(EtcdClient, "read_lease", expire)
    with open_etcd(etcd.url, NONE) as source:
        assert [(row[1], row[6]) for row in rows_of(source)] == [("/a", 1)]
        source.refresh()
        assert rows_of(source) == []


def test_each_refresh_is_one_consistent_view(source: Source, etcd: EtcdServer, client: EtcdClient) -> None:
    """While a client creates, changes, deletes and creates again."""
    stop = threading.Event()

    def write() -> None:
        with EtcdClient.of_server(etcd.address) as writer:
            for number in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
                writer.create(f"/registry/k{number:06}", b"%d" % number)
                old = present(writer, f"/registry/k{number * 7 // 10:06}")
                if number % 3:
                    writer.update(old, b"changed %d" % number)
                else:
                    writer.delete(old)
                    writer.create(old.key, b"again")
                if number % 5 == 4:
                    writer.delete(present(writer, f"/registry/k{number - 1:06}"))
                    writer.create(f"/registry/k{number - 1:06}", b"back")

    thread = threading.Thread(target=write)
    thread.start()
    try:
        views = []
        for _ in range(6):
            time.sleep(0.2)
            source.refresh()
            views.append((source.state.revision, rows_of(source)))
    finally:
        stop.set()
        thread.join()
    assert len({revision for revision, _ in views}) == len(views)
    for revision, rows in views:
        assert rows == rows_at(client, revision)


def test_deleted_keys_disappear(source: Source, client: EtcdClient) -> None:
    for name in ("/a", "/b", "/c"):
        client.create(name, b"1")
    source.refresh()
    client.delete(present(client, "/a"))
    client.update(present(client, "/b"), b"2")
    client.create("/d", b"1")
    source.refresh()
    assert [(row[0], row[1], row[7]) for row in rows_of(source)] == [(4, "/c", b"1"), (6, "/b", b"2"), (7, "/d", b"1")]
    assert [row[1] for row in rows_of(source, after=4)] == ["/b", "/d"]
    assert list(source.read_ids()) == [4, 6, 7]


def test_a_first_read_of_many_pages(etcd: EtcdServer, client: EtcdClient) -> None:
    for number in range(1_300):
        client.create(f"/registry/{number % 7}/{number}", b"%d" % number)
    for number in range(6):
        client.create(f"/registry/large/{number}", bytes([number]) * 1_400_000)
    with open_etcd(etcd.url, NONE) as source:
        assert rows_of(source) == rows_at(client, source.state.revision)
        assert source.state.rows == 1_306
        for batch in source.read_rows():
            assert sum(len(row[7] or b"") for row in batch) < 6 * 1024 * 1024


def test_keys_of_one_transaction_are_numbered_again_above_each_revision(
    source: Source, etcd: EtcdServer, client: EtcdClient
) -> None:
    etcd.put_together("/a", "/b", "/c")
    source.refresh()
    assert [row[:2] for row in rows_of(source)] == [(2, "/a"), (3, "/b"), (4, "/c")]
    assert source.state.revision == 4
    client.create("/d", b"v")
    client.update(present(client, "/b"), b"v")
    source.refresh()
    assert [row[:5] for row in rows_of(source)] == [
        (2, "/a", 1, 0, 0),
        (3, "/d", 1, 0, 0),
        (4, "/b", 0, 0, 2),
        (5, "/c", 0, 0, 2),
    ]
    assert source.state.notes == (
        "1 key shares its revision with another key of one transaction: moved with a new revision",
    )
    client.update(present(client, "/c"), b"v")
    source.refresh()
    assert source.state.revision == 5
    assert not source.state.notes


def test_keys_that_no_target_can_hold_are_left_to_the_census(source: Source, client: EtcdClient) -> None:
    client.create("/nul\0", b"v")
    client.create("/latin-\udce9", b"v")
    client.create("/unicode-é", b"v")
    source.refresh()
    assert [row[1] for row in rows_of(source)] == ["/nul\0", "/latin-\udce9", "/unicode-é"]
    census = take_census(source.read_rows())
    assert census.unstorable == (("/nul\0", "contains a NUL byte"), ("/latin-\udce9", "is not UTF-8"))


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_LIMIT", "LEAST_LIMIT", "MOST_VALUES", "MOST_NAMES"):
        monkeypatch.setattr(etcd_source, name, 2)


def compact_after_pages(pages: int, client: EtcdClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact the revision of a view after its first page, and after each other one, that many times."""
    left = iter(range(pages))
    put = LiveKeys.put_keys

    def compacted(self: LiveKeys, keys: Iterable[KeyValue]) -> None:
        put(self, keys)
        if next(left, None) is not None:
            client.compact(client.update(present(client, "/5"), b"changed"))

    monkeypatch.setattr(LiveKeys, "put_keys", compacted)


@pytest.mark.usefixtures("small_pages")
def test_a_compaction_during_the_read_starts_it_again(
    source: Source, client: EtcdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        client.create(f"/{number}", b"v")
    compact_after_pages(2, client, monkeypatch)
    source.refresh()
    assert rows_of(source) == rows_at(client, source.state.revision)
    assert (source.state.revision, rows_of(source)[-1][1]) == (9, "/5")


@pytest.mark.usefixtures("small_pages")
def test_repeated_compactions_end_with_a_failure_and_the_former_rows(
    source: Source, client: EtcdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        client.create(f"/{number}", b"v")
    source.refresh()
    former = rows_of(source)
    for number in range(4):
        client.update(present(client, f"/{number}"), b"new")
    compact_after_pages(100, client, monkeypatch)
    with pytest.raises(CouldNotLook, match=r"was compacted while revision \d+ was read, 3 times; run again"):
        source.refresh()
    assert rows_of(source) == former
    assert source.state.revision == 7


def test_a_lost_server_leaves_the_former_rows(
    source: Source, etcd: EtcdServer, client: EtcdClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.create("/a", b"v")
    source.refresh()
    former = rows_of(source)
    etcd.stop()
    with monkeypatch.context() as patch:
        patch.setattr("kinetune.etcd.connection.TIMEOUT", 1.0)
        with pytest.raises(EtcdFailure, match=f"etcd://{etcd.address}: "):
            source.refresh()
    assert rows_of(source) == former
    etcd.start()
    client.create("/b", b"v")
    source.refresh()
    assert [row[1] for row in rows_of(source)] == ["/a", "/b"]


def test_another_etcd_at_the_same_address_is_refused(source: Source, etcd: EtcdServer, client: EtcdClient) -> None:
    client.create("/a", b"v")
    source.refresh()
    etcd.stop()
    shutil.rmtree(etcd.folder / "data")
    etcd.start()
    with pytest.raises(CouldNotLook, match="has fallen from 2 to 1: it was replaced or restored"):
        source.refresh()


def test_a_writing_client_is_found(source: Source, client: EtcdClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_source, "OBSERVED_SECONDS", 1.0)
    assert source.find_writers() == ()
    client.create("/a", b"v")
    (found,) = source.find_writers()
    assert found.endswith("its revision has changed from 1 to 2 since it was read")
    source.refresh()
    assert source.find_writers() == ()
    writer = threading.Timer(0.3, client.create, ("/b", b"v"))
    writer.start()
    assert source.find_writers()
    writer.join()


def test_a_role_for_one_prefix(secure_etcd: EtcdServer) -> None:
    access = secure_etcd.access("root", "reader", "readerpw")
    with open_etcd(secure_etcd.url, access) as source:
        assert [row[1] for row in rows_of(source)] == ["/registry/pods/a"]
        assert source.state.notes == ("keys outside /registry/ are not read: the user has no permission for them",)
        source.refresh()
        assert len(rows_of(source)) == 1
    with open_etcd(secure_etcd.url, replace(access, user="root", password="rootpw")) as source:
        assert [row[1] for row in rows_of(source)] == ["/registry/pods/a", "/other"]
        assert source.state.notes == ()
    with open_etcd(f"{secure_etcd.url}/registry/pods/", access) as source:
        assert [row[1] for row in rows_of(source)] == ["/registry/pods/a"]
        assert source.state.notes == ("keys outside /registry/pods/ are not read",)
    with pytest.raises(AccessDenied), open_etcd(f"{secure_etcd.url}/other", access):
        pass


def test_a_role_for_another_prefix_must_be_named(etcd: EtcdServer) -> None:
    for command in ("role add t", "role grant-permission t read /t/ /t0", "user add t:pw", "user grant-role t t"):
        etcd.run(*command.split())
    etcd.run("put", "/t/a", "v")
    etcd.require_users()
    access = EtcdAccess(user="t", password="pw")
    named = f"add the prefix of its role: etcd://{etcd.address}/PREFIX/"
    with pytest.raises(AccessDenied, match=named), open_etcd(etcd.url, access):
        pass
    with open_etcd(f"{etcd.url}/t/", access) as source:
        assert [row[1] for row in rows_of(source)] == ["/t/a"]


def test_a_kine_is_no_etcd(tmp_path: Path) -> None:
    with (
        Kine("v0.17.5", f"sqlite://{tmp_path}/state.db") as kine,
        pytest.raises(UsageFailure, match="is a Kine, not an etcd; name the database of that Kine"),
        open_etcd(f"http://{kine.address}", NONE),
    ):
        pass


def test_the_private_copy_is_removed(etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_etcd(etcd.url, NONE):
        (file,) = tmp_path.rglob("live_keys.db*")
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_followed_a_written_etcd_becomes_equal(
    etcd: EtcdServer, client: EtcdClient, database15: str
) -> None:
    """Ids of renumbered keys and of the compaction row become those of other keys between two passes."""
    for number in range(20):
        client.create(f"/{number}", b"v")
    etcd.put_together("/a", "/b", "/c")
    create_incoming(database15)
    with open_source(parse_source(etcd.url), ReadOptions(), "move") as source, incoming(database15) as table:
        copy_missing_rows(source, table)
        for number in range(6):
            client.update(present(client, f"/{number}"), b"new")
            client.delete(present(client, f"/{number + 10}"))
            source.refresh()
            copy_missing_rows(source, table)
        make_equal(source, table)
        assert compare_with_source(source, table, lambda _: None).mismatch is None
        rows = rows_of(source)
    assert [row[1] for row in rows[-3:]] == ["/b", "/c", "compact_rev_key"]
    assert len({row[0] for row in rows}) == len(rows) == 20 - 6 + 3 + 1
