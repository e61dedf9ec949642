"""
A real YugabyteDB for a test run: the cluster that KINETUNE_TEST_YB_DSN names, or one of our own, shared by all workers.

Ours is started by ../shared/yugabytedb/cluster beside the repository (its README), on addresses where nothing listens.
Each worker that uses it holds a shared lock on a file; the last to let go stops it. What a killed run has left is
stopped by the next one, which finds its file without a holder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psycopg

from tests.cluster import MissingServer

PROGRAM = Path(__file__).parents[3] / "shared" / "yugabytedb" / "cluster"
HOME = Path(tempfile.gettempdir()) / "kinetune-yugabytedb"
NETS = [f"127.0.{number}" for number in range(20, 60)]
"""Networks to choose from, far from what people start by hand; a node is .1, .2 or .3."""
PORTS = (5433, 7000, 7100, 9000, 9100)


@dataclass(frozen=True)
class Ours:
    """A cluster that runs: `net` is 127.0.N, `nodes` 1 or 3. Its nodes may be killed and started again."""

    net: str
    nodes: int

    def dsn(self, database: str = "yugabyte", node: int = 1) -> str:
        return f"postgres://yugabyte@{self.net}.{node}:5433/{database}?sslmode=disable"

    def run(self, *arguments: str, timeout: float = 240) -> str:
        """`cluster ARGUMENTS`; RuntimeError with what it says where it fails."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            env={**os.environ, "YB_NET": self.net, "YB_DATA": str(HOME / self.net / "data")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"cluster {' '.join(arguments)}: {done.stdout.strip()[-500:]}")
        return done.stdout

    def answers(self, node: int) -> bool:
        """Whether a new session there gets an answer."""
        try:
            with psycopg.connect(self.dsn(node=node), connect_timeout=5) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.Error:
            return False

    def kill(self, node: int) -> None:
        """SIGKILL; returns when it answers nobody any more."""
        self.run("kill", str(node))
        for _ in range(40):
            if not self.answers(node):
                return
            time.sleep(0.25)
        raise RuntimeError(f"node {node} was killed and still answers: {self.run('status')}")

    def start(self, node: int) -> None:
        self.run("start", str(node))

    def whole(self) -> bool:
        """Whether every node runs and answers."""
        return " down" not in self.run("status") and all(self.answers(node) for node in range(1, self.nodes + 1))

    def flush(self, database: str, *tables: str) -> None:
        """Write out and compact: what deleted rows and a bulk load have left slows nothing down any more."""
        for table in tables:
            for action in ("flush_table", "compact_table"):
                self.run("admin", action, f"ysql.{database}", table, "60")


@contextlib.contextmanager
def shared(name: str, run: str, *flags: str, nodes: int = 3) -> Iterator[Ours]:
    """
    The cluster of that name for a test run, started by whoever comes first with `cluster up FLAGS`.

    MissingServer where the program is not beside the repository.
    """
    if not PROGRAM.exists():
        raise MissingServer(f"no YugabyteDB: neither KINETUNE_TEST_YB_DSN nor {PROGRAM} is there (docs/yugabytedb.md)")
    HOME.mkdir(exist_ok=True)
    with contextlib.ExitStack() as stack:
        with _alone():
            _stop_abandoned()
            users = stack.enter_context((HOME / f"{name}-{run}.users").open("a+"))
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster = _running(users, nodes) or _start(users, nodes, flags)
        try:
            yield cluster
        finally:
            with _alone():
                _let_go(users, cluster)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One worker at a time decides about clusters."""
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _running(users: TextIO, nodes: int) -> Ours | None:
    """The cluster that another worker of this run has started."""
    users.seek(0)
    net = users.read().strip()
    return Ours(net, nodes) if net else None


def _start(users: TextIO, nodes: int, flags: tuple[str, ...]) -> Ours:
    """Its address is written down first, so that whatever came up is found and stopped."""
    cluster = Ours(next(net for net in NETS if not _listens(net)), nodes)
    users.write(cluster.net)
    users.flush()
    cluster.run("up", "--nodes", str(nodes), *flags)
    return cluster


def _listens(net: str) -> bool:
    """Whether anything is up there: `cluster up` would wipe it."""
    places = [(f"{net}.{host}", port) for host in (1, 2, 3) for port in PORTS]
    for place in places:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(place) == 0:
                return True
    return False


def _let_go(users: TextIO, cluster: Ours) -> None:
    """Stop it where nobody else holds the file."""
    fcntl.flock(users, fcntl.LOCK_UN)
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        cluster.run("down")
        Path(users.name).unlink()


def _stop_abandoned() -> None:
    for file in HOME.glob("*.users"):
        with file.open("r+") as users, contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if net := users.read().strip():
                Ours(net, 3).run("down")
            file.unlink()
