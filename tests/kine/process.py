"""A running Kine on 127.0.0.1, never a mock, never left behind."""

from __future__ import annotations

import functools
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from kinetune.etcd.client import EtcdClient
from tests.cluster import free_port
from tests.kine.binary import kine

PATIENCE = 60.0  # seconds until a start counts as failed; Kine itself would ping a missing database for 300


class KineFailed(Exception):
    """Kine did not start or died; the end of its log says why."""


@functools.cache
def flags(program: Path) -> frozenset[str]:
    """The flags this build knows, read from its own help."""
    told = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    return frozenset(re.findall(r"^\s+--([a-z0-9-]+)", told, re.MULTILINE))


class Kine:
    """
    One Kine process as a context manager.

    `settings` are its flags with underscores (`slow_sql_threshold="1ns"`); a flag the release does not know is left
    out. Metrics are off unless `metrics_bind_address` is set, so that nothing listens on every address. `environment`
    is all it sees of the environment (KINE_SCHEMA_MIGRATION).
    """

    def __init__(self, tag: str, dsn: str, environment: Mapping[str, str] | None = None, **settings: str) -> None:
        self.tag = tag
        self.program = kine(tag)
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = dict(environment or {})
        self.settings = {"metrics_bind_address": "0", **settings, "listen_address": self.address, "endpoint": dsn}
        self.log = Path(tempfile.mkdtemp(prefix="kinetune-kine-", dir="/tmp")) / "kine.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Kine:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self.log.parent)

    def start(self) -> None:
        """Start, or start again after `stop` or `kill`, and wait until it listens; else KineFailed with the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise KineFailed(f"Kine {self.tag} did not start:\n{self.text()[-2000:]}")
            time.sleep(0.05)

    def command(self) -> list[str]:
        """The command line; on Linux it dies with this process (setpriv --pdeathsig), however this one ends."""
        known = flags(self.program)
        given = {name.replace("_", "-"): value for name, value in self.settings.items()}
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        return [*guard, str(self.program), *(f"--{name}={value}" for name, value in given.items() if name in known)]

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after ten seconds."""
        if self.process is None:
            return
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.kill()

    def kill(self) -> None:
        """SIGKILL: what a lost node looks like to the database."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> EtcdClient:
        return EtcdClient.of_server(self.address)

    def text(self) -> str:
        """All it logged so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _listens(self) -> bool:
        host, port = self.address.split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return True
        except OSError:
            return False
