"""The real Kine, given an endpoint, lands where kinetune lands with it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from kinetune.model.endpoint import Endpoint, parse
from tests.cluster import Cluster
from tests.conftest import absent

KINE = Path.home() / ".cache" / "kinetune" / "kine" / "v0.17.5" / "kine"
PLACE = "SELECT current_database(), current_user, current_schema(), current_setting('application_name')"
KINES = """
SELECT datname, usename, application_name FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND query !~ 'pg_database'
"""
SCHEMA = "SELECT schemaname FROM pg_tables WHERE tablename = 'kine'"


@pytest.fixture(scope="module")
def server(pg15: Cluster) -> Iterator[Cluster]:
    """PostgreSQL 15 where `locked` has to show a password, and the database `ready` has a schema `tenant`."""
    if not KINE.exists():
        absent(f"no Kine in {KINE}: CGO_ENABLED=0 GOBIN={KINE.parent} go install github.com/k3s-io/kine@v0.17.5")
    rules = pg15.data / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"host all locked 127.0.0.1/32 scram-sha-256\n{before}")
    with psycopg.connect(pg15.dsn(), autocommit=True) as admin:
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE ROLE locked LOGIN CREATEDB PASSWORD 'p@ss/w:rd%+&'")
        admin.execute("CREATE DATABASE ready OWNER locked")
        with psycopg.connect(pg15.dsn("ready"), autocommit=True) as ready:
            ready.execute("CREATE SCHEMA tenant AUTHORIZATION locked")
        yield pg15
        rules.write_text(before)
        for database in ("ready", "kubernetes", "kineupper", "MixedCase"):
            admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        admin.execute("DROP ROLE locked")
        admin.execute("SELECT pg_reload_conf()")


@contextmanager
def kine(endpoint: str, folder: Path, port: int) -> Iterator[None]:
    """Kine at work on an endpoint; PGPORT stands in for the port that a text leaves out."""
    log = folder / "kine.log"
    command = [
        str(KINE),
        "--endpoint",
        endpoint,
        "--listen-address",
        f"unix://{folder}/k.sock",
        "--metrics-bind-address=0",
    ]
    with log.open("w") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, env=os.environ | {"PGPORT": str(port)})
        try:
            until = time.monotonic() + 30
            while "Kine available" not in log.read_text():
                assert running.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            running.kill()
            running.wait()


ENDPOINTS = {
    "no database": "postgres://postgres@127.0.0.1:{port}",
    "an empty path": "postgresql://postgres@127.0.0.1:{port}/",
    "the scheme alone": "postgres://",
    "upper case": "postgres://postgres@127.0.0.1:{port}/KineUPPER",
    "dbname in the query": "postgres://postgres@127.0.0.1:{port}/other?dbname=MixedCase",
    "several hosts": "postgres://postgres@127.0.0.1:1,127.0.0.1:{port}/ready",
    "several hosts and a port": "postgres://postgres@127.0.0.1,localhost/ready?port={port}",
    "a socket": "postgres://postgres@/ready?host={folder}&port={port}",
    "a password": "postgres://locked:p%40ss%2Fw%3Ard%25+&@127.0.0.1:{port}/ready",
    "a password in the query": "postgres://h/ready?user=locked&password=p%40ss%2Fw%3Ard%25%2B%26&host=127.0.0.1&port={port}",
    "a schema": "postgres://postgres@127.0.0.1:{port}/ready?search_path=tenant",
    "a parameter twice": "postgres://postgres@127.0.0.1:{port}/ready?application_name=one&application_name=two",
    "a plus": "postgres://postgres@127.0.0.1:{port}/ready?application_name=a+b",
    "a parameter of pgx": "postgres://postgres@127.0.0.1:{port}/ready?default_query_exec_mode=exec",
    "ssl as in JDBC": "postgres://postgres@127.0.0.1:{port}/ready?ssl=true&sslmode=disable",
}


@pytest.mark.parametrize("case", ENDPOINTS)
def test_kinetune_lands_where_kine_lands(
    case: str, server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ENDPOINTS[case].format(port=server.port, folder=server.folder)
    endpoint = parse(text)
    assert isinstance(endpoint, Endpoint)
    monkeypatch.setenv("PGPORT", str(server.port))
    with kine(text, tmp_path, server.port), psycopg.connect(**endpoint.libpq()) as ours:
        database, user, schema, name = ours.execute(PLACE).fetchone() or ("",) * 4
        assert set(ours.execute(KINES).fetchall()) - {("postgres", "postgres", "")} == {(database, user, name)}
        assert ours.execute(SCHEMA).fetchall() == [(schema,)]
        ours.execute("DROP TABLE kine")


def test_the_newest_kine_sends_a_plus_for_a_space_as_the_note_says(server: Cluster, tmp_path: Path) -> None:
    text = f"postgres://postgres@127.0.0.1:{server.port}/ready?application_name=a%20b"
    endpoint = parse(text)
    assert isinstance(endpoint, Endpoint)
    assert "a space in a parameter is read as a space" in endpoint.notes[0]
    with kine(text, tmp_path, server.port), psycopg.connect(**endpoint.libpq()) as ours:
        assert ours.execute(PLACE).fetchone() == ("ready", "postgres", "public", "a b")
        assert ("ready", "postgres", "a+b") in ours.execute(KINES).fetchall()
        ours.execute("DROP TABLE kine")
