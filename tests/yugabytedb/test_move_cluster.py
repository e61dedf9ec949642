"""A K3s on SQLite moved onto a real YugabyteDB cluster, and a store moved from it and back, by docs/guides/move."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.database.stores import ask
from tests.guides import GuideRun, KineService
from tests.k3s import GROUP, K3sServer, require_equal
from tests.kine.smoke import present
from tests.yugabytedb.conftest import Apart, Yb

pytestmark = pytest.mark.yugabytedb


@pytest.mark.xdist_group(GROUP)
def test_k3s_from_sqlite_onto_the_cluster(apart: Apart, k3s: K3sServer) -> None:
    yb = apart("--cache", "1")
    with yb.fresh() as dsn:
        k3s.up("--secrets-encryption")
        before = k3s.work()
        page = GuideRun.of_k3s("k3s-sqlite.md", k3s, dsn)
        page.actions["systemctl stop k3s"] = k3s.kill  # power loss: the newest rows are in SQLite's write-ahead log
        page.run("2.", "3.")
        require_equal(k3s, before)
        assert ask(dsn, "SELECT count(*) FROM kine WHERE name LIKE '%/after-%'") == [(1,)]
        k3s.kill()


@pytest.mark.soak
@pytest.mark.xdist_group("yugabytedb")
def test_the_page_from_yugabytedb(yb: Yb, database15: str, tmp_path: Path) -> None:
    with yb.fresh() as old, yb.fresh() as back:
        assert yb.init(old).status == 0
        service = KineService(tmp_path / "kine.env", old)
        places = {
            "yugabytedb://yugabyte@yb.example:5433/kubernetes": old,
            "yugabytedb://yugabyte@yb.example:5433/kubernetes_2": back,
            "postgres://yugabyte@yb.example:5433/kubernetes_2": back,
            "postgres://kine@db.example/kubernetes": database15,
            "/etc/kine/kine.env": str(service.file),
        }
        page = GuideRun("yugabytedb.md", tmp_path, places, service.actions)
        try:
            with service.start().client() as etcd:
                for number in range(20):
                    etcd.create(f"/registry/configmaps/default/c{number}", b"first", lease=3600)
                etcd.update(present(etcd, "/registry/configmaps/default/c1"), b"second")
            before = service.read_revisions()
            page.run_following("1.")
            page.run("2.")
            assert service.read_revisions() == before
            assert service.running is not None
            with service.running.client() as etcd:
                etcd.create("/registry/configmaps/default/on-postgresql", b"")
            after = service.read_revisions()
            page.run("The way back")
            assert service.read_revisions() == after
        finally:
            service.stop()
