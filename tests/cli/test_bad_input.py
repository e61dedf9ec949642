"""Bad input: one line that names the thing, the cause and the next step, its exit status, and nothing changed."""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator

import pytest

from tests.cli.call import call
from tests.cli.conftest import SECRET
from tests.cluster import Cluster, free_port
from tests.database.stores import STOCK, ask, make

SHAPES = {
    "CREATE VIEW kine AS SELECT 1 AS id": "is a view, not Kine's table",
    "CREATE MATERIALIZED VIEW kine AS SELECT 1 AS id": "is a materialized view",
    "CREATE TABLE kine (id bigserial, name text) PARTITION BY RANGE (id)": "it has no column created",
    "CREATE SEQUENCE kine": "is a sequence",
    "CREATE TABLE kine (id bigserial PRIMARY KEY, name text)": "it has no column created",
    STOCK.replace("lease INTEGER", "lease TEXT"): "its column lease is text, Kine's is integer",
    STOCK.replace("BIGSERIAL PRIMARY KEY", "BIGINT PRIMARY KEY"): "its column id has no sequence",
}


@pytest.fixture
def poor(pg15: Cluster, database15: str) -> Iterator[str]:
    """A role that may connect and nothing else."""
    role = f"poor_{uuid.uuid4().hex[:8]}"
    ask(pg15.dsn(), f"CREATE ROLE {role} LOGIN")
    yield role
    ask(database15, f"DROP OWNED BY {role}")
    ask(pg15.dsn(), f"DROP ROLE {role}")


def as_role(dsn: str, role: str) -> str:
    return dsn.replace("postgres@", f"{role}@")


def relations(dsn: str) -> list[tuple[object, ...]]:
    """Every relation of ours with its file: a change of any kind shows."""
    return ask(
        dsn,
        "SELECT relname, relkind, relfilenode FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace ORDER BY relname, relfilenode",
    )


@pytest.mark.parametrize("command", ["init", "explain"])
def test_a_refused_port_asks_whether_the_server_runs(command: str) -> None:
    place = f"postgres://u@127.0.0.1:{free_port()}/x"
    said = call(command, place)
    assert said.status == 3
    assert said.line == (
        f"cannot connect to {place}: Connection refused; check that the server is running and listens on this port"
    )


def test_a_host_that_never_answers_costs_the_timeout_and_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"postgres://u@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        said = call("init", place)
    assert said.status == 3
    assert "timeout expired; check that this machine can reach the host" in said.line


def test_an_unknown_host_name_is_named() -> None:
    said = call("explain", "postgres://u@no-such-host.invalid/x")
    assert said.status == 3
    assert said.line.endswith("check the host name in the endpoint")
    assert "no-such-host.invalid" in said.line
    assert "Errno" not in said.line


@pytest.mark.parametrize("command", ["init", "explain"])
def test_a_wrong_password_is_reported_without_it(guarded: Cluster, command: str) -> None:
    said = call(command, guarded.dsn("x", "postgres:wr0ng"), "--yes" if command == "init" else "--tree")
    assert said.status == 3
    assert 'password authentication failed for user "postgres"; check the password' in said.line
    assert "wr0ng" not in said.line


def test_no_password_says_where_one_may_stand(guarded: Cluster) -> None:
    said = call("init", guarded.dsn(), PGPASSFILE="/nowhere")
    assert said.status == 3
    assert said.line.endswith("no password supplied; put the password in ~/.pgpass or PGPASSWORD")


def test_the_right_password_lets_in(guarded: Cluster) -> None:
    assert call("init", "-n", guarded.dsn(user=f"postgres:{SECRET.replace(' ', '%20')}")).status == 0


def test_an_unknown_user_is_no_missing_database(pg15: Cluster) -> None:
    said = call("init", pg15.dsn(user="nobody_here"))
    assert said.status == 3
    assert said.line.endswith('role "nobody_here" does not exist; check the user in the endpoint')


def test_a_missing_database_without_createdb_names_the_statement(pg15: Cluster, poor: str) -> None:
    said = call("init", "--yes", pg15.dsn("not_there", poor))
    assert said.status == 3
    assert said.line == (
        f"role {poor} may not create the database not_there; "
        f"ask the administrator for: CREATE DATABASE not_there OWNER {poor}"
    )
    assert ask(pg15.dsn(), "SELECT 1 FROM pg_database WHERE datname = 'not_there'") == []


def test_explain_of_a_missing_database_names_init(pg15: Cluster) -> None:
    said = call("explain", pg15.dsn("not_there"))
    assert said.status == 3
    assert 'database "not_there" does not exist; run kinetune init, which creates it, or ask' in said.line


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("mysql://u:s3cr3t@h/x", "mysql:// is MySQL"),
        ("redis://u:s3cr3t@h/x", "a scheme that Kine does not know"),
        ("postgres://u:s3#cr3t@h/x", "contains a #"),
        ("postgres://u:s3/cr3t@h/x", "an @ in its path or parameters"),
        ("postgres://u:s3%zzcr3t@h/x", "% that is not an escape"),
        ("u:s3cr3t@h/x", "is not a URL"),
        ("host=h password='s3cr3t", "keywords of the endpoint are not valid"),
        ("", "the endpoint is empty"),
        ("embedded:../s3cr3t", "the name of an embedded server must have"),
    ],
)
def test_an_endpoint_that_cannot_be_read_is_never_echoed(text: str, cause: str) -> None:
    said = call("init", text)
    assert said.status == 2
    assert cause in said.line
    assert "cr3t" not in said.line


def test_control_characters_do_not_reach_the_terminal() -> None:
    said = call("move", "sqlite:/none/\x1b[31m\x07", "postgres://127.0.0.1/kubernetes")
    assert (said.status, "cannot read /none/\\x1b[31m\\x07: " in said.line) == (2, True)


def test_no_endpoint_at_all_names_every_way_to_give_one() -> None:
    said = call("explain")
    assert said.status == 2
    assert "KINETUNE_ENDPOINT" in said.line
    assert "--k3s-config" in said.line


def test_explain_needs_a_table(database15: str) -> None:
    said = call("explain", database15)
    assert said.status == 3
    assert "there is no table kine in database" in said.line
    assert said.line.endswith("start Kine on it, or prepare it with kinetune init")


def test_explain_needs_objects(database15: str) -> None:
    make(database15)
    said = call("explain", database15)
    assert said.status == 3
    assert said.out == ""
    assert said.line.startswith("the table kine contains no objects, so there is nothing to explain; ")


@pytest.mark.parametrize("command", [("init", "--yes"), ("explain",)], ids=" ".join)
@pytest.mark.parametrize("ddl", SHAPES, ids=SHAPES.values())
def test_what_is_not_kines_table_is_left_alone(database15: str, ddl: str, command: tuple[str, ...]) -> None:
    ask(database15, ddl)
    before = relations(database15)
    said = call(*command, database15)
    assert said.status == 4
    assert SHAPES[ddl] in said.line
    assert "nothing was changed; name another database in the endpoint" in said.line
    assert relations(database15) == before


@pytest.mark.parametrize("command", [("init", "--yes"), ("explain",)], ids=" ".join)
def test_a_role_without_rights_gets_the_grant(database15: str, poor: str, command: tuple[str, ...]) -> None:
    make(database15, objects=20)
    said = call(*command, as_role(database15, poor))
    assert said.status == 3
    assert "GRANT SELECT ON" in said.line
    assert poor in said.line


def test_a_role_that_only_reads_gets_the_name_of_the_owner(database15: str, poor: str) -> None:
    make(database15, objects=20)
    ask(database15, f"GRANT SELECT ON kine, kine_id_seq TO {poor}")
    assert call("explain", as_role(database15, poor)).status == 0
    said = call("init", "--yes", as_role(database15, poor))
    assert said.status == 3
    assert f"role {poor} does not own the table kine; ask the administrator for: " in said.line


def test_writes_need_a_right_that_is_asked_for_before_the_reads(database15: str, poor: str) -> None:
    make(database15, objects=20)
    ask(database15, f"GRANT SELECT ON kine, kine_id_seq TO {poor}")
    said = call("explain", "--writes", as_role(database15, poor))
    assert said.status == 3
    assert said.out == ""
    assert f"GRANT CREATE ON DATABASE {database15.rpartition('/')[2]} TO {poor}" in said.line


def test_a_call_that_takes_too_long_says_so_and_the_others_go_on(store: str) -> None:
    said = call("explain", "--timeout", "0.002", "--format", "json", store)
    calls = json.loads(said.out)["calls"]
    failed = [one["scenario"] for one in calls if one["failed"]]
    assert failed
    assert {one["failed"] for one in calls} <= {"", "stopped after 0.002 s (raise it with --timeout)"}
    assert [one["scenario"] for one in calls][: len(failed)] == failed


def test_nothing_seen_is_an_error(database15: str) -> None:
    make(database15, objects=5000)
    said = call("explain", "--timeout", "0.001", "--query", "list", database15)
    assert said.status == 3
    assert said.line == (
        "no call could be explained: stopped after 0.001 s (raise it with --timeout); the report has all reasons"
    )
    assert "stopped after 0.001 s" in said.out


@pytest.mark.parametrize("command", [("init", "--yes"), ("explain", "--writes")], ids=" ".join)
def test_a_database_made_read_only_stays_as_it_is(store: str, command: tuple[str, ...]) -> None:
    name = store.rpartition("/")[2]
    ask(store, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    before = relations(store)
    said = call(*command, store)
    assert said.status == 3
    assert f"ALTER DATABASE {name} RESET default_transaction_read_only" in said.line
    assert relations(store) == before
    assert call("explain", "--query", "get", store).status == 0
