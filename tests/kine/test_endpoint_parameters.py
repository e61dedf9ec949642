"""Parameters of an endpoint, each tried with the real Kine: KT607 says error exactly where no connection is made."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from kinetune.config.read_files import FileKind
from kinetune.database.inspect import observe_endpoint
from kinetune.database.observe import open_store
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.facts import Facts
from kinetune.model.finding import Severity
from kinetune.rules.invalid_endpoint import invalid_endpoint
from tests.cluster import Cluster, free_port
from tests.conftest import scratch
from tests.rules.configured import beside, parse_files
from tests.rules.made import healthy, run_one, written_by

WRONG = [
    "pool_max_conns=10",
    "pool_min_conns=1",
    "ssl=false",
    "schema=public",
    "currentSchema=public",
    "pgbouncer=true",
    "connection_limit=5",
    "pool_timeout=3",
    "sslaccept=strict",
    "useSSL=false",
    "ApplicationName=x",
    "prepareThreshold=0",
    "prepare_threshold=0",
    "binary_parameters=yes",
    "prefer_simple_protocol=true",
    "statement_cache_mode=describe",
    "load_balance=true",
    "load-balance=true",
    "topology_keys=a.b.c",
    "timeout=5",
    "max_conns=3",
    "keepalives=1",
    "keepalives_idle=30",
    "gssencmode=disable",
    "hostaddr=127.0.0.1",
    "sslcompression=0",
    "sslcrl=/x",
    "requirepeer=x",
    "load_balance_hosts=random",
    "fallback_application_name=x",
    "gsslib=x",
    "max_connections=5",
    "shared_buffers=1MB",
    "is_superuser=on",
    "server_version=15",
    "ssl_min_protocol_version=TLSv1.2",
    "statement_cache_capacity=0",
]
RIGHT = [
    "application_name=x",
    "connect_timeout=5",
    "search_path=public",
    "work_mem=8MB",
    "statement_timeout=50000",
    "timezone=UTC",
    "TimeZone=UTC",
    "my.setting=1",
    "options=-cjit%3Doff",
    "tcp_user_timeout=50000",
    "client_encoding=utf8",
    "passfile=/nonexistent",
    "sslsni=0",
    "krbspn=x",
    "description_cache_capacity=0",
    "default_query_exec_mode=exec",
    "target_session_attrs=any",
    "sslmode=disable",
    "database=DB",
    "role=postgres",
    "session_authorization=postgres",
    "log_statement=none",
]
NEWER = ("channel_binding=disable", "require_auth=none", "min_protocol_version=3.0", "sslcertmode=disable")
REFUSED = re.compile(r"SQLSTATE (?:42704|55P02)|FATA\x1b|level=fatal")


@pytest.fixture
def database(pg15: Cluster) -> Iterator[str]:
    yield from scratch(pg15)


def starts(program: Path, endpoint: str) -> bool:
    """Whether it makes a connection, by the first telling line of its log (a failed one is tried again for 300 s)."""
    given = ["--endpoint", endpoint, "--listen-address", f"127.0.0.1:{free_port()}", "--metrics-bind-address", "0"]
    process = subprocess.Popen([program, *given], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    try:
        telling = (line for line in process.stdout if REFUSED.search(line) or "Kine available at" in line)
        return "Kine available at" in next(telling, "")
    finally:
        process.kill()
        process.communicate()


def judged(text: str, tag: str) -> set[Severity]:
    files = parse_files(FileKind.K3S, f"datastore-endpoint: '{text}'")
    return {one.severity for one in run_one(invalid_endpoint, beside(files, kine=written_by(tag)))}


@pytest.mark.parametrize(
    ("tag", "parameters"),
    [
        ("v0.17.5", (*WRONG, *RIGHT, *NEWER)),
        ("v0.16.4", ("pool_max_conns=10", "ssl=true", "sslnegotiation=postgres", *NEWER)),
        ("v0.14.16", ("sslnegotiation=postgres", "ssl=true", *NEWER)),
        ("v0.10.1", ("sslnegotiation=postgres", "ssl=true", "schema=public", "work_mem=8MB", *NEWER)),
    ],
)
def test_kt607_says_of_a_parameter_what_kine_does(
    built: Callable[[str], Path], database: str, tag: str, parameters: tuple[str, ...]
) -> None:
    program = built(tag)
    assert starts(program, f"{database}?sslmode=disable")  # the first makes the table: several at once would fail
    name = database.rpartition("/")[2]
    endpoints = [f"{database}?{one.replace('DB', name)}" for one in parameters]
    with ThreadPoolExecutor(4) as pool:
        started = list(pool.map(lambda endpoint: starts(program, endpoint), endpoints))
    wrong = {
        endpoint.partition("?")[2]: (made, found)
        for endpoint, made in zip(endpoints, started, strict=True)
        if (found := judged(endpoint, tag)) != (set() if made else {Severity.ERROR})
    }
    assert not wrong


def live(dsn: str, **changes: object) -> Facts:
    endpoint = parse(dsn)
    assert isinstance(endpoint, Endpoint)
    with open_store(endpoint, "test") as (session, _):
        return healthy(endpoint=observe_endpoint(session, endpoint), **changes)


def test_a_server_that_is_asked_knows_its_own_settings(database: str) -> None:
    """kinetune connects without what another driver takes; what the server itself refuses is its own message."""
    wrong = "schema=public&keepalives=1&ssl_min_protocol_version=TLSv1.2&pool_max_conns=3&topology_keys=a.b.c"
    right = "work_mem=8MB&TimeZone=UTC&my.setting=1&connect_timeout=5&application_name=x&role=postgres"
    found = run_one(invalid_endpoint, live(f"{database}?{right}&{wrong}", kine=written_by("v0.17.5")))
    assert {one.on.removeprefix("the endpoint parameter ") for one in found} == {
        name.partition("=")[0] for name in wrong.split("&")
    }
    assert {one.severity for one in found} == {Severity.ERROR}
    assert "where a connection may not set it" in next(one.says for one in found if "ssl_min" in one.on)


def test_a_slash_behind_the_name_makes_another_database(built: Callable[[str], Path], database: str) -> None:
    assert starts(built("v0.17.5"), f"{database}/?sslmode=disable")
    name = database.rpartition("/")[2]
    with psycopg.connect(database, autocommit=True) as admin:
        made = admin.execute("SELECT datname FROM pg_database WHERE datname = %s", (f"{name}/",)).fetchall()
        admin.execute(f'DROP DATABASE "{name}/" WITH (FORCE)')
    assert made == [(f"{name}/",)]
    files = parse_files(FileKind.K3S, f"datastore-endpoint: '{database}/'")
    (found,) = run_one(invalid_endpoint, beside(files))
    assert "contains a / or a blank: Kine uses another database, and creates it if it may" in found.says


@pytest.mark.parametrize(
    ("wrong", "instead"),
    [
        ("schema=public", "search_path=public"),
        ("pgbouncer=true", "default_query_exec_mode=exec"),
        ("ApplicationName=x", "application_name=x"),
        ("timeout=5", "connect_timeout=5"),
        ("keepalives_idle=30", "tcp_keepalives_idle=30"),
        ("ssl=false", "sslmode=disable"),
    ],
)
def test_what_kt607_says_to_write_instead_is_taken(
    built: Callable[[str], Path], database: str, wrong: str, instead: str
) -> None:
    program, files = built("v0.17.5"), parse_files(FileKind.K3S, f"datastore-endpoint: '{database}?{wrong}'")
    (found,) = run_one(invalid_endpoint, beside(files, kine=written_by("v0.17.5")))
    assert instead.partition("=")[0] in found.do
    assert not starts(program, f"{database}?{wrong}")
    assert starts(program, f"{database}?{instead}")
