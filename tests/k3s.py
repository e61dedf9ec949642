"""A real K3s server (the control plane alone) of ../shared/k3s, never a mock. One at a time on a machine."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import MissingServer

SCRIPT = Path(__file__).parents[2] / "shared" / "k3s" / "k3s"
GROUP = "yugabytedb-apart"
"""The xdist group of all tests with a K3s server: its ports are fixed."""
PORT = 16443
Objects = dict[str, dict[str, Any]]
RENEWED = ("Lease/", "Event/")
"""Kinds that the servers themselves write all the time."""
READY_SECONDS = 60.0
NAMESPACE = "moved"
FIRST_OBJECTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: moved}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: moves.example.com}
spec:
  group: example.com
  names: {kind: Move, plural: moves}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: moved}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: moved}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: moved}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: moved}]
---
apiVersion: v1
kind: Secret
metadata: {name: reader-token, namespace: moved, annotations: {kubernetes.io/service-account.name: reader}}
type: kubernetes.io/service-account-token
---
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: moved}
data: {password: Y29ycmVjdCBob3JzZQ==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: moved}
data: {count: "0", text: "gr\u00fc\u00dfe \u6f22\u5b57"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: deleted, namespace: moved}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: holder, namespace: moved}
spec: {holderIdentity: test, leaseDurationSeconds: 15}
"""
LATER_OBJECTS = """\
apiVersion: example.com/v1
kind: Move
metadata: {name: first, namespace: moved}
spec: {to: postgresql}
---
apiVersion: v1
kind: Event
metadata: {name: happened, namespace: moved}
involvedObject: {kind: ConfigMap, name: settings, namespace: moved}
message: in etcd it has a lease of an hour
"""


@dataclass(frozen=True)
class ClusterState:
    """What a client holds: all objects, tokens of a service account, and a revision with changes after it."""

    objects: Objects
    tokens: tuple[str, ...]
    revision: int


@dataclass(frozen=True)
class K3sServer:
    """A server with its data, log and config.yaml in a folder of its own. The datastore is in config.yaml."""

    folder: Path

    def __post_init__(self) -> None:
        if not SCRIPT.exists():
            raise MissingServer(f"no K3s: {SCRIPT} is missing")

    @property
    def data(self) -> Path:
        """What is /var/lib/rancher/k3s for a user."""
        return self.folder / "k3s"

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def sqlite(self) -> Path:
        return self.data / "server" / "db" / "state.db"

    @property
    def etcd_snapshot(self) -> Path:
        """The database file of a stopped embedded etcd."""
        return self.data / "server" / "db" / "etcd" / "member" / "snap" / "db"

    @property
    def token(self) -> Path:
        return self.data / "server" / "token"

    @property
    def log(self) -> str:
        return (self.data / "log").read_text(encoding="utf-8", errors="replace")

    def up(self, *flags: str, config: str = "") -> None:
        """A new server on the datastore that its configuration names, ready when this returns."""
        self.config.write_text(config, encoding="utf-8")
        self._run("up", "", "--config", str(self.config), *flags)

    def start(self) -> None:
        """
        Again, with the same flags and the configuration as it is now. As systemd does, once more if it ended: an API
        server on a slow YugabyteDB may not be ready in time (docs/facts/measured.md §10).
        """
        if self._call("start").returncode:
            self._run("start")

    def stop(self) -> None:
        self._run("down")

    def kill(self) -> None:
        self._run("kill")

    def kubectl(self, *arguments: str, text: str = "") -> str:
        return self._run("kubectl", *arguments, text=text)

    def get(self, path: str) -> dict[str, Any]:
        """The first answer of the API server to a GET, or the Status that it refused it with."""
        done = self._call("kubectl", "get", "--raw", path)
        if not done.returncode:
            first: dict[str, Any] = json.JSONDecoder().raw_decode(done.stdout)[0]
            return first
        return {"code": done.stderr}

    def read_objects(self) -> Objects:
        """All objects that are stored, by kind, namespace and name. A ComponentStatus is not: it has no revision."""
        names = self.kubectl("api-resources", "--verbs=list", "-o", "name").split()
        found = json.loads(self.kubectl("get", "-A", "-o", "json", ",".join(names)))["items"]
        return {
            "/".join((one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])): one
            for one in found
            if "resourceVersion" in one["metadata"]
        }

    def work(self) -> ClusterState:
        """Create objects of many kinds, change and delete some, and wait until the controllers have reacted."""
        self.kubectl("apply", "-f", "-", text=FIRST_OBJECTS)
        self.kubectl("wait", "--for=condition=established", "crd/moves.example.com")
        revision = int(self.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps")["metadata"]["resourceVersion"])
        self.kubectl("apply", "-f", "-", text=LATER_OBJECTS)
        for count in ("1", "2"):
            self.kubectl("patch", "configmap", "-n", NAMESPACE, "settings", "-p", f'{{"data":{{"count":"{count}"}}}}')
        self.kubectl("delete", "configmap", "-n", NAMESPACE, "deleted")
        return ClusterState(self._wait_for_objects(), self._read_tokens(), revision)

    def _wait_for_objects(self) -> Objects:
        deadline, before = time.monotonic() + READY_SECONDS, Objects()
        while time.monotonic() < deadline:
            now = lasting(self.read_objects())
            if now == before and f"ConfigMap/{NAMESPACE}/kube-root-ca.crt" in now:
                return now
            before = now
            time.sleep(0.5)
        raise RuntimeError(f"the objects still change after {READY_SECONDS} s")

    def _read_tokens(self) -> tuple[str, ...]:
        """A token that the API server has signed, and one that is stored as a Secret."""
        signed = self.kubectl("create", "token", "-n", NAMESPACE, "reader").strip()
        stored = "go-template={{.data.token | base64decode}}"
        return signed, self.kubectl("get", "secret", "-n", NAMESPACE, "reader-token", "-o", stored)

    def accepts(self, token: str) -> bool:
        """Whether the service account may read with it."""
        server = ("--kubeconfig=/dev/null", f"--server=https://127.0.0.1:{PORT}", "--insecure-skip-tls-verify")
        done = self._call("kubectl", *server, f"--token={token}", "get", "configmaps", "-n", NAMESPACE)
        return not done.returncode

    def _run(self, *arguments: str, text: str = "") -> str:
        done = self._call(*arguments, text=text)
        if done.returncode:
            raise RuntimeError(f"k3s {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def _call(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *arguments],
            env={**os.environ, "K3S_DATA": str(self.data), "K3S_PORT": str(PORT)},
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )


def lasting(objects: Objects) -> Objects:
    """Without those that the servers renew; a Lease and an Event of the test remain."""
    kept = (f"Lease/{NAMESPACE}/", f"Event/{NAMESPACE}/")
    return {name: one for name, one in objects.items() if name.startswith(kept) or not name.startswith(RENEWED)}


def require_equal(k3s: K3sServer, before: ClusterState) -> None:
    """All objects with their revisions, the values of Secrets, both tokens; and the revision of the next write."""
    assert lasting(k3s.read_objects()) == before.objects
    assert all(map(k3s.accepts, before.tokens))
    newest = max(int(one["metadata"]["resourceVersion"]) for one in before.objects.values())
    made = k3s.kubectl("create", "configmap", "-n", NAMESPACE, f"after-{time.time_ns()}", "-o", "json")
    assert int(json.loads(made)["metadata"]["resourceVersion"]) > newest
