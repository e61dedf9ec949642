"""Real servers for the tests. A missing one skips with a reason on a laptop and fails in CI."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.cluster import DEBIAN_15, Cluster, MissingServer, wheel_binaries
from tests.etcd.server import Certificates, EtcdServer
from tests.k3s import K3sServer


def absent(reason: str) -> None:
    """Skip, or fail where every server is required (CI=true, or KINETUNE_REQUIRE_SERVERS=1)."""
    if os.environ.get("CI") or os.environ.get("KINETUNE_REQUIRE_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)


def started(kind: str) -> Iterator[Cluster]:
    """A server of one's own; a missing one skips, or fails in CI."""
    try:
        cluster = Cluster.start(DEBIAN_15 if kind == "postgresql-15" else wheel_binaries())
    except MissingServer as missing:
        absent(str(missing))
        return
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def pg15() -> Iterator[Cluster]:
    """Debian's PostgreSQL 15, the base of YugabyteDB 2025."""
    yield from started("postgresql-15")


@pytest.fixture(scope="session")
def pg18() -> Iterator[Cluster]:
    """PostgreSQL 18 of the embedded wheel."""
    yield from started("postgresql-18")


@pytest.fixture(scope="session", params=["pg15", "pg18"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Each server in turn."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Cluster)
    return found


def scratch(cluster: Cluster) -> Iterator[str]:
    """The endpoint of a new, empty database, dropped afterwards."""
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield cluster.dsn(name)
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    """The endpoint of a new, empty database on each server."""
    yield from scratch(cluster)


@pytest.fixture
def database15(pg15: Cluster) -> Iterator[str]:
    """The endpoint of a new, empty database on PostgreSQL 15 alone, for what costs time."""
    yield from scratch(pg15)


@pytest.fixture
def etcd() -> Iterator[EtcdServer]:
    """An empty etcd."""
    with _not_missing(), EtcdServer() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    with _not_missing():
        return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def secure_etcd(certificates: Certificates) -> Iterator[EtcdServer]:
    """An etcd that asks for client certificates, with users and some keys: `reader` may read /registry/ alone."""
    with EtcdServer(certificates, trusted_ca_file=str(certificates.ca), client_cert_auth="true") as server:
        server.run("put", "/registry/pods/a", "v")
        server.run("put", "/other", "v")
        server.require_users()
        yield server


@pytest.fixture
def k3s(tmp_path: Path) -> Iterator[K3sServer]:
    """A K3s server that is not started. Its tests belong to one xdist group: `tests.k3s.GROUP`."""
    with _not_missing():
        server = K3sServer(tmp_path)
        yield server
        server.kill()


@contextmanager
def _not_missing() -> Iterator[None]:
    """Skip, or fail in CI, if a program of the server is missing."""
    try:
        yield
    except MissingServer as missing:
        absent(str(missing))
        raise
