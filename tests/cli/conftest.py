"""Stores for the commands: copies of one that is filled once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.cluster import Cluster
from tests.database.stores import ask, make

OBJECTS = 1000


@pytest.fixture(scope="session")
def filled(pg15: Cluster) -> str:
    """The name of a database that is copied and never used: 5,102 rows as Kine's own DDL keeps them."""
    name = f"filled_{uuid.uuid4().hex[:8]}"
    ask(pg15.dsn(), f"CREATE DATABASE {name}")
    make(pg15.dsn(name), objects=OBJECTS)
    ask(pg15.dsn(name), "VACUUM (ANALYZE) kine")
    return name


@pytest.fixture
def store(pg15: Cluster, filled: str) -> Iterator[str]:
    """The endpoint of a stock store in use, which the test may change."""
    name = f"s{uuid.uuid4().hex[:12]}"
    ask(pg15.dsn(), f"CREATE DATABASE {name} TEMPLATE {filled}")
    yield pg15.dsn(name)
    ask(pg15.dsn(), f"DROP DATABASE {name} WITH (FORCE)")
