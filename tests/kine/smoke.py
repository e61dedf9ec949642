"""What a Kine must do for an apiserver, on whatever database it was given."""

from __future__ import annotations

import uuid
from contextlib import suppress

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import KeyValue
from kinetune.etcd.failures import CompactedRevision, Conflict
from kinetune.etcd.watch import KeyEvent, Watch
from kinetune.kine.releases import era_of_kine

OBJECTS = 5


def smoke(etcd: EtcdClient, tag: str) -> None:
    """Create, update, delete, conflict, list, page, count, watch, lease and compact, below a prefix of its own."""
    prefix = f"/registry/smoke-{uuid.uuid4().hex[:8]}/"
    with etcd.watch(prefix) as changes:
        first = creates(etcd, prefix)
        updates(etcd, f"{prefix}o1")
        lists(etcd, prefix, tag)
        deletes(etcd, f"{prefix}o2")
        assert etcd.count(prefix) == OBJECTS - 1
        watches(etcd, prefix, changes, first)
        expires(etcd, f"{prefix}leased", changes)
    compacts(etcd, f"{prefix}o1")


def creates(etcd: EtcdClient, prefix: str) -> int:
    """Revisions grow; what exists cannot be created. Returns the first revision."""
    revisions = [etcd.create(f"{prefix}o{number}", b"v1") for number in range(OBJECTS)]
    assert revisions == sorted(set(revisions))
    with pytest.raises(Conflict):
        etcd.create(f"{prefix}o0", b"v2")
    return revisions[0]


def updates(etcd: EtcdClient, key: str) -> None:
    """An update wins once; the loser is told what is there; the old revision keeps the old value."""
    old = present(etcd, key)
    revision = etcd.update(old, b"v2")
    assert (present(etcd, key).revision, present(etcd, key).value) == (revision, b"v2")
    with pytest.raises(Conflict) as refused:
        etcd.update(old, b"v3")
    assert refused.value.current is not None
    assert refused.value.current.revision == revision
    before = etcd.get(key, old.revision)
    assert before is not None
    assert before.value == b"v1"


def lists(etcd: EtcdClient, prefix: str, tag: str) -> None:
    """All at once, in pages of two and by number, without values from v0.14.0 on: always the same objects."""
    keys = [f"{prefix}o{number}" for number in range(OBJECTS)]
    by_name = era_of_kine(tag).number >= "E10"  # before, lists came in the order of revisions
    everything = [kv.key for kv in etcd.list(prefix).objects]
    assert (everything if by_name else sorted(everything)) == keys
    page = etcd.list(prefix, limit=2)
    paged = list(page.objects)
    while page.more:
        page = etcd.list_next(prefix, page, limit=2)
        paged += page.objects
    assert [kv.key for kv in paged] == everything
    assert etcd.count(prefix) == OBJECTS
    if era_of_kine(tag).number >= "E12":
        assert [(kv.key, kv.value) for kv in etcd.list(prefix, keys_only=True).objects] == [(key, b"") for key in keys]


def deletes(etcd: EtcdClient, key: str) -> None:
    """Only at its newest revision; then it is gone and can be made anew, and is deleted again."""
    old = present(etcd, key)
    etcd.update(old, b"v2")
    with pytest.raises(Conflict):
        etcd.delete(old)
    etcd.delete(present(etcd, key))
    assert etcd.get(key) is None
    etcd.create(key, b"v1")
    etcd.delete(present(etcd, key))


def watches(etcd: EtcdClient, prefix: str, changes: Watch, first: int) -> None:
    """A watch from now saw everything in order, and one from the first revision sees the same again."""
    done = OBJECTS + 1 + 4
    seen = changes.take(done)
    assert [change.revision for change in seen] == sorted({change.revision for change in seen})
    assert [change.deleted for change in seen] == [False] * (OBJECTS + 2) + [True, False, True]
    with etcd.watch(prefix, first) as again:
        assert list(map(_fact, again.take(done))) == list(map(_fact, seen))


def _fact(change: KeyEvent) -> tuple[str, int, bool]:
    return change.key, change.revision, change.deleted


def expires(etcd: EtcdClient, key: str, changes: Watch) -> None:
    """An object with a lease of one second goes by itself."""
    etcd.create(key, b"v1", etcd.grant_lease(1))
    assert [change.deleted for change in changes.take(2)] == [False, True]
    assert etcd.get(key) is None


def compacts(etcd: EtcdClient, key: str) -> None:
    """The apiserver's compaction is answered, and what is current stays readable."""
    newest = present(etcd, key)
    etcd.claim_compaction(0, newest.revision)
    with suppress(CompactedRevision):
        etcd.compact(newest.revision)
    assert present(etcd, key) == newest


def present(etcd: EtcdClient, key: str) -> KeyValue:
    found = etcd.get(key)
    assert found is not None, key
    return found
