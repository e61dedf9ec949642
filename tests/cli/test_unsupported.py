"""Every command reports a server that Kine does not support: a PostgreSQL with the version text of CockroachDB."""

from __future__ import annotations

import psycopg
import pytest

from tests.cli.call import call

NAME = "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)"
PATH = "options=-csearch_path%3Dpublic,pg_catalog"


@pytest.fixture
def cockroachdb(database15: str) -> str:
    """CockroachDB cannot run here: the messages are tested, not the behaviour of that server."""
    with psycopg.connect(database15, autocommit=True) as connection:
        connection.execute(
            f"CREATE FUNCTION public.version() RETURNS text LANGUAGE sql AS $$ SELECT '{NAME}'::text $$".encode()
        )
    return f"{database15}{'&' if '?' in database15 else '?'}{PATH}"


@pytest.mark.parametrize(
    ("command", "status"),
    [("check", 1), ("init", 4), ("drop", 4), ("server", 0), ("explain", 4)],
)
def test_every_command_names_it(cockroachdb: str, command: str, status: int) -> None:
    said = call(command, cockroachdb)
    assert said.status == status, (said.out, said.err)
    assert "CockroachDB" in said.out + said.err
    assert "not supported by Kine" in " ".join((said.out + said.err).split())
