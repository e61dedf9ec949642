"""
A real YugabyteDB cluster, named by KINETUNE_TEST_YB_DSN (`make test-yugabytedb DSN=… [HTTP=…]`), and databases in it.

Written against the recordings of a 2.21 cluster (shared/data/yugabytedb) and run on a real one before each release.
Every database it makes is called kt_… and dropped afterwards.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from kinetune.database.probe import least_cache
from kinetune.database.session import visit
from tests.cli.call import Said, call
from tests.database.stores import place

ABSENT = "no cluster is named: make test-yugabytedb DSN=postgres://yugabyte@127.0.0.1:5433/yugabyte"


@dataclass
class Yb:
    """`dsn` names a maintenance database. `flag` is the least cache of a sequence on its node; `told` the tables."""

    dsn: str
    http: str
    flag: int
    told: list[str] = field(default_factory=list)

    def of(self, database: str) -> str:
        place, mark, options = self.dsn.partition("?")
        return f"{place.rsplit('/', 1)[0]}/{database}{mark}{options}"

    def run(self, *arguments: object) -> Said:
        """kinetune, with the tservers' port; ids that would be cached are allowed where the flag says so."""
        return call(*arguments, KINETUNE_TSERVER_HTTP=self.http)

    def init(self, dsn: str, *arguments: object) -> Said:
        allowed = ("--allow", "SEQUENCE_CACHE") if self.flag > 1 else ()
        return self.run("init", "--yes", *allowed, *arguments, dsn)

    def execute(self, dsn: str, *statements: str) -> list[tuple[object, ...]]:
        """Each by itself, tried again where the catalog moved (FINDINGS.md, DDL); rows of the last."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(dsn.replace("yugabytedb://", "postgres://"), autocommit=True) as connection:
            for statement in statements:
                cursor = _patiently(connection, statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows


def _patiently(
    connection: psycopg.Connection[tuple[object, ...]], statement: str
) -> psycopg.Cursor[tuple[object, ...]]:
    for _ in range(8):
        try:
            return connection.execute(statement.encode())
        except (psycopg.errors.SerializationFailure, psycopg.errors.InternalError_):
            continue
    return connection.execute(statement.encode())


@pytest.fixture(scope="session")
def yb() -> Iterator[Yb]:
    dsn = os.environ.get("KINETUNE_TEST_YB_DSN")
    if not dsn:
        pytest.skip(ABSENT)
    with visit(place(dsn), "test", write=True) as session:
        release, flag = str(session.server), least_cache(session)
    cluster = Yb(dsn, os.environ.get("KINETUNE_TEST_YB_HTTP") or "9000", flag)
    yield cluster
    print(f"\n{release}, ysql_sequence_cache_minval {flag}\n" + "\n".join(cluster.told))


@pytest.fixture
def name() -> str:
    return f"kt_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def fresh(yb: Yb, name: str) -> Iterator[str]:
    """The endpoint of a database that does not exist yet."""
    yield yb.of(name)
    yb.execute(yb.dsn, f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def empty(yb: Yb, name: str, fresh: str) -> str:
    """The same, made, with nothing in it."""
    yb.execute(yb.dsn, f"CREATE DATABASE {name}")
    return fresh
