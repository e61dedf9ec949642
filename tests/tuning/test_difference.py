"""Facts less a target: nothing where nothing is to be done, else exactly the steps that are missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.kine.releases import ERAS, Era
from kinetune.model.facts import SeenIndex
from kinetune.model.schema import Index, Key, Order
from kinetune.model.script import Hazard
from kinetune.model.server import Server
from kinetune.servers.recognise import named
from kinetune.tuning.difference import difference
from kinetune.tuning.profiles import PROFILES, target
from kinetune.tuning.target import Target
from tests.tuning.made import PG15, SERVERS, YB, facts_of, indexes, plain, table_of, wanted

UNIQUE = "kine_name_prev_revision_uindex"
TUNED = wanted("tuned")
TABLE = table_of(TUNED)
COVERING = wanted("article")


def does(*deviations: SeenIndex, target: Target = TUNED) -> list[str]:
    """What is to be done on a store of that target whose indexes deviate so."""
    facts = facts_of(target, indexes=indexes(table_of(target), *deviations))
    return [step.does for step in difference(facts, target).steps]


def statements(profile: str, /, server: Server = PG15, **changes: object) -> list[str]:
    """The statements for a store of that profile with these changes to its table."""
    made = wanted(profile, server)
    return [text for step in difference(facts_of(made, server, **changes), made).steps for text in step.statements]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("server", SERVERS, ids=str)
@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
def test_nothing_is_to_be_done_where_the_store_is_as_wanted(profile: str, server: Server, era: Era) -> None:
    made = target(profile, server, era)
    script = difference(facts_of(made, server), made)
    assert not script
    assert script.reasons == tuple(made.reasons.items())


def test_a_store_that_is_not_there_is_made_in_one_transaction() -> None:
    facts = replace(facts_of(TUNED), table=None)
    (step,) = difference(facts, TUNED).steps
    assert step.atomic
    assert step.kine_may_run
    assert len(step.statements) == 7
    assert step.undo == ("DROP TABLE kine",)


def test_a_database_that_is_not_there_is_made_first_and_from_outside() -> None:
    facts = replace(facts_of(TUNED), table=None, database_exists=False, database="my-kine")
    script = difference(facts, TUNED)
    assert [step.statements for step in script.outside().steps] == [('CREATE DATABASE "my-kine"',)]
    assert [step.in_database for step in script.steps] == [False, True]
    assert len(script.inside().steps) == 1


def test_without_transactional_ddl_each_statement_is_a_step_of_its_own() -> None:
    made = wanted("tuned", YB)
    steps = difference(replace(facts_of(made, YB), table=None, database_settings={}), made).steps
    assert all(len(step.statements) == 1 and not step.atomic for step in steps)
    assert len(steps) == 7 + len(made.settings)


@pytest.mark.parametrize("index", TUNED.indexes, ids=lambda index: index.name)
def test_a_missing_index_is_built_beside_and_named(index: Index) -> None:
    rest = tuple(seen for seen in TABLE.indexes if seen.index.name != index.name)
    steps = difference(facts_of(TUNED, indexes=rest), TUNED).steps
    assert [step.statements[0].split(" ON ")[0].split("kinetune_new_")[0] for step in steps] == [
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX CONCURRENTLY ",
        "ALTER INDEX ",
    ]
    assert steps[1].statements == (f"ALTER INDEX kinetune_new_{index.name} RENAME TO {index.name}",)
    assert all(step.kine_may_run for step in steps)


@pytest.mark.parametrize(
    "other",
    [
        plain(UNIQUE, "name", "prev_revision"),
        Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True),
        Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True, include=("id", "value")),
        Index(UNIQUE, (Key("prev_revision"), Key("name")), unique=True, include=("id",)),
        Index(UNIQUE, (Key("name", Order.DESC), Key("prev_revision")), unique=True, include=("id",)),
        Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True, include=("id",), predicate="deleted = 0"),
    ],
)
def test_another_index_of_the_name_is_exchanged_without_a_moment_without_it(other: Index) -> None:
    steps = difference(facts_of(COVERING, indexes=indexes(table_of(COVERING), SeenIndex(other))), COVERING).steps
    build, place, drop = steps
    assert build.statements == (
        f"CREATE UNIQUE INDEX CONCURRENTLY kinetune_new_{UNIQUE} ON kine (name, prev_revision) INCLUDE (id)",
    )
    assert place.atomic
    assert place.statements == (
        f"ALTER INDEX {UNIQUE} RENAME TO kinetune_old_{UNIQUE}",
        f"ALTER INDEX kinetune_new_{UNIQUE} RENAME TO {UNIQUE}",
    )
    assert drop.statements == (f"DROP INDEX CONCURRENTLY kinetune_old_{UNIQUE}",)


def test_an_invalid_index_is_exchanged_like_another_one() -> None:
    index = TABLE.index("kine_list_query_index")
    assert index is not None
    assert len(does(replace(index, valid=False))) == 3


def test_of_a_placeholder_only_its_emptiness_counts() -> None:
    assert does(SeenIndex(Index("kine_name_index", (Key("id"),), predicate="false"))) == []


def test_an_index_of_the_users_own_is_left_alone() -> None:
    assert does(SeenIndex(plain("my_index", "lease")), SeenIndex(plain("kine_other", "id"), valid=False)) == []


@pytest.mark.parametrize("name", [f"kinetune_new_{UNIQUE}", f"kinetune_old_{UNIQUE}", 'kinetune_new_"x'])
@pytest.mark.parametrize("valid", [True, False])
def test_what_an_interrupted_run_left_is_dropped_where_nothing_else_is_to_be_done(name: str, valid: bool) -> None:
    assert does(SeenIndex(plain(name, "name"), valid)) == [f"drop the index {name}"]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (COVERING.indexes[4], ["put it in place", "drop the former"]),
        (plain(UNIQUE, "name"), ["drop the index", "build", "put it in place", "drop the former"]),
    ],
)
def test_a_finished_build_of_an_interrupted_run_is_kept_if_it_is_the_one_wanted(left: Index, said: list[str]) -> None:
    stock = Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True)
    done = does(SeenIndex(stock), SeenIndex(replace(left, name=f"kinetune_new_{UNIQUE}")), target=COVERING)
    assert [one.startswith(word) for one, word in zip(done, said, strict=True)] == [True] * len(said)


def test_an_unfinished_build_is_dropped_and_begun_again() -> None:
    stock = Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True)
    new = SeenIndex(replace(COVERING.indexes[4], name=f"kinetune_new_{UNIQUE}"), valid=False)
    first, second, *_ = does(SeenIndex(stock), new, target=COVERING)
    assert (first, second[:5]) == (f"drop the index kinetune_new_{UNIQUE}", "build")


def test_between_the_two_names_the_index_put_aside_is_dropped_and_the_new_one_named() -> None:
    """Only where renaming is not transactional: the name is free, both indexes are there."""
    made = wanted("tuned", YB)
    others = [seen for seen in table_of(made).indexes if seen.index.name != UNIQUE]
    index = next(index for index in made.indexes if index.name == UNIQUE)
    left = [SeenIndex(replace(index, name=f"kinetune_{word}_{UNIQUE}")) for word in ("old", "new")]
    script = difference(facts_of(made, YB, indexes=(*others, *left)), made)
    assert [text for step in script.steps for text in step.statements] == [
        f"DROP INDEX kinetune_old_{UNIQUE}",
        f"ALTER INDEX kinetune_new_{UNIQUE} RENAME TO {UNIQUE}",
    ]


def test_a_primary_key_of_another_name_is_renamed() -> None:
    key = SeenIndex(replace(TUNED.primary_key, name="kine_old_pkey"), constraint="kine_old_pkey")
    assert statements("tuned", primary_key=key) == ["ALTER TABLE kine RENAME CONSTRAINT kine_old_pkey TO kine_pkey"]


def test_going_back_to_stock_exchanges_what_tuned_changed_and_no_more() -> None:
    back = difference(facts_of(TUNED), wanted("stock"))
    built = [step.statements[0].split("kinetune_new_")[1].split()[0] for step in back.steps if "build" in step.does]
    assert built == ["kine_name_index", "kine_name_id_index", "kine_prev_revision_index"]
    assert len(back.steps) == 9
    assert not back.hazards


def test_going_back_to_the_stock_of_an_era_drops_what_it_does_not_make() -> None:
    *_, last = difference(facts_of(TUNED), wanted("stock", era="E07")).steps
    assert last.statements == ("DROP INDEX CONCURRENTLY kine_list_query_index",)
    assert last.undo == ("CREATE INDEX CONCURRENTLY kine_list_query_index ON kine (name, id DESC, deleted)",)


def test_settings_are_set_corrected_and_reset() -> None:
    made, stock = wanted("tuned", YB), wanted("stock", YB)
    store = facts_of(made, YB)
    wrong = difference(replace(store, database_settings={"yb_bnl_batch_size": "1", "work_mem": "8MB"}), made)
    assert [step.statements for step in wrong.steps] == [
        ("ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024'",),
        ("ALTER DATABASE kubernetes SET yb_enable_cbo = 'legacy_bnl_mode'",),
    ]
    assert wrong.steps[0].undo == ("ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1'",)
    assert wrong.steps[1].undo == ("ALTER DATABASE kubernetes RESET yb_enable_cbo",)
    back = difference(replace(facts_of(stock, YB), database_settings=store.database_settings), stock)
    assert [step.statements[0].split(" ", 3)[3] for step in back.steps] == [
        "RESET yb_bnl_batch_size",
        "RESET yb_enable_cbo",
    ]


def test_every_step_says_why_and_what_it_locks() -> None:
    script = difference(facts_of(wanted("stock")), TUNED)
    assert all(step.does and step.why and step.locks and step.undo for step in script.steps)


def test_types_that_yugabytedb_cannot_change_in_place_are_changed_by_a_rebuild() -> None:
    made = wanted("tuned", YB)
    old = tuple(replace(column, type="integer") if column.name == "id" else column for column in made.columns)
    script = difference(facts_of(made, YB, columns=old), made)
    assert "REBUILD" in script.hazards
    assert "    id bigint NOT NULL,\n" in script.steps[0].statements[0]


@pytest.mark.parametrize(("release", "online"), [("2.21", False), ("2024.2.0", False), ("2024.2.1", True)])
def test_a_table_with_rows_gets_an_index_online_only_where_the_release_may_be_trusted_with_it(
    release: str, online: bool
) -> None:
    """TA-24313: up to 2024.2.0 an online build may miss rows. Else plainly, and then Kine has to be stopped."""
    server = named(f"yugabytedb-{release}")
    made = wanted("tuned", server)
    steps = difference(facts_of(made, server, indexes=table_of(made).indexes[1:]), made).steps
    assert ("NONCONCURRENTLY" not in steps[0].statements[0]) is online
    assert [step.hazard for step in steps] == [None if online else Hazard.OFFLINE_INDEX] * 2
    assert all(step.kine_may_run is online for step in steps)


def test_an_empty_table_gets_its_indexes_plainly_on_yugabytedb_and_that_is_no_hazard() -> None:
    made = wanted("tuned", YB)
    facts = facts_of(made, YB, indexes=(), max_id=None, last_id=0, rows=None)
    script = difference(facts, made)
    assert all("NONCONCURRENTLY" in step.statements[0] for step in script.steps if step.does.startswith("build"))
    assert not script.hazards
