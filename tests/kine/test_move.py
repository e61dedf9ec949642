"""Moved stores under a real Kine: every key as it was, watches from old revisions, exact lists and the next write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import KeyValue
from kinetune.etcd.failures import CompactedRevision, EtcdFailure, WatchEnded
from kinetune.etcd.watch import KeyEvent
from tests.cli.call import call
from tests.cluster import Cluster, MissingServer
from tests.conftest import absent, scratch
from tests.database.stores import ask
from tests.kine.binary import kine
from tests.kine.process import Kine
from tests.kine.smoke import present
from tests.transfer.test_sqlite_source import KINE_PARAMETERS

PREFIX = "/registry/"
KEYS = 120
TARGETS = ("v0.17.5", "v0.14.16", "v0.10.1")
ODD = ("/registry/configmaps/ü/日本", "/registry/rbac/Foo", "/registry/rbac/foo", "/bootstrap/0a1b2c3d4e5f")
LARGE = bytes(range(256)) * 5734  # 1.4 MiB


@dataclass(frozen=True)
class Moved:
    """A store that a real Kine has written: its address, and what that Kine answered at the end."""

    address: str
    objects: dict[str, KeyValue]
    early: dict[str, KeyValue]
    """The list at the revision `middle`."""
    middle: int
    events: list[tuple[str, int, bool]]
    """All changes from `middle` on."""
    newest: int


def work(etcd: EtcdClient) -> int:
    """Creates, changes, deletions, keys made again, leases, odd keys; the revision in the middle."""
    for number in range(KEYS):
        etcd.create(f"{PREFIX}pods/a/p{number:03}", b"%d" % number)
    middle = present(etcd, f"{PREFIX}pods/a/p{KEYS - 1:03}").revision
    for number in range(0, KEYS, 2):
        etcd.update(present(etcd, f"{PREFIX}pods/a/p{number:03}"), b"changed %d" % number)
    for number in range(0, KEYS, 3):
        etcd.delete(present(etcd, f"{PREFIX}pods/a/p{number:03}"))
    for number in range(0, KEYS, 9):
        etcd.create(f"{PREFIX}pods/a/p{number:03}", b"again")
    for number in range(10):
        etcd.create(f"{PREFIX}events/a/e{number}", b"event", etcd.grant_lease(3600 + number))
    for name in ODD:
        etcd.create(name, name.encode())
    etcd.create(f"{PREFIX}secrets/empty", b"")
    etcd.create(f"{PREFIX}secrets/large", LARGE)
    return middle


def observe(etcd: EtcdClient, address: str, middle: int) -> Moved:
    objects = objects_of(etcd)
    newest = max(one.revision for one in objects.values())
    return Moved(address, objects, objects_of(etcd, middle), middle, events_of(etcd, middle, newest), newest)


def objects_of(etcd: EtcdClient, revision: int = 0) -> dict[str, KeyValue]:
    """What `health` is, each Kine writes at its start."""
    found = [*etcd.list(PREFIX, revision=revision).objects, *etcd.list("/bootstrap/", revision=revision).objects]
    return {one.key: one for one in found if one.key != "/registry/health"}


def events_of(etcd: EtcdClient, after: int, until: int) -> list[tuple[str, int, bool]]:
    with etcd.watch(PREFIX, after) as changes:
        found: list[KeyEvent] = []
        while not found or found[-1].revision < until:
            found.append(changes.next())
    return [(one.key, one.revision, one.deleted) for one in found]


def started(tag: str, endpoint: str) -> Kine:
    try:
        kine(tag)
    except MissingServer as missing:
        absent(str(missing))
        raise
    return Kine(tag, endpoint)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """Of v0.17.5, which stores NULL where older releases cannot read it."""
    file = tmp_path_factory.mktemp("sqlite") / "state.db"
    with started("v0.17.5", f"sqlite://{file}{KINE_PARAMETERS}") as running, running.client() as etcd:
        found = observe(etcd, f"sqlite:{file}", work(etcd))
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("SELECT count(*) FROM kine WHERE create_revision IS NULL").fetchone()[0] > KEYS
    return found


@pytest.fixture(scope="module")
def postgresql(pg15: Cluster) -> Iterator[Moved]:
    """Of v0.14.16."""
    with contextmanager(scratch)(pg15) as dsn:
        with started("v0.14.16", dsn) as running, running.client() as etcd:
            found = observe(etcd, dsn, work(etcd))
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def source(request: pytest.FixtureRequest) -> Moved:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Moved)
    return found


def move(source: Moved, target: str, *options: object) -> None:
    said = call("move", "--yes", "--kine", "v0.17.5", *options, source.address, target)
    assert said.status == 0, said.err


@pytest.mark.parametrize("tag", TARGETS)
def test_all_rows_are_found_by_every_release(source: Moved, database15: str, tag: str) -> None:
    move(source, database15)
    with started(tag, database15) as running, running.client() as etcd:
        assert objects_of(etcd) == source.objects
        assert objects_of(etcd, source.middle) == source.early, "an exact list at an old revision"
        assert events_of(etcd, source.middle, source.newest) == source.events, "a watch from an old revision"
        check_writes(etcd, source)
        assert ask(database15, f"SELECT count(*) FROM kine WHERE name LIKE 'gap-%' AND id > {source.newest}") == [(0,)]


def check_writes(etcd: EtcdClient, source: Moved) -> None:
    """The next write has the next revision and is seen by a watch; a moved key is changed by its revision alone."""
    key = next(one for one in source.objects.values() if one.key.startswith(f"{PREFIX}pods/"))
    with etcd.watch(f"{PREFIX}pods/", source.newest + 1) as changes:
        created = etcd.create(f"{PREFIX}pods/a/new", b"v")
        assert source.newest < created <= source.newest + 5
        changed = etcd.update(key, b"after the move")
        with pytest.raises(EtcdFailure):
            etcd.update(key, b"stale")
        etcd.delete(present(etcd, key.key))
        seen = [changes.next() for _ in range(3)]
    assert [(one.key, one.revision) for one in seen[:2]] == [(f"{PREFIX}pods/a/new", created), (key.key, changed)]
    assert (seen[2].key, seen[2].deleted) == (key.key, True)


@pytest.mark.parametrize("tag", TARGETS)
def test_live_rows_are_found_and_all_before_them_is_compacted(source: Moved, database15: str, tag: str) -> None:
    move(source, database15, "--live-only")
    with started(tag, database15) as running, running.client() as etcd:
        assert objects_of(etcd) == source.objects
        if tag == "v0.10.1":  # its own flaw: an old watch is closed without an error about compaction (moving.md §2)
            check_writes(etcd, source)
            return
        with pytest.raises(CompactedRevision):
            etcd.list(PREFIX, revision=source.middle)
        with pytest.raises(WatchEnded) as ended, etcd.watch(PREFIX, source.middle) as changes:
            changes.next()
        assert ended.value.compacted >= source.newest
        check_writes(etcd, source)


def test_after_a_bump_no_client_is_ahead(sqlite: Moved, database15: str) -> None:
    move(sqlite, database15, "--bump-revision", 1_000_000)
    with started("v0.17.5", database15) as running, running.client() as etcd:
        assert objects_of(etcd) == sqlite.objects, "objects keep their revisions"
        with pytest.raises(WatchEnded), etcd.watch(PREFIX, sqlite.newest + 500) as changes:
            changes.next()
        assert etcd.create(f"{PREFIX}pods/a/new", b"v") > sqlite.newest + 1_000_000


def test_a_moved_store_can_be_moved_back(sqlite: Moved, database15: str, pg15: Cluster) -> None:
    """From the first target to a second one: with the writes that came after the first move."""
    move(sqlite, database15)
    with started("v0.17.5", database15) as running, running.client() as etcd:
        etcd.create(f"{PREFIX}pods/a/after", b"v")
        objects = objects_of(etcd)
    with contextmanager(scratch)(pg15) as other:
        assert call("move", "--yes", database15, other).status == 0
        with started("v0.14.16", other) as running, running.client() as etcd:
            assert objects_of(etcd) == objects
