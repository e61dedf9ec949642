"""A database as a source: one snapshot, rows as they are, digests of the server, and who still writes."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace

import psycopg
import pytest

from kinetune.database import kine_stopped
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.transfer import SourceKind
from kinetune.transfer.digests import digest_batches
from tests.database.stores import OLD, RENAMED, STOCK, ask, connection, make, place
from tests.transfer.tables import flat, insert, opened, row
from tests.transfer.test_fence import role_of

ODD = [
    row(1, "compact_rev_key", value=b""),
    row(2, "/registry/a|b\nc\tä\u2028𝄞\x01", lease=3660),
    row(3, "/registry/Foo", value=b""),
    row(4, "/registry/foo", value=None, old_value=b"\x00\xff"),
    row(5, "gap-5", created=0, deleted=1, value=None),
    row(6, "/registry/large", value=bytes(range(256)) * 5600, old_value=b"x" * 1_500_000),
    row(7, "/registry/100%s $1 {}", created=0, create_revision=2**40, prev_revision=2**41),
    row(2_147_483_648, "/registry/far"),
]
"""Keys and values that text formats, delimiters and narrow integers would damage."""


@pytest.mark.parametrize("ddl", [STOCK, OLD, RENAMED])
def test_all_rows_come_in_the_order_of_their_ids(database: str, ddl: str) -> None:
    make(database, ddl, 500)
    expected = ask(database, "SELECT * FROM kine ORDER BY id")
    with opened(database) as source:
        assert flat(source.read_rows()) == expected
        assert flat(source.read_rows(2000)) == expected[2000:]
        assert list(source.read_ids()) == [one[0] for one in expected]


def test_odd_keys_and_values_come_as_they_are_and_hash_as_in_python(database: str) -> None:
    make(database, STOCK)
    insert(database, *ODD)
    with opened(database) as source:
        assert flat(source.read_rows()) == ODD
        for exact in (True, False):
            expected = list(digest_batches([ODD], exact_leases=exact))
            assert list(source.read_digests(exact_leases=exact)) == expected
            assert [one.number for one in expected] == [0, 2_147_483]


def test_null_integers_are_zeros_and_null_values_stay(database: str) -> None:
    make(database, STOCK)
    ask(database, "INSERT INTO kine (id, name) VALUES (7, '/registry/null'), (0, 'planted'), (-5, 'planted')")
    with opened(database) as source:
        assert flat(source.read_rows()) == [(7, "/registry/null", 0, 0, 0, 0, 0, None, None)]
        assert list(source.read_digests()) == list(digest_batches([flat(source.read_rows())]))
        assert list(source.read_ids()) == [7]


def test_digests_of_many_ranges_are_those_of_python(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinetune.transfer.table_rows.DIGEST_ROWS", 1_500)
    monkeypatch.setattr("kinetune.transfer.table_rows.ID_PAGE", 700)
    make(database, STOCK, 1000)
    ask(database, "DELETE FROM kine WHERE id BETWEEN 1500 AND 3200 OR id % 7 = 0")
    with opened(database) as source:
        assert list(source.read_digests()) == list(digest_batches(source.read_rows()))


def test_the_digest_file_runs_in_psql_as_it_is(database15: str) -> None:
    make(database15, STOCK, 500)
    with open("sql/facts/range_digests.sql", encoding="utf-8") as file, opened(database15) as source:
        found = ask(database15, file.read())
        assert found == [tuple(vars(one).values()) for one in source.read_digests()]
    assert len(found) == 3


def test_a_database_that_is_not_utf8_has_the_same_digests(pg15: object, database15: str) -> None:
    insert_all = "INSERT INTO kine (id, name, value) VALUES (1, '/registry/ä', 'x')"
    ask(database15, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    dsn = database15.rsplit("/", 1)[0] + "/latin"
    try:
        make(dsn, STOCK)
        with connection(dsn) as session:
            session.execute("SET client_encoding = 'UTF8'")
            session.execute(insert_all)
        with opened(dsn) as source:
            assert list(source.read_digests()) == list(digest_batches(source.read_rows()))
            assert flat(source.read_rows())[0][1] == "/registry/ä"
    finally:
        ask(database15, "DROP DATABASE latin WITH (FORCE)")


def test_a_policy_that_hides_rows_is_an_error(database15: str) -> None:
    make(database15, STOCK, 100)
    with role_of(database15, "GRANT SELECT ON kine, kine_id_seq TO {}") as role:
        ask(database15, "ALTER TABLE kine ENABLE ROW LEVEL SECURITY")
        ask(database15, f"CREATE POLICY part ON kine FOR SELECT TO {role} USING (id < 50)")
        dsn = database15.replace("postgres@", f"{role}@")
        with pytest.raises(CouldNotLook, match="row-level security"), opened(dsn):
            pass


def test_the_state_has_what_the_target_needs(database: str) -> None:
    make(database, STOCK, 100)
    ask(database, "UPDATE kine SET prev_revision = 77 WHERE name = 'compact_rev_key'")
    ask(database, "SELECT nextval('kine_id_seq'), nextval('kine_id_seq')")
    with opened(database) as source:
        state = source.state
    assert (state.kind, state.revision, state.last_id, state.compacted, state.rows) == (
        SourceKind.POSTGRESQL,
        601,
        603,
        77,
        601,
    )
    assert state.place == database


def test_one_snapshot_lasts_until_the_source_is_refreshed(database: str) -> None:
    make(database, STOCK, 100)
    with opened(database) as source:
        before = flat(source.read_rows())
        ask(database, "DELETE FROM kine WHERE id < 50")
        insert(database, row(900))
        assert flat(source.read_rows()) == before
        assert list(source.read_ids()) == [one[0] for one in before]
        assert sum(one.rows for one in source.read_digests()) == len(before) == source.state.rows
        source.refresh()
        assert list(source.read_ids()) == [*range(50, 602), 900]
        assert (source.state.revision, source.state.rows) == (900, 553)


def test_a_reader_that_stops_early_keeps_the_snapshot(database: str) -> None:
    make(database, STOCK, 1000)
    with opened(database) as source:
        rows = source.read_rows()
        next(rows)
        rows.close()  # type: ignore[attr-defined]
        ask(database, "DELETE FROM kine")
        assert len(flat(source.read_rows())) == 5101


def test_an_answer_that_lacks_rows_is_an_error(database15: str) -> None:
    """As YugabyteDB may give one while a catalog changes (docs/facts/measured.md §12)."""
    make(database15, STOCK, 10)
    with opened(database15) as source:
        source.state = replace(source.state, rows=152)
        with pytest.raises(CouldNotLook, match="read 151 of 152 rows"):
            flat(source.read_rows())


def test_the_session_cannot_write_and_shows_its_command(database: str) -> None:
    make(database, STOCK, 1)
    with opened(database) as source:
        session = source._session  # type: ignore[attr-defined]
        assert session.connection.info.parameter_status("application_name") == "kinetune/move"
        with pytest.raises(CouldNotLook, match="read-only transaction"):
            session.query("INSERT INTO kine (name) VALUES ('a') RETURNING id")


@pytest.mark.parametrize(
    ("ddl", "failure", "words"),
    [
        ("SELECT 1", CouldNotLook, "there is no table kine in database"),
        ("CREATE VIEW kine AS SELECT 1 AS id", Refused, "is a view, not Kine's table"),
        ("CREATE TABLE kine (id bigserial PRIMARY KEY, name text)", Refused, "it has no column created"),
    ],
)
def test_what_is_not_kines_table_is_refused(database15: str, ddl: str, failure: type[Exception], words: str) -> None:
    ask(database15, ddl)
    with pytest.raises(failure, match=words), opened(database15):
        pass


def test_a_missing_privilege_names_its_grant(database15: str) -> None:
    make(database15, STOCK, 1)
    ask(database15, "DROP ROLE IF EXISTS copier; CREATE ROLE copier LOGIN")
    try:
        with (
            pytest.raises(CouldNotLook, match=r"GRANT SELECT ON public\.kine, public\.kine_id_seq TO copier"),
            opened(database15.replace("postgres@", "copier@")),
        ):
            pass
    finally:
        ask(database15, "DROP ROLE copier")


def test_a_lost_connection_is_one_error(database: str) -> None:
    make(database, STOCK, 1000)
    with opened(database) as source:
        rows = source.read_rows()
        next(rows)
        pid = source._session.connection.info.backend_pid  # type: ignore[attr-defined]
        ask(database, "SELECT pg_terminate_backend(%s, 5000)", pid)
        with pytest.raises(CouldNotLook):
            flat(rows)
        with pytest.raises(CouldNotLook):
            source.refresh()


def test_a_connected_client_is_a_writer(database: str) -> None:
    make(database, STOCK, 1)
    with opened(database) as source:
        with connection(database) as kine:
            (writer,) = source.find_writers()
            assert writer.startswith(f"process {kine.info.backend_pid} of a client without a name from 127.0.0.1 is")
        assert source.find_writers() == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("INSERT INTO kine (name) VALUES ('a')", r"the (newest revision|sequence) changed from \d+ to \d+"),
        ("SELECT nextval('kine_id_seq')", r"the sequence changed from \d+ to \d+"),
    ],
)
def test_writes_that_are_seen_without_a_session_are_reported(
    database15: str, change: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a Kine behind a pooler, or on a node of YugabyteDB that cannot be reached."""
    make(database15, STOCK, 1)
    monkeypatch.setattr(kine_stopped, "find_clients", lambda *_: ())
    with opened(database15) as source:
        writer = threading.Timer(0.4, ask, (database15, change))
        writer.start()
        found = source.find_writers()
        writer.join()
    (text,) = found
    assert re.fullmatch(words, text)


def test_a_source_that_stopped_is_seen_as_such_within_seconds(database15: str) -> None:
    make(database15, STOCK, 100)
    time.sleep(1.1)
    with opened(database15) as source:
        started = time.monotonic()
        assert source.find_writers() == ()
        assert time.monotonic() - started < 3


def test_only_the_rows_that_kine_updates_are_found_by_name(database: str) -> None:
    make(database, STOCK, 3)
    insert(database, row(500, "compact_rev_key", prev_revision=4))
    with opened(database) as source:
        assert [one[0] for one in source.read_compactions()] == [116, 500]


def test_errors_hold_no_password(database15: str) -> None:
    dsn = psycopg.conninfo.make_conninfo(database15, password="hunter2", port=1)
    with pytest.raises(CouldNotLook) as found, opened(dsn):
        pass
    assert "hunter2" not in str(found.value) + repr(place(dsn))
