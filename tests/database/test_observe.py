"""One look sees what is there, on both servers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from kinetune.database.inspect import inspect_store
from kinetune.database.session import open_session
from kinetune.kine.releases import ERAS
from kinetune.model.facts import Index, Key, Order, Role
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.tuning.profiles import PROFILES, build_target, recognise_profile
from tests.cluster import Cluster
from tests.database.stores import OLD, RENAMED, STOCK, ask, facts, make, place, reach, schema, script

UNIQUE = "kine_name_prev_revision_uindex"
ROUND_TRIPS = [(profile, era.number) for profile in PROFILES for era in ERAS if era.number in ("E07", "E11", "E20")]


@pytest.mark.parametrize(("profile", "era"), ROUND_TRIPS)
def test_a_profile_that_was_applied_is_seen_as_reached(database: str, profile: str, era: str) -> None:
    """The round trip on an empty database and over a store in use: apply, look, nothing left to do."""
    reach(database, profile, era)
    assert not script(database, profile, era)
    for other in PROFILES:
        reach(database, other, era)
        reach(database, profile, era)
        assert not script(database, profile, era)


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_seen_is_the_target(database: str, profile: str) -> None:
    reach(database, profile)
    seen, era = facts(database), ERAS[-1]
    goal, table = build_target(profile, seen.server, era), schema(database)
    assert {one.index for one in table.indexes} == set(goal.indexes)
    assert table.primary_key is not None
    assert (table.primary_key.index, table.primary_key.constraint) == (goal.primary_key, "kine_pkey")
    assert (table.columns, table.sequence) == (goal.columns, goal.sequence)
    assert (table.schema, table.kind, table.max_id, table.last_id) == ("public", "r", None, 0)
    assert recognise_profile(seen, era) == profile


def test_kines_own_ddl_is_stock(database: str) -> None:
    make(database, STOCK)
    assert not script(database, "stock")
    assert recognise_profile(facts(database), ERAS[-1]) == "stock"


def test_the_ddl_of_old_kines_is_the_stock_of_their_era(database: str) -> None:
    make(database, OLD)
    assert not script(database, "stock", "E07")
    assert script(database, "tuned", "E07").hazards == ("COLUMN_TYPES",)


def test_an_empty_database_has_no_table(database: str) -> None:
    seen = facts(database)
    assert seen.table is None
    assert seen.database_exists
    assert seen.server.flavour is Flavour.POSTGRESQL
    assert replace(seen.role, schema=None) == Role("postgres", True, True, owns_table=False, may_create=True)
    assert seen.role.schema == "public"


def test_numbers_are_those_of_the_store(database: str) -> None:
    make(database, STOCK, objects=200)
    ask(database, "ANALYZE kine")
    table = facts(database).table
    assert table is not None
    assert (table.rows, table.max_id, table.last_id) == (1101, 1101, 1101)
    assert (table.bytes or 0) > 100_000
    assert all((seen.bytes or 0) > 0 for seen in table.indexes)


def test_a_table_that_was_never_analysed_has_no_number_of_rows(database: str) -> None:
    make(database, STOCK)
    table = facts(database).table
    assert table is not None
    assert table.rows is None


def test_statistics_of_an_empty_table_give_a_full_one_no_number_of_rows(database: str) -> None:
    """reltuples 0 of an ANALYZE before the first row, or of a PostgreSQL before 14 that never did: nothing is known."""
    make(database)
    ask(database, "ALTER TABLE kine SET (autovacuum_enabled = off)")
    ask(database, "ANALYZE kine")
    ask(database, "INSERT INTO kine (name, created) SELECT '/registry/a/' || n, 1 FROM generate_series(1, 300) AS n")
    assert ask(database, "SELECT reltuples FROM pg_class WHERE oid = 'kine'::regclass") == [(0,)]
    table = facts(database).table
    assert table is not None
    assert (table.rows, table.size, table.max_id) == (None, None, 300)


@pytest.mark.parametrize("how", ["a duplicate", "a timeout"])
def test_what_a_failed_online_build_leaves_is_seen_as_invalid(database: str, how: str) -> None:
    make(database, STOCK, objects=200)
    with psycopg.connect(database, autocommit=True) as session, psycopg.connect(database) as other:
        if how == "a timeout":
            other.execute("LOCK TABLE kine IN ROW EXCLUSIVE MODE")
            session.execute("SET statement_timeout = '200ms'")
        with pytest.raises(psycopg.Error):
            session.execute("CREATE UNIQUE INDEX CONCURRENTLY kinetune_new_x ON kine (name)")
    table = facts(database).table
    assert table is not None
    left = table.index("kinetune_new_x")
    assert left is not None
    assert not left.valid
    assert script(database, "stock").steps[0].statements == ("DROP INDEX CONCURRENTLY kinetune_new_x",)
    assert len(reach(database, "stock").steps) == 1
    assert not script(database, "stock")


@pytest.mark.parametrize(
    ("definition", "index"),
    [
        ("(lease)", Index("mine", (Key("lease"),))),
        ("(lower(name), id DESC)", Index("mine", (Key("(expression)"), Key("id", Order.DESC)))),
        ("(lease) INCLUDE (id, name)", Index("mine", (Key("lease"),), include=("id", "name"))),
        ("(lease) WHERE deleted = 0", Index("mine", (Key("lease"),), predicate="(deleted = 0)")),
        ("(lease) WHERE false", Index("mine", (Key("lease"),), predicate="false")),
    ],
)
def test_an_index_is_seen_with_all_its_parts(database15: str, definition: str, index: Index) -> None:
    make(database15, f"{STOCK} CREATE INDEX mine ON kine {definition};")
    table = facts(database15).table
    assert table is not None
    mine = table.index("mine")
    assert mine is not None
    assert mine.index == index


def test_the_sequence_is_the_one_that_ids_are_drawn_from(database: str) -> None:
    make(database, RENAMED, objects=10)
    table = facts(database).table
    assert table is not None
    assert table.sequence is not None
    assert (table.sequence.name, table.sequence.cache, table.sequence.owned_by) == ("kine_seq", 100, None)
    reach(database, "tuned")
    table = schema(database)
    assert table.sequence == build_target("tuned", facts(database).server, ERAS[-1]).sequence


def test_the_table_is_the_first_in_the_search_path_as_it_is_kines(database: str) -> None:
    ask(database, 'CREATE SCHEMA "My Kine"')
    ask(database, "CREATE TABLE public.kine (nothing integer)")
    there = f"{database}?search_path=%22My%20Kine%22%2Cpublic"
    make(there, STOCK, objects=20)
    assert schema(there).schema == "My Kine"
    assert not script(there, "stock")
    reach(there, "tuned")
    assert not script(there, "tuned")
    assert ask(database, "SELECT count(*) FROM pg_indexes WHERE schemaname = 'My Kine'") == [(7,)]
    assert ask(database, "SELECT count(*) FROM pg_indexes WHERE schemaname = 'public'") == [(0,)]


@pytest.mark.parametrize(
    ("ddl", "kind"),
    [
        ("CREATE VIEW kine AS SELECT 1 AS id", "v"),
        ("CREATE MATERIALIZED VIEW kine AS SELECT 1 AS id", "m"),
        ("CREATE TABLE kine (id bigint) PARTITION BY RANGE (id)", "p"),
        ("CREATE SEQUENCE kine", "S"),
    ],
)
def test_what_only_has_the_name_is_seen_as_what_it_is(database15: str, ddl: str, kind: str) -> None:
    ask(database15, ddl)
    table = facts(database15).table
    assert table is not None
    assert table.kind == kind


def test_other_sessions_are_counted_by_their_names(database: str) -> None:
    with psycopg.connect(database, application_name="kine-test"):
        seen = facts(database).sessions
    assert not isinstance(seen, Unknown)
    assert seen == {"kine-test": 1}


def test_settings_kept_for_the_database_are_seen(database: str) -> None:
    name = database.rsplit("/", 1)[1]
    ask(database, f'ALTER DATABASE "{name}" SET random_page_cost = 1.1')
    ask(database, f'ALTER DATABASE "{name}" SET search_path = public, "a,b"')
    seen = facts(database)
    assert seen.database_settings == {"random_page_cost": "1.1", "search_path": 'public, "a,b"'}
    assert seen.settings["random_page_cost"] == "1.1"


@pytest.fixture
def guest(cluster: Cluster, database: str) -> Iterator[str]:
    """A role that may connect and nothing else, on a store that has rows."""
    make(database, STOCK, objects=20)
    role = f"guest-{uuid.uuid4().hex[:8]}"
    ask(database, f'CREATE ROLE "{role}" LOGIN')
    yield cluster.dsn(database.rsplit("/", 1)[1], role)
    ask(database, f'DROP OWNED BY "{role}"')
    ask(database, f'DROP ROLE "{role}"')


def test_without_select_on_kine_the_failure_names_the_grant(guest: str, database: str) -> None:
    role = place(guest).user
    with pytest.raises(CouldNotLook) as failure:
        facts(guest)
    assert f'GRANT SELECT ON public.kine, public.kine_id_seq TO "{role}"' in str(failure.value)
    ask(database, f'GRANT SELECT ON public.kine, kine_id_seq TO "{role}"')
    seen = facts(guest)
    powerless = dict.fromkeys(("superuser", "create_database", "owns_table", "may_create", "owns_database"), False)
    assert seen.role == Role(role, **powerless, schema="public")
    assert seen.table == facts(database).table


def test_a_schema_that_may_not_be_looked_into_is_not_taken_for_an_empty_one(guest: str, database: str) -> None:
    role = place(guest).user
    ask(database, "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    ask(database, f'GRANT SELECT ON kine, kine_id_seq TO "{role}"')
    with pytest.raises(CouldNotLook, match="which contains a table kine") as failure:
        facts(guest)
    assert failure.value.next_step.endswith(f'GRANT USAGE ON SCHEMA public TO "{role}"')
    ask(database, failure.value.next_step.partition(": ")[2])
    assert facts(guest).table == facts(database).table


def test_a_schema_outside_of_search_path_is_nobodys_business(guest: str, database: str) -> None:
    name = database.rsplit("/", 1)[1]
    ask(database, f'CREATE SCHEMA other; ALTER DATABASE "{name}" SET search_path = other')
    ask(database, "REVOKE USAGE ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA other TO PUBLIC")
    seen = facts(guest)
    assert (seen.table, seen.role.schema) == (None, "other")


def test_times_and_names_are_read_whatever_the_database_has_set(database: str) -> None:
    make(database, STOCK, objects=20)
    ask(database, "ANALYZE kine")
    before = facts(database)
    name = database.rsplit("/", 1)[1]
    ask(database, f"ALTER DATABASE \"{name}\" SET datestyle = 'German'")
    ask(database, f'ALTER DATABASE "{name}" SET quote_all_identifiers = on')
    seen = facts(database)
    assert seen.table == before.table
    with open_session(place(database), "test") as session:
        assert not isinstance(inspect_store(session, seen).statistics, Unknown)


LOST = {
    "ALTER TABLE kine ENABLE ROW LEVEL SECURITY": "its row level security",
    "GRANT SELECT (id) ON kine TO PUBLIC": "the rights on its column id",
    "ALTER TABLE kine SET (fillfactor = 70)": "the storage parameter fillfactor=70",
    "CREATE STATISTICS s ON name, id FROM kine": "the extended statistics s",
}


@pytest.mark.parametrize("change", LOST)
def test_what_a_table_built_anew_would_not_have_is_seen(database: str, change: str) -> None:
    make(database, STOCK, objects=20)
    ask(database, change)
    table = facts(database).table
    assert table
    assert table.attached == (LOST[change],)


def test_a_right_to_pass_rights_on_is_seen(guest: str, database: str) -> None:
    role = place(guest).user
    ask(database, f'GRANT SELECT ON kine TO "{role}" WITH GRANT OPTION')
    table = facts(database).table
    assert table
    assert table.attached == (f"the right of {role} to pass its rights on",)


def test_an_owner_is_one_and_its_members_are_too(guest: str, database: str) -> None:
    role = place(guest).user
    owner = f"owner-{role}"
    ask(database, f'CREATE ROLE "{owner}"; GRANT "{owner}" TO "{role}"; GRANT CREATE ON SCHEMA public TO "{role}"')
    ask(database, f'ALTER TABLE kine OWNER TO "{owner}"')
    try:
        seen = facts(guest).role
        assert (seen.owns_table, seen.may_create, seen.superuser) == (True, True, False)
        reach(guest, "tuned")
        assert not script(guest, "tuned")
    finally:
        ask(database, f'DROP OWNED BY "{role}"; REASSIGN OWNED BY "{owner}" TO postgres; DROP ROLE "{owner}"')
