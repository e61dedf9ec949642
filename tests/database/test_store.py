"""The way to a store whose database may not be there yet."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator

import pytest

from kinetune.commands.change import apply_change
from kinetune.commands.init import InitChange, InitOptions, plan_init
from kinetune.database.observe import open_store
from kinetune.kine.releases import EraInUse, newest_era
from kinetune.model.failure import CouldNotLook
from tests.cluster import Cluster
from tests.database.stores import STOCK, ask, make, place, script

OPTIONS = InitOptions("tuned", EraInUse(newest_era(), "said by the test"))


@pytest.fixture
def missing(cluster: Cluster) -> Iterator[str]:
    """The endpoint of a database that does not exist, with a name that needs quotes."""
    name = f"not-there-{uuid.uuid4().hex[:8]}"
    yield cluster.dsn(name)
    ask(cluster.dsn(), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def poor(cluster: Cluster) -> Iterator[str]:
    """A role without CREATEDB."""
    role = f"poor-{uuid.uuid4().hex[:8]}"
    ask(cluster.dsn(), f'CREATE ROLE "{role}" LOGIN')
    yield role
    ask(cluster.dsn(), f'DROP ROLE "{role}"')


def test_a_store_that_is_there_is_looked_at(database: str) -> None:
    make(database, STOCK, 20)
    with open_store(place(database), "test") as (session, facts):
        assert facts.database_exists
        assert facts.table is not None
        assert session.endpoint == place(database)


def test_a_missing_database_is_found_missing_from_the_maintenance_database(missing: str) -> None:
    with open_store(place(missing), "test") as (session, facts):
        assert not facts.database_exists
        assert (facts.table, facts.database) == (None, place(missing).database)
        assert session.endpoint.database == "postgres"
        assert facts.role.create_database


def test_init_creates_the_database_and_the_table(missing: str) -> None:
    plan = plan_init(place(missing), OPTIONS)
    assert [step.in_database for step in plan.script.steps] == [False, True]
    apply_change(InitChange(plan, OPTIONS))
    assert not script(missing, "tuned")


def test_a_database_that_somebody_else_creates_meanwhile_is_taken_as_it_is(missing: str, cluster: Cluster) -> None:
    plan = plan_init(place(missing), OPTIONS)
    ask(cluster.dsn(), f'CREATE DATABASE "{place(missing).database}"')
    apply_change(InitChange(plan, OPTIONS))
    assert not script(missing, "tuned")


def test_without_createdb_the_statement_that_helps_is_named_and_nothing_begun(
    cluster: Cluster, missing: str, poor: str
) -> None:
    endpoint = place(cluster.dsn(place(missing).database, poor))
    plan = plan_init(endpoint, OPTIONS)
    wanted = f'CREATE DATABASE "{endpoint.database}" OWNER "{poor}"'
    with pytest.raises(CouldNotLook, match=wanted):
        apply_change(InitChange(plan, OPTIONS))
    assert ask(cluster.dsn(), "SELECT 1 FROM pg_database WHERE datname = %s", endpoint.database) == []


def test_a_database_that_lets_nobody_in_is_not_taken_for_a_missing_one(
    cluster: Cluster, database: str, poor: str
) -> None:
    name = place(database).database
    ask(database, f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')
    with (
        pytest.raises(CouldNotLook, match=f'permission denied for database "{name}"'),
        open_store(place(cluster.dsn(name, poor)), "test"),
    ):
        pass


def test_a_host_that_never_answers_is_asked_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = place(f"postgres://u:hush@127.0.0.1:{silent.getsockname()[1]}/k?connect_timeout=2")
        started = time.monotonic()
        message = "check that this machine can reach the host"
        with pytest.raises(CouldNotLook, match=message), open_store(endpoint, "test"):
            pass
    assert time.monotonic() - started < 4
