"""
A real YugabyteDB for the tests of this folder, and databases in it.

`yb` is one cluster for all workers of a run: the one that KINETUNE_TEST_YB_DSN names (`make test-yugabytedb DSN=…`),
else one of our own (cluster.py). `apart` is a second one, whose nodes die and whose flags change: never a named one.
The tests of each are one xdist group: a change of a catalog ends others in the same cluster with 40001.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from kinetune.database.probe import read_least_cache
from kinetune.database.session import open_session
from tests.cli.call import CallResult, call
from tests.cluster import MissingServer
from tests.database.stores import place
from tests.yugabytedb.cluster import Ours, shared

HOST = f"{zlib.crc32(uuid.getnode().to_bytes(8, 'big')):08x}"
OURS = f"kt_{HOST}_"
"""How our databases begin: only those of runs on this machine that have ended are dropped."""

_numbers = itertools.count()
"""Of all databases of this process: no test gets the name of one that an earlier test has left behind."""


@dataclass
class Yb:
    """`dsn` names a maintenance database. `flag` is the least cache of a sequence on its node."""

    dsn: str
    http: str
    flag: int
    ours: Ours | None = None

    def of(self, database: str) -> str:
        place, mark, options = self.dsn.partition("?")
        return f"{place.rsplit('/', 1)[0]}/{database}{mark}{options}"

    def name(self) -> str:
        return f"{OURS}{os.getpid()}_{next(_numbers)}"

    def run(self, *arguments: object) -> CallResult:
        """kinetune, with the tservers' port; ids that would be cached are allowed where the flag says so."""
        return call(*arguments, KINETUNE_TSERVER_HTTP=self.http)

    def init(self, dsn: str, *arguments: object) -> CallResult:
        allowed = ("--allow", "SEQUENCE_CACHE") if self.flag > 1 else ()
        return self.run("init", "--yes", *allowed, *arguments, dsn)

    def execute(self, dsn: str, *statements: str) -> list[tuple[object, ...]]:
        """Each by itself, tried again where the catalog moved (docs/facts/recorded.md §3); rows of the last."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(dsn.replace("yugabytedb://", "postgres://"), autocommit=True) as connection:
            for statement in statements:
                cursor = patiently(connection, statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows

    @contextlib.contextmanager
    def fresh(self) -> Iterator[str]:
        """The endpoint of a database that does not exist yet. One of a failed test stays: it may still be in use."""
        name = self.name()
        yield self.of(name)
        self.execute(self.dsn, f"DROP DATABASE IF EXISTS {name}")

    @contextlib.contextmanager
    def empty(self) -> Iterator[str]:
        """The same, made, with nothing in it. A try that fails half way leaves its name taken in the storage."""
        for _ in range(8):
            with self.fresh() as dsn, psycopg.connect(self.dsn, autocommit=True) as connection:
                name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
                try:
                    connection.execute(f"CREATE DATABASE {name}".encode())
                except (psycopg.errors.SerializationFailure, psycopg.errors.InternalError_):
                    continue
                yield dsn
                return
        raise RuntimeError("no database could be created")


def patiently(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> psycopg.Cursor[tuple[object, ...]]:
    for _ in range(8):
        try:
            return connection.execute(statement.encode())
        except (psycopg.errors.SerializationFailure, psycopg.errors.InternalError_, psycopg.errors.ObjectInUse):
            time.sleep(0.5)
    return connection.execute(statement.encode())


@pytest.fixture(scope="session")
def yb(testrun_uid: str) -> Iterator[Yb]:
    dsn = os.environ.get("KINETUNE_TEST_YB_DSN")
    with contextlib.ExitStack() as stack:
        ours = None if dsn else stack.enter_context(_shared("main", testrun_uid, "--cache", "1"))
        found = _found(dsn or (ours.dsn() if ours else ""), ours)
        if dsn:
            _drop_abandoned(found)
        yield found


@contextlib.contextmanager
def _shared(name: str, run: str, *flags: str, nodes: int = 3) -> Iterator[Ours]:
    try:
        stack = contextlib.ExitStack()
        cluster = stack.enter_context(shared(name, run, *flags, nodes=nodes))
    except MissingServer as missing:
        pytest.skip(str(missing))
    with stack:
        yield cluster


def _found(dsn: str, ours: Ours | None) -> Yb:
    with open_session(place(dsn), "test", write=True) as session:
        flag = read_least_cache(session)
    return Yb(dsn, os.environ.get("KINETUNE_TEST_YB_HTTP") or "9000", flag, ours)


def _drop_abandoned(yb: Yb) -> None:
    """Databases of runs on this machine whose process has ended."""
    for (name,) in yb.execute(yb.dsn, f"SELECT datname FROM pg_database WHERE datname LIKE '{OURS}%'"):
        pid = str(name).removeprefix(OURS).split("_")[0]
        if not Path(f"/proc/{pid}").exists():
            yb.execute(yb.dsn, f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def fresh(yb: Yb) -> Iterator[str]:
    with yb.fresh() as dsn:
        yield dsn


@pytest.fixture
def empty(yb: Yb) -> Iterator[str]:
    with yb.empty() as dsn:
        yield dsn


Apart = Callable[..., Yb]


@pytest.fixture(scope="session")
def apart(testrun_uid: str) -> Iterator[Apart]:
    """A cluster with the flags that are asked for: started again where it has others, or a node does not answer."""
    if os.environ.get("KINETUNE_TEST_YB_DSN"):
        pytest.skip("a named cluster is used as it is: its nodes are not killed, its flags not changed")
    with _shared("apart", testrun_uid, "--cache", "1") as cluster:
        state = ["--cache", "1"]

        def with_flags(*flags: str) -> Yb:
            if list(flags) != state or not cluster.whole():
                cluster.run("up", "--nodes", "3", *flags)
                state[:] = flags
            return _found(cluster.dsn(), cluster)

        yield with_flags
