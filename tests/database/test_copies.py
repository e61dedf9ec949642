"""Copies to compare profiles on: whole objects, nothing left behind, no id used, and the live table only read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from kinetune.commands.explain_profiles import profile_candidate
from kinetune.database.copies import COPY_COMMENT, ProfileCandidate, ProfileCopy, iterate_copies
from kinetune.database.session import Session, open_session
from kinetune.kine.releases import find_era
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.servers.identification import parse_server_name
from tests.database.stores import OLD, RENAMED, STOCK, ask, connection, content, make, place

WAYS = ("rolled back", "dropped")
"""How a copy goes: the second is YugabyteDB's, on a server told to be unable to roll back DDL."""


@contextlib.contextmanager
def writing(dsn: str, way: str = "rolled back") -> Iterator[Session]:
    with open_session(place(dsn), "compare", write=True) as session:
        server = session.server
        less = frozenset(server.capabilities - {"transactional_ddl"})
        yield session if way == "rolled back" else replace(session, server=replace(server, capabilities=less))


def candidates(session: Session, *profiles: str) -> tuple[ProfileCandidate, ...]:
    return tuple(
        profile_candidate(profile, session.server, find_era("E20")) for profile in profiles or ("article", "tuned")
    )


def state(dsn: str) -> tuple[object, ...]:
    return (
        content(dsn),
        ask(dsn, "SELECT last_value, is_called FROM kine_id_seq"),
        ask(dsn, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1"),
        ask(dsn, "SELECT oid FROM pg_class WHERE oid >= 16384 ORDER BY 1"),
        ask(dsn, "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting"),
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_store_in_a_schema_of_another_name_is_copied_from_there(database: str, way: str) -> None:
    ask(database, 'CREATE SCHEMA "My ""Kine"')
    dsn = f"{database}?search_path=%22My%20%22%22Kine%22"
    make(dsn, STOCK, 20)
    before = state(dsn)
    with writing(dsn, way) as session, contextlib.closing(iterate_copies(session, candidates(session), 50)) as every:
        assert [copy.total for copy in every] == [201, 201]
    assert state(dsn) == before


def test_on_yugabytedb_keys_are_made_with_the_order_of_the_profile() -> None:
    server = parse_server_name("yugabytedb-2024.2.11")
    stock, article, tuned = (profile_candidate(name, server, find_era("E20")) for name in ("stock", "article", "tuned"))
    assert stock.primary_key == "CONSTRAINT kine_pkey PRIMARY KEY (id HASH)"
    assert article.primary_key == tuned.primary_key == "CONSTRAINT kine_pkey PRIMARY KEY (id ASC)"
    assert all("NONCONCURRENTLY" in one and " ON kine " in one for one in (*stock.indexes, *article.indexes))
    assert article.settings == {"yb_bnl_batch_size": "1024", "yb_enable_cbo": "on"}
    assert not any("SERIAL" in one or "SEQUENCE" in one for one in (stock.primary_key, *stock.indexes))


@pytest.mark.parametrize("way", WAYS)
def test_each_copy_has_the_profiles_indexes_and_nothing_is_left(database: str, way: str) -> None:
    make(database, STOCK, 200)
    before = state(database)
    seen: dict[str, Any] = {}
    with (
        writing(database, way) as session,
        contextlib.closing(iterate_copies(session, candidates(session), 10**6)) as every,
    ):
        for copy in every:
            (row,) = session.query("SELECT count(*) AS n, max(id) AS newest FROM kine")
            names = session.query("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'kine' ORDER BY 1")
            here = {one["indexname"]: one["indexdef"] for one in names if "kinetune_compare" in one["indexdef"]}
            seen[copy.candidate.profile] = (copy, row, here)
    for copy, row, here in seen.values():
        assert (copy.rows, copy.total, row["n"], row["newest"]) == (1101, 1101, 1101, 1101)
        assert len(here) == 7
        assert copy.index_bytes > 0
    assert "INCLUDE (id)" in seen["article"][2]["kine_name_prev_revision_uindex"]
    assert "WHERE false" in seen["tuned"][2]["kine_name_index"]
    assert state(database)[:3] == before[:3]
    assert state(database) == before


def test_a_sample_is_of_whole_objects_with_their_own_ids(database: str) -> None:
    make(database, STOCK, 400)
    with writing(database) as session, contextlib.closing(iterate_copies(session, candidates(session), 700)) as every:
        copy = next(every)
        assert 400 < copy.rows < 1100
        live = place_of(database)
        cut = (
            f"SELECT name FROM {live} GROUP BY name HAVING count(*) <> (SELECT count(*) FROM kine AS c WHERE c.name = "
        )
        assert session.query(f"SELECT name FROM ({cut}{live}.name)) AS x WHERE name IN (SELECT name FROM kine)") == []
        assert session.query("SELECT 1 FROM kine WHERE name = 'compact_rev_key'")
        (row,) = session.query(f"SELECT count(*) AS n FROM kine AS c JOIN {live} AS l USING (id, name, prev_revision)")
        assert row["n"] == copy.rows


def place_of(dsn: str) -> str:
    ((schema,),) = ask(dsn, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'kine'::regclass")
    return f"{schema}.kine"


def test_index_only_scans_need_not_visit_the_copy(database: str) -> None:
    make(database, STOCK, 400)
    with writing(database) as session, contextlib.closing(iterate_copies(session, candidates(session), 10**6)) as every:
        next(every)
        session.set_parameter("enable_seqscan", "off")
        (row,) = session.query(
            "EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) "
            "SELECT name, id FROM kine WHERE name > '/registry/' ORDER BY name, id"
        )
        assert "'Index Only Scan'" in str(row)
        assert "'Heap Fetches': 0" in str(row)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("ddl", [OLD, RENAMED, STOCK])
def test_stores_of_other_times_are_copied_too(database: str, way: str, ddl: str) -> None:
    make(database, ddl, 20)
    with (
        writing(database, way) as session,
        contextlib.closing(iterate_copies(session, candidates(session), 50)) as every,
    ):
        assert [copy.candidate.profile for copy in every] == ["article", "tuned"]


@pytest.mark.parametrize("way", WAYS)
def test_settings_of_a_profile_hold_for_its_copy_alone(database: str, way: str) -> None:
    make(database, STOCK, 20)
    with writing(database, way) as session:
        plain = candidates(session)
        some = (replace(plain[0], settings={"random_page_cost": "1.5", "yb_nosuch": "1"}), plain[1])
        with contextlib.closing(iterate_copies(session, some, 50)) as every:
            seen = [session.query("SHOW random_page_cost")[0]["random_page_cost"] for _ in every]
        assert (seen, session.query("SHOW random_page_cost")) == (["1.5", "4"], [{"random_page_cost": "4"}])


@pytest.mark.parametrize("way", WAYS)
def test_kine_may_write_while_its_rows_are_copied(database: str, way: str) -> None:
    """Held on the live table is ACCESS SHARE at most, the lock of a plain SELECT."""
    make(database, STOCK, 50)
    live = ask(database, "SELECT 'kine'::regclass::oid::int")[0][0]
    locks = f"SELECT DISTINCT mode FROM pg_locks WHERE relation = {live} AND granted"
    with (
        writing(database, way) as session,
        contextlib.closing(iterate_copies(session, candidates(session), 50)) as every,
    ):
        for _ in every:
            assert ask(database, locks) in ([], [("AccessShareLock",)])
            ask(database, "INSERT INTO kine (name, created, deleted) VALUES ('/registry/pods/a/new', 1, 0)")
    assert ask(database, "SELECT count(*) FROM kine WHERE name = '/registry/pods/a/new'") == [(2,)]


@pytest.mark.parametrize("way", WAYS)
def test_whatever_happens_with_a_copy_is_gone(database: str, way: str) -> None:
    make(database, STOCK, 20)
    before = state(database)
    with (
        pytest.raises(ZeroDivisionError),
        writing(database, way) as session,
        contextlib.closing(iterate_copies(session, candidates(session), 50)) as every,
    ):
        raise ZeroDivisionError(next(every))
    assert state(database) == before


def leave(dsn: str, how: str) -> None:
    """What a run that was killed leaves on YugabyteDB."""
    ask(dsn, "CREATE SCHEMA kinetune_compare_article")
    if how != "at once":
        ask(dsn, f"COMMENT ON SCHEMA kinetune_compare_article IS '{COPY_COMMENT}'")
        ask(dsn, "CREATE TABLE kinetune_compare_article.kine (LIKE kine)")


@pytest.mark.parametrize("how", ["at once", "in the middle"])
@pytest.mark.parametrize("way", WAYS)
def test_the_next_run_drops_what_a_killed_one_left(database: str, how: str, way: str) -> None:
    make(database, STOCK, 20)
    before = state(database)
    leave(database, how)
    with (
        writing(database, way) as session,
        contextlib.closing(iterate_copies(session, candidates(session), 50)) as every,
    ):
        assert len(list(every)) == 2
    assert state(database) == before


def test_a_schema_of_that_name_that_is_somebodys_own_stays(database: str) -> None:
    make(database, STOCK, 20)
    ask(database, "CREATE SCHEMA kinetune_compare_article; CREATE TABLE kinetune_compare_article.kine (a int)")
    before = state(database)
    with writing(database, "dropped") as session, pytest.raises(CouldNotLook, match="already exists"):
        list(iterate_copies(session, candidates(session), 50))
    assert state(database) == before


def test_while_another_comparison_is_at_work_its_copies_stay(database: str) -> None:
    make(database, STOCK, 20)
    leave(database, "in the middle")
    with writing(database), writing(database) as session, pytest.raises(Refused, match="another comparison"):
        list(iterate_copies(session, candidates(session), 50))
    assert ask(database, "SELECT 1 FROM pg_namespace WHERE nspname = 'kinetune_compare_article'") == [(1,)]


def test_a_role_that_may_not_create_is_told_what_it_needs(database: str) -> None:
    make(database, STOCK, 20)
    ask(database, "DROP ROLE IF EXISTS reader_only; CREATE ROLE reader_only LOGIN; GRANT SELECT ON kine TO reader_only")
    try:
        dsn = database.replace("postgres@", "reader_only@")
        with writing(dsn) as session, pytest.raises(CouldNotLook, match="GRANT CREATE ON DATABASE"):
            list(iterate_copies(session, candidates(session), 50))
    finally:
        ask(database, "DROP OWNED BY reader_only; DROP ROLE reader_only")


def test_a_lost_connection_is_told_and_leaves_nothing_on_postgresql(database: str) -> None:
    make(database, STOCK, 20)
    before = state(database)
    with writing(database) as session, connection(database) as admin:
        every = iterate_copies(session, candidates(session), 50)
        copy = next(every)
        assert isinstance(copy, ProfileCopy)
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (session.connection.info.backend_pid,))
        with pytest.raises(CouldNotLook):
            next(every)
    assert state(database) == before
