"""What is not Kine's is not touched, and what may not be done is said before anything is begun."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.kine.releases import ERAS
from kinetune.model.facts import Column, Index, Key, ObservedIndex, Role
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import PROFILES, recognise_profile
from kinetune.tuning.refusals import require_privileges
from tests.tuning.made import NEWEST, OWNER, YB, facts_of, indexes, plain, table_of, wanted

TUNED, STOCK = wanted("tuned"), wanted("stock")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("v", "a view"),
        ("m", "a materialized view"),
        ("f", "a foreign table"),
        ("S", "a sequence"),
        ("c", "not a table"),
    ],
)
def test_what_is_no_table_is_refused_by_its_kind(kind: str, word: str) -> None:
    with pytest.raises(Refused, match=f"public.kine in database kubernetes is {word}, not Kine's table"):
        plan_changes(facts_of(TUNED, kind=kind), TUNED)


@pytest.mark.parametrize("missing", [column.name for column in TUNED.columns])
def test_a_table_without_one_of_kines_columns_is_refused(missing: str) -> None:
    columns = tuple(column for column in TUNED.columns if column.name != missing)
    with pytest.raises(Refused, match=f"it has no column {missing}; nothing was changed"):
        plan_changes(facts_of(TUNED, columns=columns), TUNED)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Column("id", "uuid"), "its column id is uuid, Kine's is bigint"),
        (Column("name", "bytea"), "its column name is bytea, Kine's is text"),
        (Column("value", "text"), "its column value is text, Kine's is bytea"),
        (Column("lease", "bigint"), "kinetune does not tune public.kine: it has bigint for lease, Kine's is integer"),
        (Column("created", "boolean"), "its column created is boolean, Kine's is integer"),
    ],
)
def test_a_column_of_a_type_kine_never_used_is_refused(column: Column, said: str) -> None:
    columns = tuple(column if one.name == column.name else one for one in TUNED.columns)
    with pytest.raises(Refused, match=said):
        plan_changes(facts_of(TUNED, columns=columns), TUNED)


def test_a_column_more_is_no_reason_to_refuse() -> None:
    assert not plan_changes(facts_of(TUNED, columns=(*TUNED.columns, Column("note", "text"))), TUNED)


@pytest.mark.parametrize(
    "key",
    [
        None,
        ObservedIndex(Index("kine_pkey", (Key("name"), Key("id")), unique=True)),
        ObservedIndex(plain("kine_pkey", "name")),
    ],
)
def test_another_primary_key_is_refused(key: ObservedIndex | None) -> None:
    with pytest.raises(Refused, match=r"it has another primary key than \(id\)"):
        plan_changes(facts_of(TUNED, primary_key=key), TUNED)


def test_partitions_are_left_as_they_are() -> None:
    with pytest.raises(Refused, match="it is a partitioned table; nothing was changed; Kine works"):
        plan_changes(facts_of(TUNED, kind="p"), TUNED)


def test_ids_that_draw_from_no_sequence_are_refused() -> None:
    with pytest.raises(Refused, match="its column id has no sequence"):
        plan_changes(facts_of(TUNED, sequence=None), TUNED)


def test_a_store_sharded_by_hash_is_recognised_as_stock() -> None:
    assert recognise_profile(facts_of(wanted("stock", YB), YB), NEWEST) == "stock"


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("server", [None, YB], ids=["postgresql", "yugabytedb"])
def test_a_store_is_recognised_by_its_profile(profile: str, server: object) -> None:
    made = wanted(profile, YB) if server else wanted(profile)
    assert recognise_profile(facts_of(made, YB) if server else facts_of(made), NEWEST) == profile


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
def test_a_store_between_profiles_is_of_its_own(era: object) -> None:
    table = table_of(STOCK)
    facts = facts_of(STOCK, indexes=indexes(table, ObservedIndex(plain("kine_name_index", "lease"))))
    assert recognise_profile(facts, NEWEST) == "custom"


def test_a_stranger_has_no_profile() -> None:
    with pytest.raises(Refused):
        recognise_profile(facts_of(TUNED, kind="v"), NEWEST)


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (
            replace(OWNER, owns_table=False),
            "does not own the table kine; .*: GRANT keeper TO kine, or connect as keeper$",
        ),
        (
            replace(OWNER, may_create=False, schema="public"),
            "create tables in schema public; .*GRANT CREATE ON SCHEMA public TO kine",
        ),
        (replace(OWNER, name="my-role", owns_table=False), 'GRANT keeper TO "my-role", or'),
    ],
)
def test_a_missing_right_is_told_with_the_statement_that_gives_it(role: Role, said: str) -> None:
    facts = replace(facts_of(STOCK, owner="keeper"), role=role)
    with pytest.raises(CouldNotLook, match=said):
        require_privileges(facts, plan_changes(facts, TUNED))


def test_the_schema_is_the_one_in_which_tables_are_made() -> None:
    absent = replace(facts_of(STOCK), table=None, role=replace(OWNER, may_create=False, schema="tenant1"))
    with pytest.raises(CouldNotLook, match=r"GRANT CREATE ON SCHEMA tenant1 TO kine$"):
        require_privileges(absent, plan_changes(absent, TUNED))


def test_a_table_that_kine_would_overlook_is_refused() -> None:
    facts = replace(facts_of(STOCK), role=replace(OWNER, schema="t1"))
    with pytest.raises(
        Refused, match=r"kine is in schema public, but as role kine Kine would create an empty one in t1"
    ):
        plan_changes(facts, TUNED)


def test_a_missing_database_needs_createdb_and_nothing_else() -> None:
    absent = replace(facts_of(STOCK), table=None, database_exists=False)
    script = plan_changes(absent, TUNED)
    with pytest.raises(CouldNotLook, match=r"may not create the database .*; .*CREATE DATABASE kubernetes OWNER kine"):
        require_privileges(absent, script)
    require_privileges(replace(absent, role=replace(OWNER, create_database=True)), script)


def test_nothing_is_refused_where_nothing_is_to_be_done_or_all_is_allowed() -> None:
    nobody = Role("guest", superuser=False, create_database=False, owns_table=False, may_create=False)
    require_privileges(replace(facts_of(TUNED), role=nobody), plan_changes(facts_of(TUNED), TUNED))
    require_privileges(
        replace(facts_of(STOCK), role=replace(nobody, superuser=True)), plan_changes(facts_of(STOCK), TUNED)
    )
    require_privileges(facts_of(STOCK), plan_changes(facts_of(STOCK), TUNED))
