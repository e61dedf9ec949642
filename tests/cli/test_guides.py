"""The pages of docs/guides/move: their commands are executed in order, those of K3s in tests/kine/test_move_k3s.py."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.etcd.server import Certificates, EtcdServer
from tests.guides import GUIDES, OLD, TARGET, GuideRun, KineService
from tests.kine.conftest import built
from tests.kine.smoke import present
from tests.kine.writers import writing
from tests.mariadb import Mariadb
from tests.transfer.conftest import mariadb

__all__ = ["built", "mariadb"]

Built = Callable[[str], Path]
TAG = "v0.17.5"
OF_ETCD = """\
spec:
  containers:
  - command:
    - kube-apiserver
    - --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt
    - --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt
    - --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key
    - --etcd-servers=https://127.0.0.1:2379
    - --secure-port=6443
"""
OF_KINE = """\
spec:
  containers:
  - command:
    - kube-apiserver
    - --etcd-servers=http://127.0.0.1:2379
    - --secure-port=6443
"""
EXECUTED = {
    "archive.md": "this file",
    "etcd.md": "this file",
    "etcd-snapshot.md": "this file",
    "mysql.md": "this file",
    "k3s-sqlite.md": "tests/kine/test_move_k3s.py",
    "k3s-embedded-etcd.md": "tests/kine/test_move_k3s.py",
    "postgresql.md": "tests/kine/test_move_k3s.py",
    "yugabytedb.md": "tests/yugabytedb/test_move_cluster.py",
}


@contextmanager
def service(folder: Path, endpoint: str) -> Iterator[KineService]:
    found = KineService(folder / "kine.env", endpoint, TAG)
    try:
        yield found
    finally:
        found.stop()


def fill(kine: KineService) -> None:
    """Keys that were created, changed, deleted and leased."""
    with kine.start().client() as etcd:
        for number in range(30):
            etcd.create(f"/registry/configmaps/default/c{number}", b"first")
        for number in range(10):
            etcd.update(present(etcd, f"/registry/configmaps/default/c{number}"), b"second")
        etcd.delete(present(etcd, "/registry/configmaps/default/c29"))
        etcd.create("/registry/events/default/e", b"event", lease=3600)


def test_every_page_has_a_way_back_and_is_executed() -> None:
    pages = {path.name for path in GUIDES.glob("*.md")} - {"README.md"}
    assert pages == EXECUTED.keys()
    for page in pages:
        assert "## The way back\n" in (GUIDES / page).read_text(encoding="utf-8")
        assert f"]({page})" in (GUIDES / "README.md").read_text(encoding="utf-8")


@pytest.mark.xdist_group("mariadb")
def test_mysql(built: Built, mariadb: Mariadb, database15: str, tmp_path: Path) -> None:
    """While clients write to it."""
    built(TAG)
    old = mariadb.endpoint(mariadb.create_database())
    with service(tmp_path, old) as kine:
        fill(kine)
        places = {
            "mysql://kine@tcp(mysql.example:3306)/kine": old,
            TARGET: database15,
            "/etc/kine/kine.env": str(kine.file),
        }
        page = GuideRun("mysql.md", tmp_path, places, kine.actions)
        assert kine.running is not None
        with ExitStack() as clients:
            clients.callback(kine.stop)
            clients.enter_context(writing(kine.running, 4))
            page.actions["systemctl stop kine"] = clients.close
            page.run_following("1.")
        page.actions |= kine.actions
        page.run("2.")
        moved = kine.read_revisions()
        assert len(moved) > 30
        page.run("The way back")
        assert kine.read_revisions() == moved


def put_keys(server: EtcdServer) -> None:
    for number in range(10):
        server.run("put", f"/registry/configmaps/default/c{number}", "first")
    server.run("put", "/registry/configmaps/default/c1", "second")
    server.run("del", "/registry/configmaps/default/c2")


def read_revisions(server: EtcdServer) -> dict[str, tuple[int, int, bytes]]:
    """Of each key its newest revision, that of its create, and its value."""
    found = server.read("get", "--prefix", "/registry/")["kvs"]
    return {
        b64decode(kv["key"]).decode(): (kv["mod_revision"], kv["create_revision"], b64decode(kv["value"]))
        for kv in found
    }


def test_etcd(built: Built, certificates: Certificates, database15: str, tmp_path: Path) -> None:
    """The manifests are those of a node of kubeadm. Kine of the test has another port than etcd."""
    built(TAG)
    kubernetes = tmp_path / "kubernetes"
    (kubernetes / "manifests").mkdir(parents=True)
    (kubernetes / "manifests" / "etcd.yaml").touch()
    manifest = kubernetes / "manifests" / "kube-apiserver.yaml"
    manifest.write_text(OF_ETCD)
    with (
        EtcdServer(certificates, trusted_ca_file=str(certificates.ca), client_cert_auth="true") as server,
        service(tmp_path, database15) as kine,
    ):
        put_keys(server)
        certificate, key = certificates.make("server")
        places = {
            "/etc/kubernetes": str(kubernetes),
            "/etc/kubernetes/pki/etcd/ca.crt": str(certificates.ca),
            "/etc/kubernetes/pki/etcd/server.crt": str(certificate),
            "/etc/kubernetes/pki/etcd/server.key": str(key),
            "https://127.0.0.1:2379": server.url,
            TARGET: database15,
        }
        page = GuideRun("etcd.md", tmp_path, places, kine.actions)
        page.run("1.")
        page.run_following("2.")
        page.run("3.")
        assert manifest.read_text() == OF_KINE
        assert database15 in (tmp_path / "kine" / "kine.env").read_text()
        kine.start()
        assert kine.read_revisions() == read_revisions(server)
        page.run("The way back")
        assert kine.running is None
        assert manifest.read_text() == OF_ETCD
        assert (kubernetes / "manifests" / "etcd.yaml").exists()


def test_etcd_snapshot(built: Built, etcd: EtcdServer, database15: str, tmp_path: Path) -> None:
    built(TAG)
    put_keys(etcd)
    places = {"http://127.0.0.1:2379": etcd.url, TARGET: database15}
    page = GuideRun("etcd-snapshot.md", tmp_path, places)
    page.run("1.", "2.", "The way back")
    assert "Equal: " in page.calls[-1].out
    with service(tmp_path, database15) as kine, kine.start().client() as client:
        assert kine.read_revisions() == read_revisions(etcd)
        assert client.create("/registry/configmaps/default/next", b"") > 1_000_000


def test_archive(built: Built, database15: str, tmp_path: Path) -> None:
    built(TAG)
    with service(tmp_path, f"{database15}_old") as kine:
        fill(kine)
        before = kine.read_revisions()
        places = {
            OLD: f"{database15}_old",
            TARGET: f"{database15}_restored",
            f"{TARGET}_2": f"{database15}_moved",
            "/etc/kine/kine.env": str(kine.file),
        }
        page = GuideRun("archive.md", tmp_path, places, kine.actions)
        page.run("1.", "2.", "3.")
        assert kine.read_revisions() == before
        page.run("The way back")
        assert kine.read_revisions() == before
    with service(tmp_path, f"{database15}_moved") as kine:
        kine.start()
        assert kine.read_revisions() == before
