"""Rendered command lines run: real Kine from its unit and environment, kinetune from the Jobs and services."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kinetune.etcd.client import EtcdClient
from kinetune.http.prometheus import parse_samples
from kinetune.model.endpoint import Endpoint, parse
from kinetune.render.values import RenderValues
from kinetune.servers import images
from tests.cli.call import call
from tests.cli.conftest import SECRET, guarded  # noqa: F401 - a fixture
from tests.cluster import Cluster, free_port
from tests.database.stores import ask
from tests.kine.smoke import present
from tests.render.made import command, documents, environment, texts

Built = Callable[[str], Path]


@pytest.fixture
def built(request: pytest.FixtureRequest) -> Built:
    """As tests/kine has it."""
    from tests.cluster import MissingServer
    from tests.conftest import absent
    from tests.kine.binary import kine

    def program(tag: str) -> Path:
        try:
            return kine(tag)
        except MissingServer as missing:
            absent(str(missing))
            raise

    return program


def listens(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    import socket

    host, port = address.split(":")
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


@contextmanager
def unit(values: RenderValues, program: Path, folder: Path, pgpass: str = "") -> Iterator[None]:
    """Kine as systemd would start it: the words of ExecStart, the environment file, and nothing else."""
    made = texts("kine", values)
    words, env = command(made["kine.service"]), environment(made["kine.env"], folder)
    assert words[0] == "/usr/local/bin/kine"
    assert env["PGPASSFILE"] == "/etc/kine/pgpass"
    (folder / "pgpass").write_text(pgpass)
    (folder / "pgpass").chmod(0o600)
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [program, *words[1:]],
            env=env | {"PGPASSFILE": str(folder / "pgpass")},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    try:
        listens(values.listen, process, log)
        yield
    finally:
        process.terminate()
        process.wait(20)


def values(dsn: str, tag: str = images.KINE) -> RenderValues:
    ports = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    return RenderValues(
        endpoint=dsn, kine=tag, listen=ports[0], metrics_bind_address=ports[1], pool=7, slow_sql="250ms"
    )


@pytest.mark.parametrize("tag", [images.KINE, "v0.17.5", "v0.14.16"])
def test_the_unit_starts_real_kine(built: Built, database15: str, tag: str, tmp_path: Path) -> None:
    """It answers as etcd, keeps objects in the store, and has the pool that the file says."""
    program, wanted = built(tag), values(database15, tag)
    with unit(wanted, program, tmp_path), EtcdClient.of_server(wanted.listen) as etcd:
        etcd.create("/registry/pods/d/a", b"v1")
        assert present(etcd, "/registry/pods/d/a").value == b"v1"
        with urllib.request.urlopen(f"http://{wanted.metrics_bind_address}/metrics") as answer:
            seen = {sample.name: sample.value for sample in parse_samples(answer.read().decode())}
    assert seen["go_sql_max_open_connections"] == 7
    assert ask(database15, "SELECT count(*) FROM kine WHERE name = '/registry/pods/d/a'") == [(1,)]


def test_the_units_kine_takes_its_password_from_pgpass_alone(
    built: Built,
    guarded: Cluster,  # noqa: F811
    tmp_path: Path,
) -> None:
    program, wanted = built(images.KINE), values(guarded.dsn("kubernetes"))
    line = f"127.0.0.1:{guarded.port}:*:postgres:{SECRET}\n"
    with unit(wanted, program, tmp_path, line), EtcdClient.of_server(wanted.listen) as etcd:
        etcd.create("/registry/pods/d/of-the-unit", b"v1")
    assert SECRET not in "".join(texts("kine", wanted).values())


def container(manifest: str) -> tuple[list[str], dict[str, str]]:
    """Words and environment of a Job's or CronJob's only container, without what comes from a Secret."""
    (document,) = documents(manifest)
    template = document["spec"].get("jobTemplate", document)["spec"]["template"]
    (one,) = template["spec"]["containers"]
    return one["args"], {env["name"]: env["value"] for env in one["env"] if "value" in env}


def test_the_init_jobs_command_prepares_the_store_and_the_cronjobs_finds_it_well(database15: str) -> None:
    made = texts("helm", RenderValues(endpoint=database15))
    words, env = container(made["init-job.yaml"])
    done = call(*words, folder=Path("/"), **env)
    assert done.status == 0, done.err
    assert ask(database15, "SELECT count(*) FROM pg_indexes WHERE tablename = 'kine'")[0][0] > 3
    assert call(*words, folder=Path("/"), **env).status == 0
    words, env = container(made["check-cronjob.yaml"])
    assert words[:3] == ["check", "--fail-on", "warning"]
    checked = call(*words, folder=Path("/"), **env)
    assert checked.status == 0, checked.out


@pytest.mark.parametrize("more", [{}, {"with_k3s": True}, {"with_k3s": True, "with_kine": True}])
def test_the_services_command_prepares_the_store(more: dict[str, bool], database15: str) -> None:
    (data,) = documents(texts("compose", RenderValues(**more))["docker-compose.yml"])  # type: ignore[arg-type]
    service = data["services"]["kinetune-init"]
    endpoint = parse(service["environment"]["KINETUNE_ENDPOINT"])
    assert isinstance(endpoint, Endpoint)
    assert {host for host, _ in endpoint.hosts} == {f"yugabytedb-node{n}" for n in (1, 2, 3)} <= data["services"].keys()
    done = call(*service["command"], KINETUNE_ENDPOINT=database15)
    assert done.status == 0, done.err
    waiting = {name for name, one in data["services"].items() if "kinetune-init" in one.get("depends_on", ())}
    assert waiting == {"kine", "k3s"} & data["services"].keys()


def test_kine_of_the_compose_file_reads_the_environment_it_is_given(
    built: Built, database15: str, tmp_path: Path
) -> None:
    (data,) = documents(texts("compose", RenderValues(with_kine=True, pool=9))["docker-compose.yml"])
    env = data["services"]["kine"]["environment"]
    listen, metrics = (f"127.0.0.1:{free_port()}" for _ in range(2))
    env |= {"KINE_ENDPOINT": database15, "KINE_LISTEN_ADDRESS": listen, "KINE_METRICS_BIND_ADDRESS": metrics}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([built(images.KINE)], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        listens(listen, process, tmp_path / "log")
        with urllib.request.urlopen(f"http://{metrics}/metrics") as answer:
            seen = {sample.name: sample.value for sample in parse_samples(answer.read().decode())}
        assert seen["go_sql_max_open_connections"] == 9
    finally:
        process.terminate()
        process.wait(20)


def test_flags_and_settings_are_those_of_real_kine(built: Built) -> None:
    """Every KINE_… of the files stands in its help, and every flag of the unit."""
    told = subprocess.run([built(images.KINE), "--help"], capture_output=True, text=True, check=True).stdout
    made = texts("kine", RenderValues(ca_file="/a", cert_file="/b", key_file="/c"))
    for line in made["kine.env"].splitlines():
        if line.startswith("KINE_"):
            assert f"[${line.partition('=')[0]}]" in told
    for word in command(made["kine.service"])[1:]:
        assert word.partition("=")[0] in told
