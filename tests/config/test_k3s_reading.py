"""What K3s reads, tried on a real K3s (../shared/k3s): its choice of an endpoint and kinetune's are the same."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kinetune.config.read_files import ConfigurationReader, FileKind
from kinetune.config.read_k3s import read_datastore
from kinetune.model.configuration import REJECTED_FLAG, Component
from tests.conftest import absent

SHARED = Path(__file__).parents[3] / "shared" / "k3s" / "k3s"
SECONDS = 20
# Workers of pytest-xdist run at the same time.
PORT = 16443 + 10 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_OTHERS = """
--disable-agent --token kinetune --flannel-backend=none --disable-network-policy
--disable-helm-controller --disable-cloud-controller --disable-kube-proxy
--disable=coredns,servicelb,traefik,local-storage,metrics-server
"""
OTHERS = _OTHERS.split()
PINGED = r"ping database connection: .*?database=(\w+)"
SQLITE = "SQLite"


def url(database: str) -> str:
    """An endpoint at a closed port: K3s names in its log the database it tries, and goes no further."""
    return f"postgres://kine:hunter2@127.0.0.1:1/{database}?sslmode=disable"


A, B, C = url("a"), url("b"), url("c")


@dataclass(frozen=True)
class Setup:
    """What one K3s is given. `expected` is the database that it tries, or SQLITE; or what its log says at its end."""

    expected: str
    config: str = ""
    drop_ins: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


SETUPS = {
    "a file": Setup("a", f"datastore-endpoint: {A}"),
    "a quoted key": Setup("a", f"'datastore-endpoint': \"{A}\" # ours"),
    "single quotes": Setup("a", f"datastore-endpoint: '{A}'"),
    "a block": Setup("a", f"datastore-endpoint: >-\n  {A}"),
    "an anchor": Setup("a", f"node-name: &x {A}\ndatastore-endpoint: *x"),
    "a list": Setup("b", f"datastore-endpoint:\n- {A}\n- {B}"),
    "a key twice": Setup("b", f"datastore-endpoint: {A}\ndatastore-endpoint: {B}"),
    "two documents": Setup("a", f"datastore-endpoint: {A}\n---\ndatastore-endpoint: {B}"),
    "an underscore": Setup(SQLITE, f"datastore_endpoint: {A}"),
    "a blank before the value": Setup("a", f'datastore-endpoint: " {A}"'),
    "an empty value": Setup(SQLITE, "datastore-endpoint: ''", environment={"K3S_DATASTORE_ENDPOINT": A}),
    "no value": Setup(SQLITE, "datastore-endpoint:", environment={"K3S_DATASTORE_ENDPOINT": A}),
    "a drop-in": Setup("b", f"datastore-endpoint: {A}", {"10.yaml": f"datastore-endpoint: {B}"}),
    "drop-ins in order": Setup(
        "c", "", {"20.yml": f"datastore-endpoint: {C}", "10.yaml": f"datastore-endpoint: {A}", "30.txt": B}
    ),
    "a drop-in that appends": Setup("b", f"datastore-endpoint: {A}", {"10.yaml": f"datastore-endpoint+: {B}"}),
    "a variable": Setup("a", environment={"K3S_DATASTORE_ENDPOINT": A}),
    "a file over a variable": Setup("b", f"datastore-endpoint: {B}", environment={"K3S_DATASTORE_ENDPOINT": A}),
    "a flag over a file": Setup("c", f"datastore-endpoint: {A}", flags=(f"--datastore-endpoint={C}",)),
    "a flag of two words": Setup("c", flags=("--datastore-endpoint", C)),
    "a blank inside a flag": Setup("c", flags=(f"--datastore-endpoint= {C}",)),
    "an empty variable": Setup(SQLITE, environment={"K3S_DATASTORE_ENDPOINT": ""}),
    "a plus without a file before": Setup("a", "", {"10.yaml": f"datastore-endpoint+: {A}"}),
    "a flag twice": Setup("b", flags=(f"--datastore-endpoint={A}", f"--datastore-endpoint={B}")),
    "a blank before the dashes": Setup(SQLITE, flags=(f" --datastore-endpoint={A}",)),
    "a blank before other dashes": Setup(
        "a", flags=(f"--datastore-endpoint={A}", " --debug", f"--datastore-endpoint={B}")
    ),
    "Kine's variable": Setup(SQLITE, environment={"KINE_ENDPOINT": A}),
    "a key of Kine's": Setup("a", f"datastore-max-open-connections: 5\ndatastore-endpoint: {A}"),
    "a flag of Kine's": Setup(
        "flag provided but not defined", flags=("--datastore-max-open-connections=5", f"--datastore-endpoint={A}")
    ),
}


@pytest.fixture(scope="module")
def binary() -> str:
    if not SHARED.exists() or os.geteuid() != 0:
        absent("no K3s server: ../shared/k3s/k3s is not here, or this is not root")
    return subprocess.run([SHARED, "binary"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path / "data", ignore_errors=True)


def write_files(setup: Setup, folder: Path) -> Path:
    path = folder / "config.yaml"
    if setup.config:
        path.write_text(setup.config + "\n", encoding="utf-8")
    for name, text in setup.drop_ins.items():
        (folder / "config.yaml.d").mkdir(exist_ok=True)
        (folder / "config.yaml.d" / name).write_text(text + "\n", encoding="utf-8")
    return path


def run_k3s(setup: Setup, binary: str, folder: Path, pattern: str) -> str:
    """What matches in its log, SQLITE where it uses that before, or its last words."""
    config = write_files(setup, folder)
    files = ["--config", str(config)] if setup.config or setup.drop_ins else []
    data, log = folder / "data", folder / "log"
    command = [
        binary,
        "server",
        *OTHERS,
        "--https-listen-port",
        str(PORT),
        "--data-dir",
        str(data),
        *files,
        *setup.flags,
    ]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("K3S_", "KINE_"))}
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command, stdout=stream, stderr=stream, env=environment | dict(setup.environment), start_new_session=True
        )
    try:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            said = log.read_text(encoding="utf-8", errors="replace")
            if found := re.search(pattern, said):
                return found[1]
            if pattern == PINGED and (data / "server" / "db" / "state.db").exists():
                return SQLITE
            if server.poll() is not None:
                return said
            time.sleep(0.05)
        pytest.fail(f"K3s tried no datastore within {SECONDS} s: {log.read_text(errors='replace')[-500:]}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def read_by_kinetune(setup: Setup, folder: Path) -> str:
    """The same of kinetune: a flag before a key, a key before a variable, SQLITE without any or with an empty one."""
    config = write_files(setup, folder)
    reader = ConfigurationReader()
    reader.read_named(write_unit(setup, folder), FileKind.UNIT)
    unit = next(reader.result().of(Component.K3S))
    line = ""
    if unit.endpoint:
        line = Path(unit.endpoint.place.file).read_text(encoding="utf-8").splitlines()[unit.endpoint.place.line - 1]
    keys = read_datastore(config) if setup.config or setup.drop_ins else {}
    if "datastore-endpoint" in keys and "--datastore-endpoint" not in line:
        line = keys["datastore-endpoint"]
    found = re.search(r"127\.0\.0\.1:1/(\w+)", line)
    return found[1] if found else SQLITE


def write_unit(setup: Setup, folder: Path) -> Path:
    """The same flags and variables as a systemd unit, one on a line."""
    flags = re.sub("\n(?!'[ -])", " ", "\n".join(f"'{flag}'" for flag in setup.flags)).splitlines()
    lines = [f"Environment={name}={value}" for name, value in setup.environment.items()]
    start = " \\\n".join(["ExecStart=/usr/local/bin/k3s server", *flags])
    path = folder / "k3s.service"
    path.write_text("\n".join(["[Service]", *lines, start]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SETUPS)
def test_kinetune_finds_the_endpoint_that_k3s_takes(name: str, binary: str, folder: Path) -> None:
    setup = SETUPS[name]
    assert setup.expected in run_k3s(setup, binary, folder, PINGED)
    if setup.expected in ("a", "b", "c", SQLITE):
        assert read_by_kinetune(setup, folder) == setup.expected
    else:
        reader = ConfigurationReader()
        reader.read_named(write_unit(setup, folder), FileKind.UNIT)
        assert REJECTED_FLAG in [one.within for part in reader.result().parts for one in part.settings]


@pytest.mark.parametrize(("mark", "expected"), [("+", "2m"), ("", None)])
def test_an_argument_of_the_api_server_is_appended_or_replaced(
    mark: str, expected: str | None, binary: str, folder: Path
) -> None:
    first = "kube-apiserver-arg:\n- etcd-compaction-interval=1m\n- etcd-count-metric-poll-period=1m"
    second = "etcd-compaction-interval=2m" if mark else "etcd-count-metric-poll-period=2m"
    setup = Setup("", first, {"10.yaml": f"kube-apiserver-arg{mark}: [{second}]"})
    started = run_k3s(setup, binary, folder, r"Running kube-apiserver(.*)")
    found = re.findall(r"--etcd-compaction-interval=(\w+)", started)
    assert found == (["1m", "2m"] if mark else [])  # the API server takes the last
    reader = ConfigurationReader()
    reader.read_named(folder / "config.yaml", FileKind.K3S)
    (k3s,) = reader.result().parts
    setting = k3s.find("etcd-compaction-interval")
    assert (setting and setting.value) == expected
