"""Stores for the commands: copies of one store that is filled once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.moving import history, make_store
from tests.cluster import DEBIAN_15, Cluster, MissingServer
from tests.conftest import absent
from tests.database.stores import ask, make

OBJECTS = 1000
SECRET = "tr0ub4dor and 3"


@pytest.fixture(scope="session")
def filled(pg15: Cluster) -> str:
    """The name of a database that is only copied: 5,102 rows in the schema that Kine creates."""
    name = f"filled_{uuid.uuid4().hex[:8]}"
    ask(pg15.dsn(), f"CREATE DATABASE {name}")
    make(pg15.dsn(name), objects=OBJECTS)
    ask(pg15.dsn(name), "VACUUM (ANALYZE) kine")
    return name


@pytest.fixture
def store(pg15: Cluster, filled: str) -> Iterator[str]:
    """The endpoint of a store with Kine's own schema, which the test may change."""
    name = f"s{uuid.uuid4().hex[:12]}"
    ask(pg15.dsn(), f"CREATE DATABASE {name} TEMPLATE {filled}")
    yield pg15.dsn(name)
    ask(pg15.dsn(), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def guarded() -> Iterator[Cluster]:
    """A server with a store `kubernetes` that requires the password SECRET (scram-sha-256) from all clients."""
    try:
        cluster = Cluster.start(DEBIAN_15, password_encryption="scram-sha-256")
    except MissingServer as missing:
        absent(str(missing))
        return
    ask(cluster.dsn(), "CREATE DATABASE kubernetes")
    make(cluster.dsn("kubernetes"), objects=100)
    ask(cluster.dsn(), f"ALTER ROLE postgres PASSWORD '{SECRET}'")
    (cluster.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    ask(cluster.dsn(), "SELECT pg_reload_conf()")
    time.sleep(0.3)
    yield cluster
    cluster.remove()


@pytest.fixture
def sqlite(tmp_path: Path) -> Path:
    """A SQLite store of Kine that is not in use."""
    return make_store(tmp_path / "state.db", *history())
