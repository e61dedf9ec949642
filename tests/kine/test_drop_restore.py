"""Away with a store of 100,000 rows, and back: a real Kine finds every object where and as it was."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import KeyValue
from kinetune.workload.store import StoreSize, fill_store
from tests.cli.call import CallResult, start_process, wait_for_exit
from tests.database.stores import ask, make
from tests.kine.process import Kine
from tests.kine.smoke import present, smoke
from tests.workload.test_store import prepared

Built = Callable[[str], Path]
TAG = "v0.17.5"
ROWS = 100_000
PAGE = 500


def named(dsn: str) -> str:
    return dsn.rpartition("/")[2]


def run(*arguments: object) -> CallResult:
    """In a process of its own, as a user has it; how long it took is told."""
    started = time.monotonic()
    said = wait_for_exit(start_process(*arguments), 300)
    print(f"{arguments[0]}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    return said


def objects(etcd: EtcdClient) -> dict[str, KeyValue]:
    """All there are, page by page, as an apiserver reads them when it starts."""
    page = etcd.list("/registry/", limit=PAGE)
    found = {kv.key: kv for kv in page.objects}
    while page.more:
        page = etcd.list_next("/registry/", page, limit=PAGE)
        found |= {kv.key: kv for kv in page.objects}
    return found


def test_every_object_its_revision_and_its_value_come_back(built: Built, database15: str, tmp_path: Path) -> None:
    built(TAG)
    fill_store(prepared(database15, "tuned"), StoreSize.of_rows(ROWS))
    with Kine(TAG, database15) as kine, kine.client() as etcd:
        etcd.create("/registry/pods/default/last", b"before")
        pod = etcd.update(present(etcd, "/registry/pods/default/last"), b"after")
        before = objects(etcd)
        newest = max(pod, etcd.update(present(etcd, "/registry/pods/default/last"), b"after"))
        before |= objects(etcd)
    assert len(before) > 10_000
    ((highest,),) = ask(database15, "SELECT last_value FROM kine_id_seq")
    file = tmp_path / "kubernetes.kinetune"
    said = run("drop", "--observe", "1s", "--backup", file, "--confirm", named(database15), database15)
    assert said.status == 0, said.err
    assert ask(database15, "SELECT to_regclass('kine'), to_regclass('kine_id_seq')") == [(None, None)]
    back = run("restore", "--yes", file, database15)
    assert back.status == 0, back.err
    with Kine(TAG, database15) as kine, kine.client() as etcd:
        assert objects(etcd) == before
        created = etcd.create("/registry/pods/default/new", b"v1")
        assert created > max(newest, highest)
        assert etcd.update(present(etcd, "/registry/pods/default/last"), b"again") > created
        smoke(etcd, TAG)


def test_while_a_kine_is_connected_nothing_is_dropped(built: Built, database15: str) -> None:
    built(TAG)
    make(database15, objects=20)
    with Kine(TAG, database15) as kine, kine.client() as etcd:
        etcd.create("/registry/pods/default/a", b"v1")
        said = run("drop", "--observe", "0.5", "--confirm", named(database15), database15)
        assert said.status == 4
        assert "kinetune: nothing was changed: Kine may be running: the session " in said.err
        assert "add --allow KINE_RUNS" in said.err
        whole = run("drop", "--database", "--observe", "0.5", "--confirm", named(database15), database15)
        assert whole.status == 4
        assert etcd.create("/registry/pods/default/b", b"v1")
    assert ask(database15, "SELECT count(*) > 100 FROM kine") == [(True,)]


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.16"])
def test_an_older_kine_goes_on_with_what_came_back(built: Built, database15: str, tmp_path: Path, tag: str) -> None:
    built(tag)
    with Kine(tag, database15) as kine, kine.client() as etcd:
        revisions = [etcd.create(f"/registry/pods/default/p{number}", b"v1") for number in range(20)]
    file = tmp_path / "x"
    assert run("drop", "--observe", "0.5", "--backup", file, "--confirm", named(database15), database15).status == 0
    assert run("restore", "--yes", file, database15).status == 0
    with Kine(tag, database15) as kine, kine.client() as etcd:
        assert [present(etcd, f"/registry/pods/default/p{number}").revision for number in range(20)] == revisions
        assert etcd.create("/registry/pods/default/new", b"v1") > revisions[-1]
