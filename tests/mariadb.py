"""A private MariaDB on 127.0.0.1 and a socket, never a mock."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from tests.cluster import MissingServer, free_port

PROGRAM = Path("/usr/sbin/mariadbd")
PATIENCE = 60.0  # seconds until a start counts as failed
SETTINGS = {
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-flush-method": "nosync",
    "innodb-buffer-pool-size": "64M",
    "innodb-log-file-size": "32M",
    "max-allowed-packet": "64M",
    "bind-address": "127.0.0.1",
    "skip-name-resolve": "1",
    "performance-schema": "0",
}


def make_certificate(folder: Path, user: str) -> dict[str, str]:
    """Options of a server whose certificate is its own authority, for the address 127.0.0.1."""
    certificate, key = folder / "server.pem", folder / "server.key"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    if os.geteuid() == 0:
        shutil.chown(key, user)
    return {"ssl-cert": str(certificate), "ssl-key": str(key), "ssl-ca": str(certificate)}


@dataclass
class Mariadb:
    """A running server; `root` needs no password on the socket and TCP. `folder` holds data, socket and log."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, **settings: str) -> Mariadb:
        if not PROGRAM.exists():
            raise MissingServer("no MariaDB: apt-get install mariadb-server")
        user = "mysql" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        folder, port = Path(tempfile.mkdtemp(prefix="kinetune-mariadb-", dir="/tmp")), free_port()
        folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(folder, user)
        common = ["--no-defaults", f"--user={user}", f"--datadir={folder / 'data'}"]
        made = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(made, check=True, capture_output=True)
        tls = make_certificate(folder, user)
        given = {name.replace("_", "-"): value for name, value in settings.items()}
        options = [f"--{name}={value}" for name, value in (SETTINGS | tls | given).items()]
        options += [f"--port={port}", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*guard, str(PROGRAM), *common, *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        server = cls(folder, port, process)
        server._await()
        return server

    def _await(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connect().close()
                return
            except pymysql.err.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:]) from None
                time.sleep(0.1)

    def connect(self, database: str | None = None) -> Any:
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True, charset="utf8mb4"
        )

    def run(self, *statements: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall())

    def create_database(self) -> str:
        name = f"t{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name}")
        return name

    def endpoint(self, database: str, account: str = "root", parameters: str = "") -> str:
        return f"mysql://{account}@tcp(127.0.0.1:{self.port})/{database}{parameters}"

    def remove(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder)
