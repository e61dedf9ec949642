"""A real etcd of Debian's etcd-server on 127.0.0.1, with TLS and users if wanted, and etcdctl to write with."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from kinetune.model.source_address import EtcdAccess
from tests.cluster import MissingServer, free_port

START_SECONDS = 60.0
SNAPSHOTS = Path(__file__).parent.parent / "data" / "move"
_FAST = ("--heartbeat-interval=10", "--election-timeout=100")
"""A member alone waits for an election before it serves."""


class EtcdServer:
    """A process as a context manager. `settings` are further flags (`client_cert_auth="true"`)."""

    def __init__(self, certificates: Certificates | None = None, snapshot: Path | None = None, **settings: str) -> None:
        _require_programs()
        self.certificates = certificates
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"{'https' if certificates else 'http'}://{self.address}"
        self.folder = Path(tempfile.mkdtemp(prefix="kinetune-etcd-", dir="/tmp"))
        self.process: subprocess.Popen[bytes] | None = None
        given = {"listen_client_urls": self.url, "advertise_client_urls": self.url, **settings}
        if certificates:
            given["cert_file"], given["key_file"] = (str(file) for file in certificates.make("server"))
        self._flags = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        if snapshot:
            self._restore(snapshot)

    def __enter__(self) -> EtcdServer:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start, or start again, and wait until it serves."""
        peer = f"--listen-peer-urls=http://127.0.0.1:{free_port()}"
        guard = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self.folder / "log").open("ab") as log:
            former = log.tell()
            self.process = subprocess.Popen(
                [*guard, "etcd", f"--data-dir={self.folder / 'data'}", peer, *_FAST, *self._flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        ready = b"ready to serve client requests"
        while ready not in (self.folder / "log").read_bytes()[former:] or not self._listens():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def access(self, name: str = "root", user: str = "", password: str = "") -> EtcdAccess:
        """What a client with the certificate of that name needs."""
        if self.certificates is None:
            return EtcdAccess(user=user, password=password)
        return EtcdAccess(self.certificates.ca, *self.certificates.make(name), user, password)

    def run(self, *arguments: str, stdin: str = "", user: str = "") -> str:
        """What etcdctl prints."""
        files: list[str] = []
        if self.certificates:
            certificate, key = self.certificates.make("root")
            files = [f"--cacert={self.certificates.ca}", f"--cert={certificate}", f"--key={key}"]
        done = subprocess.run(
            ["etcdctl", f"--endpoints={self.url}", *files, *([f"--user={user}"] if user else []), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def read(self, *arguments: str, user: str = "") -> Any:
        """What etcdctl prints as JSON."""
        return json.loads(self.run(*arguments, "-w", "json", user=user))

    def put_together(self, *keys: str) -> None:
        """Several keys in one transaction, which Kubernetes never does."""
        puts = "".join(f"put {key} value-of-{key}\n" for key in keys)
        self.run("txn", stdin=f"\n{puts}\n\n")

    def require_users(self) -> None:
        """Log in from now on: root, and `reader` who may read below /registry/ alone."""
        for command in (
            "user add root:rootpw",
            "user grant-role root root",
            "role add registry",
            "role grant-permission registry read /registry/ /registry0",
            "user add reader:readerpw",
            "user grant-role reader registry",
            "auth enable",
        ):
            self.run(*command.split())

    def _restore(self, snapshot: Path) -> None:
        subprocess.run(
            ["etcdctl", "snapshot", "restore", snapshot, f"--data-dir={self.folder / 'data'}"],
            check=True,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "ETCDCTL_API": "3"},
        )

    def _listens(self) -> bool:
        host, port = self.address.split(":")
        try:
            with socket.create_connection((host, int(port)), timeout=1):
                return True
        except OSError:
            return False


def _require_programs() -> None:
    for program, package in (("etcd", "etcd-server"), ("etcdctl", "etcd-client"), ("openssl", "openssl")):
        if shutil.which(program) is None:
            raise MissingServer(f"{program} is not installed (Debian: {package})")


class Certificates:
    """A CA and certificates that it signed, made by openssl."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        _require_programs()
        self.folder = folder
        self.ca, self._ca_key = folder / f"{name}.crt", folder / f"{name}.key"
        self._openssl("req", "-x509", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", self._ca_key, "-out", self.ca)

    def make(self, name: str, days: int = 30) -> tuple[Path, Path]:
        """The certificate of that common name, for 127.0.0.1, and its key."""
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if not certificate.exists():
            request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.txt"
            extensions.write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
            self._openssl("req", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
            signer = ("-CA", self.ca, "-CAkey", self._ca_key, "-CAcreateserial", "-extfile", extensions)
            self._openssl("x509", "-req", "-in", request, *signer, "-days", days, "-out", certificate)
        return certificate, key

    def _openssl(self, *arguments: object) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
