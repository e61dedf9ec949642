"""Everything kube-apiserver, etcdctl and a rough night can make a Kine send, in one go."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import KeyValue
from kinetune.etcd.failures import EtcdFailure
from tests.kine.process import Kine, flags

PODS = "/registry/pods/"
MANY = 1100  # revisions: more than the 1000 that Kine never compacts
COMPACTION_WAIT = 330.0  # seconds; releases before v0.13.15 compact every 300, and nothing hurries them


@dataclass(frozen=True)
class Drive:
    """One drive of one release against one empty database."""

    tag: str
    dsn: str
    compaction: bool = True

    def kine(self) -> Kine:
        return Kine(
            self.tag,
            f"{self.dsn}?application_name=kine",
            slow_sql_threshold="1ns",
            log_format="json",
            compact_interval="0",
            compact_min_retain="0",
        )

    def run(self) -> str:
        """Drive it; the log of Kine's two lives."""
        with self.kine() as kine, psycopg.connect(self.dsn, autocommit=True) as side:
            with kine.client() as etcd:
                first_life(etcd)
            kine.stop()
            plant(side)
            kine.start()
            with kine.client() as etcd:
                second_life(etcd, side)
                if self.compaction:
                    compact(kine, etcd, side)
            kine.stop()
            return kine.text()


def attempt(call: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    """Ask, and do not mind a no: a conflict is wanted, and old releases refuse what new ones do."""
    with suppress(EtcdFailure):
        call(*arguments, **named)


def first_life(etcd: EtcdClient) -> None:
    """A handful of objects, so that the second start finds revisions, old values and a lease."""
    for number in range(8):
        etcd.create(f"{PODS}default/p{number}", b"v")
    etcd.create("/registry/events/default/seed", b"v", etcd.grant_lease(3600))


def plant(side: psycopg.Connection[Any]) -> None:
    """A second compact_rev_key row, which makes the next start delete one of the two."""
    side.execute(
        "INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value)"
        " VALUES ('compact_rev_key', 0, 0, 0, 1, 0, '')"
    )


def second_life(etcd: EtcdClient, side: psycopg.Connection[Any]) -> None:
    write(etcd)
    read(etcd)
    keys_only(etcd)
    everything(etcd)
    watch(etcd)
    attempt(etcd.read_status)
    gap(etcd, side)


def write(etcd: EtcdClient) -> None:
    """Create, update, delete, each also in vain."""
    key = f"{PODS}default/written"
    etcd.create(key, b"v")
    attempt(etcd.create, key, b"v")
    old = present(etcd, key)
    etcd.update(old, b"w")
    attempt(etcd.update, old, b"x")
    attempt(etcd.delete, old)
    etcd.delete(present(etcd, key))
    etcd.create(key, b"again")
    attempt(etcd.claim_compaction, 0, 1)


def read(etcd: EtcdClient) -> None:
    key = f"{PODS}default/p1"
    revision = present(etcd, key).revision
    etcd.get(f"{PODS}default/missing")
    etcd.get(key, revision)
    page = etcd.list(PODS, limit=2)
    etcd.list_next(PODS, page, limit=2)
    etcd.list_next(PODS, page, limit=0)
    etcd.list(PODS)
    etcd.list(PODS, revision=page.revision)
    etcd.list(PODS, limit=2, revision=page.revision)
    etcd.list("/registry/none/")
    etcd.count(PODS)
    attempt(etcd.count, PODS, page.revision)


def keys_only(etcd: EtcdClient) -> None:
    """Lists without values, known from v0.14.0 on."""
    key = f"{PODS}default/p1"
    revision = present(etcd, key).revision
    page = etcd.list(PODS, limit=2)
    for limit in (0, 2):
        attempt(etcd.list_next, PODS, page, limit=limit, keys_only=True)
        attempt(etcd.list, PODS, limit=limit, keys_only=True)
        attempt(etcd.list, PODS, limit=limit, revision=revision, keys_only=True)
    attempt(etcd.get, key, keys_only=True)
    attempt(etcd.get, key, revision, keys_only=True)


def everything(etcd: EtcdClient) -> None:
    """`etcdctl get --prefix ""`, refused by PostgreSQL until v0.16."""
    revision = present(etcd, f"{PODS}default/p1").revision
    for at in (0, revision):
        attempt(etcd.list, "", revision=at)
        attempt(etcd.list, "", keys_only=True, revision=at)
        attempt(etcd.list, "", count_only=True, revision=at)


def watch(etcd: EtcdClient) -> None:
    """From now, from the past, of one object, and until a lease runs out."""
    old = present(etcd, f"{PODS}default/p2")
    with etcd.watch(PODS) as changes:
        etcd.update(old, b"seen")
        changes.next()
    with etcd.watch(PODS, old.revision) as changes:
        changes.next()
    with etcd.watch("/registry/events/") as changes:
        etcd.create("/registry/events/default/fleeting", b"v", etcd.grant_lease(1))
        while not changes.next().deleted:
            pass


def gap(etcd: EtcdClient, side: psycopg.Connection[Any]) -> None:
    """A revision that no row has: Kine fills it."""
    side.execute("SELECT nextval('kine_id_seq')")
    etcd.create(f"{PODS}default/after-the-gap", b"v")
    until(side, "SELECT count(*) > 0 FROM kine WHERE name LIKE 'gap-%'", 30)


def compact(kine: Kine, etcd: EtcdClient, side: psycopg.Connection[Any]) -> None:
    """At once where the release has the flag, else after its own fixed five minutes."""
    side.execute(
        "INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value)"
        f" SELECT '/registry/events/default/e' || n, 1, 0, 0, 0, 0, '' FROM generate_series(1, {MANY}) AS n"
    )
    patience = 30.0
    if "compact-interval" in flags(kine.program):
        etcd.compact(present(etcd, f"{PODS}default/p2").revision)
    else:
        patience = COMPACTION_WAIT
        print(f"{kine.tag} compacts on its own after 300 seconds: waiting", file=sys.stderr, flush=True)
    until(side, "SELECT max(prev_revision) > 1 FROM kine WHERE name = 'compact_rev_key'", patience)


def present(etcd: EtcdClient, key: str) -> KeyValue:
    found = etcd.get(key)
    assert found is not None, key
    return found


def until(side: psycopg.Connection[Any], question: str, patience: float) -> None:
    """Wait until the database says yes."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        row = side.execute(question).fetchone()
        if row is not None and row[0]:
            return
        time.sleep(0.2)
    raise TimeoutError(f"not within {patience} seconds: {question}")
