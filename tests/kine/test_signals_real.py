"""Starts of real Kine that fail: the signal says why, and after its fix Kine starts."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from kinetune.kine.signals import BY_KIND
from kinetune.logs.options import LogOptions, LogSources
from kinetune.logs.read_logs import read_logs
from tests.cluster import Cluster, free_port
from tests.conftest import started
from tests.kine.process import Kine

Built = Callable[[str], Path]
TAGS = ("v0.10.1", "v0.14.16", "v0.16.4", "v0.17.5")
PASSWORD = "geheim"
PATIENCE = 20.0
HBA = """\
host all kine_locked 127.0.0.1/32 scram-sha-256
host all kine_outcast 127.0.0.1/32 reject
host all all 127.0.0.1/32 trust
local all all trust
"""
SETUP = (
    f"CREATE ROLE kine_locked LOGIN PASSWORD '{PASSWORD}'",
    "CREATE ROLE kine_outcast LOGIN",
    "CREATE ROLE kine_plain LOGIN",
    "CREATE DATABASE locked OWNER kine_locked",
    "CREATE DATABASE plain OWNER kine_plain",
    "CREATE DATABASE standby OWNER kine_plain",
    "ALTER DATABASE standby SET default_transaction_read_only = on",
    "CREATE DATABASE foreign_owner",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server with roles and databases that a start can fail on."""
    for cluster in started("postgresql-15"):
        (cluster.data / "pg_hba.conf").write_text(HBA)
        with psycopg.connect(cluster.dsn().replace("127.0.0.1", "localhost"), autocommit=True) as admin:
            for statement in SETUP:
                admin.execute(statement.encode())
            admin.execute("SELECT pg_reload_conf()")
        yield cluster


def endpoints(server: Cluster) -> dict[str, str]:
    """The cause of each failure, and an endpoint that has it."""
    at, plain = f"127.0.0.1:{server.port}", f"kine_plain@127.0.0.1:{server.port}"
    return {
        "password": f"postgres://kine_locked:wrong-{PASSWORD}@{at}/locked",
        "pg-hba": f"postgres://kine_outcast@{at}/plain",
        "no-database": f"postgres://{plain}/absent",
        "no-role": f"postgres://kine_absent@{at}/plain",
        "no-schema": f"postgres://{plain}/plain?search_path=absent",
        "read-only": f"postgres://{plain}/standby",
        "no-privilege": f"postgres://{plain}/foreign_owner",
        "unknown-parameter": f"postgres://{plain}/plain?frobnicate=1",
        "no-tls": f"postgres://{plain}/plain?sslmode=require",
        "refused": f"postgres://kine_plain@127.0.0.1:{free_port()}/plain",
        "unknown-host": f"postgres://{plain}/plain".replace("127.0.0.1", "kine.invalid"),
        "invalid-endpoint": f"postgres://kine_plain:{PASSWORD}#x@{at}/plain",
    }


def log_of_failed_start(program: Path, log: Path, *arguments: str) -> Path:
    """What Kine logs until it exits or fails to ping, which it does for five minutes."""
    with log.open("wb") as output:
        given = [f"--listen-address=127.0.0.1:{free_port()}", *arguments]
        process = subprocess.Popen([program, *given], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={})
    deadline = time.monotonic() + PATIENCE
    try:
        while process.poll() is None and b"ailed to ping" not in log.read_bytes():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        time.sleep(0.1)  # the attempts to connect are in the lines after it
    finally:
        process.kill()
        process.wait()
    return log


def kinds_of(log: Path) -> set[str]:
    signals = read_logs(LogSources((str(log),)), LogOptions()).signals
    assert not [signal for signal in signals if PASSWORD in signal.example]
    return {signal.kind for signal in signals} - {"database-check-failed"}


@pytest.mark.parametrize("tag", TAGS)
def test_each_failed_start_has_its_cause(built: Built, server: Cluster, tag: str, tmp_path: Path) -> None:
    program = built(tag)
    for cause, endpoint in endpoints(server).items():
        log = log_of_failed_start(program, tmp_path / "kine.log", f"--endpoint={endpoint}")
        (kind,) = kinds_of(log)
        assert kind in (f"start-failed-{cause}", f"start-waiting-{cause}"), log.read_text()
        assert BY_KIND[kind].fix


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("flag", ["--frobnicate=1", "--endpoint", "--slow-sql-threshold=abc", "--debug=maybe"])
def test_a_wrong_flag_or_value_is_the_cause(built: Built, tag: str, flag: str, tmp_path: Path) -> None:
    log = log_of_failed_start(built(tag), tmp_path / "kine.log", flag)
    assert kinds_of(log) == {"start-failed-unknown-flag"}


@pytest.mark.parametrize("tag", ["v0.9.9", *TAGS])
def test_other_stores_have_their_causes_too(built: Built, tag: str, tmp_path: Path) -> None:
    program, log = built(tag), tmp_path / "kine.log"
    for endpoint in (f"mysql://root@tcp(127.0.0.1:{free_port()})/kine", f"nats://127.0.0.1:{free_port()}"):
        found = kinds_of(log_of_failed_start(program, log, f"--endpoint={endpoint}"))
        assert {kind.removeprefix("start-failed-").removeprefix("start-waiting-") for kind in found} == {"refused"}


def test_a_port_that_is_in_use_is_the_cause(built: Built, server: Cluster, tmp_path: Path) -> None:
    used, endpoint = f"127.0.0.1:{server.port}", f"{server.dsn('port_in_use')}?sslmode=disable"
    for tag in ("v0.9.9", "v0.17.5"):
        log = log_of_failed_start(
            built(tag), tmp_path / "kine.log", f"--endpoint={endpoint}", f"--metrics-bind-address={used}"
        )
        assert kinds_of(log) == {"start-failed-address-in-use"}, log.read_text()


def test_lib_pq_spells_causes_without_a_state(built: Built, server: Cluster, tmp_path: Path) -> None:
    program = built("v0.9.9")
    spelled = {"no-database": "database-not-created"}  # this release tries to create it, and says why it cannot
    for cause, endpoint in endpoints(server).items():
        plain = endpoint if re.search("sslmode|#", endpoint) else f"{endpoint}?sslmode=disable"
        plain = re.sub(r"(\?.*)\?", r"\1&", plain)
        log = log_of_failed_start(program, tmp_path / "kine.log", f"--endpoint={plain}")
        assert b"SQLSTATE" not in log.read_bytes()
        assert kinds_of(log) == {f"start-failed-{spelled.get(cause, cause)}"}, log.read_text()


def test_other_ends_of_a_start_of_v0_17_5(built: Built, server: Cluster, tmp_path: Path) -> None:
    program, log = built("v0.17.5"), tmp_path / "kine.log"
    assert kinds_of(log_of_failed_start(program, log, " --endpoint=x")) == {"start-failed-unknown-flag"}
    for endpoint in ("postgress://db/x", f"host=db password={PASSWORD}", f"postgres://a:{PASSWORD}%zz@db/x"):
        found = kinds_of(log_of_failed_start(program, log, f"--endpoint={endpoint}"))
        assert found == {"start-failed-invalid-endpoint"}, log.read_text()
    json = log_of_failed_start(program, log, "--log-format=json", f"--endpoint={endpoints(server)['read-only']}")
    assert kinds_of(json) == {"start-failed-read-only"}


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.17.5"])
def test_kine_starts_after_the_fix(built: Built, server: Cluster, tag: str) -> None:
    """The fixes of KT411, KT618 and of a NULL are tried in test_states.py and test_postgres_database.py."""
    built(tag)
    wrong = endpoints(server)
    admin = server.dsn()
    run(admin, "CREATE DATABASE absent OWNER kine_plain")
    run(server.dsn("foreign_owner"), "GRANT CREATE, USAGE ON SCHEMA public TO kine_plain")
    try:
        for endpoint in (
            wrong["password"].replace("wrong-", ""),
            wrong["no-database"],
            wrong["no-privilege"],
            wrong["unknown-parameter"].partition("?")[0],
            wrong["no-tls"].replace("require", "disable"),
        ):
            with Kine(tag, endpoint):
                pass
    finally:
        run(server.dsn("foreign_owner"), "REVOKE CREATE ON SCHEMA public FROM kine_plain")
        run(admin, "DROP DATABASE absent WITH (FORCE)")


def test_a_database_with_a_dash_must_exist_before_v0_13_0(built: Built, server: Cluster, tmp_path: Path) -> None:
    program, endpoint = built("v0.11.2"), f"{server.dsn('k3s-db')}?sslmode=disable"
    log = log_of_failed_start(program, tmp_path / "kine.log", f"--endpoint={endpoint}")
    assert kinds_of(log) == {"start-failed-database-name"}
    run(server.dsn(), 'CREATE DATABASE "k3s-db"')
    try:
        with Kine("v0.11.2", endpoint):
            pass
    finally:
        run(server.dsn(), 'DROP DATABASE "k3s-db" WITH (FORCE)')


@pytest.mark.parametrize("tag", ["v0.14.16", "v0.17.5"])
def test_a_server_that_stops_is_unreachable_or_ends_connections(built: Built, tag: str, tmp_path: Path) -> None:
    built(tag)
    for cluster in started("postgresql-15"):
        with Kine(tag, cluster.dsn("kubernetes")) as kine, kine.client() as etcd:
            etcd.create("/registry/x/a", b"v")
            cluster.control("stop")
            deadline = time.monotonic() + PATIENCE
            while not re.search("list latest changes", kine.text()) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1.5)
            (tmp_path / "kine.log").write_text(kine.text())
        cluster.control("start")
    found = kinds_of(tmp_path / "kine.log")
    assert found
    assert found <= {"unreachable", "connection-terminated"}


def run(dsn: str, *statements: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
