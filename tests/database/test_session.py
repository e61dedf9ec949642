"""A guest's session: the server keeps it from writing, and no failure shows a password or more than one line."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from kinetune.database.session import open_session
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook
from tests.cluster import DEBIAN_15, Cluster, MissingServer, free_port
from tests.conftest import absent
from tests.database.stores import ask, make, place

SECRET = "correct horse'; battery\\staple %s"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Cluster]:
    """A server that asks for a password over TCP (scram), and trusts its own socket."""
    try:
        cluster = Cluster.start(DEBIAN_15, password_encryption="scram-sha-256", max_connections="8")
    except MissingServer as missing:
        absent(str(missing))
        return
    with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(sql.Literal(SECRET)))
        (cluster.data / "pg_hba.conf").write_text("host all postgres 127.0.0.1/32 scram-sha-256\n")
        admin.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
    yield cluster
    cluster.remove()


def failure_at(endpoint: Endpoint) -> str:
    with pytest.raises(CouldNotLook) as failure, open_session(endpoint, "test"):
        pass
    text = str(failure.value)
    assert "\n" not in text
    assert text.startswith(f"cannot connect to {endpoint}: ")
    return text


def test_the_server_itself_forbids_a_guest_to_write(database: str) -> None:
    make(database, objects=20)
    for text in ("INSERT INTO kine (name) VALUES ('x')", "CREATE TABLE x ()", "SELECT nextval('kine_id_seq')"):
        with (
            open_session(place(database), "test") as session,
            pytest.raises(CouldNotLook, match=r"\(25006\); .* is read-only"),
        ):
            session.query(text)
    assert ask(database, "SELECT last_value FROM kine_id_seq") == [(201,)]


def test_a_session_says_who_it_is_and_waits_for_nobody_long(database: str) -> None:
    names = ("application_name", "default_transaction_read_only", "statement_timeout", "lock_timeout")
    with open_session(place(database), "check") as session:
        said = [session.query(f"SHOW {name}")[0][name] for name in names]
    assert said == ["kinetune/check", "on", "1min", "2s"]
    with open_session(place(database), "init", write=True) as session:
        said = [session.query(f"SHOW {name}")[0][name] for name in names]
    assert said == ["kinetune/init", "off", "0", "2s"]


def test_settings_of_the_caller_come_on_top(database: str) -> None:
    with open_session(place(database), "test", statement_timeout="123ms") as session:
        assert session.query("SHOW statement_timeout") == [{"statement_timeout": "123ms"}]
        with pytest.raises(CouldNotLook, match=r"\(57014\); raise --timeout"):
            session.query("SELECT pg_sleep(5)")
        assert session.query("SELECT 1 AS one") == [{"one": 1}]


def test_a_session_is_closed_at_the_end_whatever_happened(database: str) -> None:
    with pytest.raises(ZeroDivisionError), open_session(place(database), "test") as session:
        raise ZeroDivisionError
    assert session.connection.closed


def test_the_server_is_recognised(cluster: Cluster, database: str) -> None:
    with open_session(place(database), "test") as session:
        assert session.server.base == (15 if cluster.binaries == DEBIAN_15 else 18)
        assert session.server.note == ""


def test_a_connection_that_is_cut_is_a_failure_that_says_so(database: str) -> None:
    with open_session(place(database), "test") as session:
        pid = session.connection.info.backend_pid
        ask(database, "SELECT pg_terminate_backend(%s, 5000)", pid)
        with pytest.raises(CouldNotLook, match=r"terminating connection|connection was lost"):
            session.query("SELECT 1")
        with pytest.raises(CouldNotLook, match=r"connection was lost.*run again"):
            session.set_parameter("lock_timeout", "1s")


def test_the_right_password_opens_and_is_shown_nowhere(guarded: Cluster) -> None:
    endpoint = replace(place(guarded.dsn()), password=SECRET)
    with open_session(endpoint, "test") as session:
        assert session.query("SELECT current_user AS me") == [{"me": "postgres"}]
        assert SECRET not in repr(session) + str(session.endpoint)


def test_a_wrong_password_is_one_line_without_it(guarded: Cluster) -> None:
    text = failure_at(replace(place(guarded.dsn()), password=f"not {SECRET}"))
    assert 'password authentication failed for user "postgres"; check the password' in text
    assert "horse" not in text


def test_no_password_at_all_names_where_it_may_be_kept(guarded: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    assert "no password supplied; put the password in ~/.pgpass" in failure_at(place(guarded.dsn()))


def test_a_user_that_is_not_let_in_is_told_what_keeps_him_out(guarded: Cluster) -> None:
    assert "pg_hba.conf" in failure_at(replace(place(guarded.dsn(user="stranger")), password=SECRET))


def test_an_unknown_user_is_named(cluster: Cluster) -> None:
    assert 'role "nobody-here" does not exist' in failure_at(place(cluster.dsn(user="nobody-here")))


def test_a_missing_database_is_named_with_what_makes_it(cluster: Cluster) -> None:
    text = failure_at(place(cluster.dsn("not-there")))
    assert 'database "not-there" does not exist; run kinetune init, which creates it' in text


def test_a_server_without_room_is_told_as_that(guarded: Cluster) -> None:
    endpoint = replace(place(guarded.dsn(user="postgres")), password=SECRET)
    crowd = [psycopg.connect(**endpoint.libpq()) for _ in range(8)]
    try:
        assert "reduce Kine's connection pool" in failure_at(endpoint)
    finally:
        for one in crowd:
            one.close()


def test_nobody_listening_is_a_question() -> None:
    text = failure_at(place(f"postgres://u:hush@127.0.0.1:{free_port()}/k"))
    assert "Connection refused; check that the server is running" in text
    assert "hush" not in text


def test_a_host_that_is_not_known_is_told_as_that() -> None:
    text = failure_at(place("postgres://u:hush@no-such-host.invalid/k"))
    assert "check the host name" in text
    assert "hush" not in text


def test_a_host_that_never_answers_costs_no_more_than_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = place(f"postgres://u:hush@127.0.0.1:{silent.getsockname()[1]}/k?connect_timeout=2")
        started = time.monotonic()
        text = failure_at(endpoint)
    assert 1.5 < time.monotonic() - started < 4
    assert "check that this machine can reach the host" in text
