"""The client against a real etcd, compared with what etcdctl says, and against a real Kine."""

from __future__ import annotations

import base64

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.failures import CompactedRevision, Conflict, FutureRevision, WatchEnded, WatchSilent
from tests.etcd.server import EtcdServer
from tests.kine.smoke import present, smoke

PODS = "/registry/pods/"


def client_of(server: EtcdServer) -> EtcdClient:
    return EtcdClient.of_server(server.address)


def test_etcd_does_what_kine_must_do(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        smoke(client, "v0.17.5")


def test_keys_are_what_etcdctl_says(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        lease = client.grant_lease(600)
        client.create(f"{PODS}ä", "wert ü".encode(), lease)
        client.update(present(client, f"{PODS}ä"), b"\0\xff" * 200_000, lease)
        client.create("\udcff\0", b"")
        client.create(f"{PODS}gone", b"v")
        client.delete(present(client, f"{PODS}gone"))
        page = client.list("")
        said = etcd.read("get", "", "--from-key")
        assert page.revision == said["header"]["revision"]
        assert page.count == said["count"] == 2
        for found, kv in zip(page.objects, said["kvs"], strict=True):
            assert found.key.encode("utf-8", "surrogateescape") == base64.b64decode(kv["key"])
            assert found.value == base64.b64decode(kv.get("value", ""))
            assert (found.revision, found.created) == (kv["mod_revision"], kv["create_revision"])
            assert found.lease == kv.get("lease", 0)
        assert {kv.lease for kv in page.objects} == {lease, 0}
        assert client.read_lease(lease) == pytest.approx(600, abs=5)


def test_a_conflict_shows_the_current_state(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        client.create("/a", b"1")
        old = present(client, "/a")
        client.update(old, b"2")
        with pytest.raises(Conflict) as update:
            client.update(old, b"3")
        with pytest.raises(Conflict) as delete:
            client.delete(old)
        with pytest.raises(Conflict) as create:
            client.create("/a", b"1")
        assert update.value.current == delete.value.current == present(client, "/a")
        assert create.value.current is None
        client.delete(present(client, "/a"))
        with pytest.raises(Conflict) as absent:
            client.update(old, b"3")
        assert absent.value.current is None


def test_pages_are_of_one_revision(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        for number in range(5):
            client.create(f"{PODS}{number}", b"v")
        page = client.list(PODS, limit=2)
        first, keys = page.revision, [kv.key for kv in page.objects]
        while page.more:
            client.create(f"{PODS}9{len(keys)}", b"later")
            page = client.list_next(PODS, page, limit=2)
            keys += [kv.key for kv in page.objects]
        assert keys == [f"{PODS}{number}" for number in range(5)]
        assert page.revision == first
        assert client.count(PODS) == 7
        assert client.count(PODS, first) == 5
        newer = client.list(PODS, min_mod_revision=first + 1)
        assert [kv.key for kv in newer.objects] == [f"{PODS}92", f"{PODS}94"]
        assert newer.count == 7
        assert [kv.value for kv in client.list(PODS, keys_only=True, limit=1).objects] == [b""]


def test_compacted_and_future_revisions_are_refused(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        first = client.create("/a", b"1")
        client.compact(client.update(present(client, "/a"), b"2"))
        with pytest.raises(CompactedRevision):
            client.list("/", revision=first)
        with pytest.raises(FutureRevision):
            client.get("/a", 1_000)
        with pytest.raises(WatchEnded) as ended, client.watch("/", first) as changes:
            changes.next()
        assert ended.value.compacted == first + 1


def test_only_one_client_may_compact(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        assert client.claim_compaction(0, 5)
        assert not client.claim_compaction(0, 6)
        assert client.claim_compaction(1, 6)
        assert present(client, "compact_rev_key").value == b"6"


def test_an_expired_lease_has_no_seconds_left(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        assert client.read_lease(12345) == -1


def test_a_watch_reports_changes_and_its_progress() -> None:
    with EtcdServer(experimental_watch_progress_notify_interval="200ms") as server, client_of(server) as client:
        with client.watch(PODS, progress_notify=True) as changes:
            client.create("/elsewhere", b"v")
            newest = client.create(f"{PODS}a", b"v")
            event = changes.next()
            assert (event.key, event.revision, event.created, event.deleted) == (f"{PODS}a", newest, True, False)
            later = client.create("/elsewhere/too", b"v")
            # A notification is no event: the iteration goes on until its time limit.
            with pytest.raises(WatchSilent):
                changes.next(1)
            assert changes.progress == later
        server.stop()
        server.start()
        assert client.count(PODS) == 1
        with client.watch(PODS, newest) as changes:
            assert changes.next().revision == newest


def test_a_call_waits_for_a_server_that_is_restarted(etcd: EtcdServer) -> None:
    with client_of(etcd) as client:
        revision = client.create("/a", b"v")
        etcd.stop()
        etcd.start()
        assert present(client, "/a").revision == revision
