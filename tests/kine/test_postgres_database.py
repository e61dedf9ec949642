"""KT618 on real Kine: what keeps v0.11.2 from the database `postgres`, and the statement that lets it in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from kinetune.database.inspect import observe_endpoint
from kinetune.database.observe import open_store
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.facts import Role
from kinetune.rules.unreachable_postgres_database import unreachable_postgres_database
from tests.cluster import Cluster
from tests.kine.test_endpoint_parameters import starts
from tests.rules.made import healthy, run_one, written_by

ROLE = "kine_of_kt618"


@pytest.fixture
def admin(pg15: Cluster) -> Iterator[psycopg.Connection]:
    """A superuser in template1, beside a role that owns a database of its own; all is as it was afterwards."""
    with psycopg.connect(pg15.dsn("template1"), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {ROLE} LOGIN")
        admin.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE} TEMPLATE template0")
        yield admin
        if not admin.execute("SELECT FROM pg_database WHERE datname = 'postgres'").fetchall():
            admin.execute("CREATE DATABASE postgres TEMPLATE template0")
        admin.execute("ALTER DATABASE postgres ALLOW_CONNECTIONS true")
        admin.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
        admin.execute(f"REVOKE CONNECT ON DATABASE postgres FROM {ROLE}")
        admin.execute(f"DROP DATABASE {ROLE} WITH (FORCE)")
        admin.execute(f"DROP ROLE {ROLE}")


@pytest.mark.parametrize(
    "fault_says",
    [
        ("DROP DATABASE postgres WITH (FORCE)", "it does not exist"),
        ("ALTER DATABASE postgres ALLOW_CONNECTIONS false", "it accepts no connections"),
        ("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC", "the role may not connect to it"),
    ],
)
def test_the_statement_lets_kine_in(
    built: Callable[[str], Path], pg15: Cluster, admin: psycopg.Connection, fault_says: tuple[str, str]
) -> None:
    fault, says = fault_says
    program, dsn = built("v0.11.2"), f"{pg15.dsn(ROLE, ROLE)}?sslmode=disable"
    assert starts(program, dsn)
    admin.execute(fault)
    assert not starts(program, dsn)
    assert starts(built("v0.14.16"), dsn)
    endpoint = parse(dsn)
    assert isinstance(endpoint, Endpoint)
    with open_store(endpoint, "test") as (session, _):
        seen = observe_endpoint(session, endpoint)
    role = Role(ROLE, superuser=False, create_database=False, owns_table=True, may_create=True)
    (found,) = run_one(unreachable_postgres_database, healthy(endpoint=seen, role=role, kine=written_by("v0.11.2")))
    assert found.says.endswith(f"exits: {says}")
    assert run_one(unreachable_postgres_database, healthy(endpoint=seen, role=role, kine=written_by("v0.14.16"))) == ()
    admin.execute(found.do.partition(", or ")[2])
    assert starts(program, dsn)
