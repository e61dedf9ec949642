"""Facts less a target: nothing where nothing is to be done, else exactly the steps that are missing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kinetune.kine.releases import ERAS, Era
from kinetune.kine.schema import INDEXES
from kinetune.model.facts import Grant, Index, Key, ObservedIndex, Order
from kinetune.model.script import Hazard
from kinetune.model.server import Server
from kinetune.model.unknown import Unknown
from kinetune.servers.identification import parse_server_name
from kinetune.tuning.difference import plan_changes, plan_empty_database
from kinetune.tuning.profiles import PROFILES, build_target
from kinetune.tuning.target import TargetSchema
from tests.tuning.made import PG15, SERVERS, YB, facts_of, indexes, plain, table_of, wanted

UNIQUE = "kine_name_prev_revision_uindex"
TUNED = wanted("tuned")
TABLE = table_of(TUNED)
COVERING = wanted("article")


def does(*deviations: ObservedIndex, target: TargetSchema = TUNED) -> list[str]:
    """What is to be done on a store of that target whose indexes deviate so."""
    facts = facts_of(target, indexes=indexes(table_of(target), *deviations))
    return [step.does for step in plan_changes(facts, target).steps]


def statements(profile: str, /, server: Server = PG15, **changes: object) -> list[str]:
    """The statements for a store of that profile with these changes to its table."""
    made = wanted(profile, server)
    return [text for step in plan_changes(facts_of(made, server, **changes), made).steps for text in step.statements]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("server", SERVERS, ids=str)
@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
def test_nothing_is_to_be_done_where_the_store_is_as_wanted(profile: str, server: Server, era: Era) -> None:
    made = build_target(profile, server, era)
    script = plan_changes(facts_of(made, server), made)
    assert not script
    assert script.reasons == tuple(made.reasons.items())


def test_a_store_that_is_not_there_is_made_in_one_transaction() -> None:
    facts = replace(facts_of(TUNED), table=None)
    (step,) = plan_changes(facts, TUNED).steps
    assert step.atomic
    assert step.kine_may_run
    assert len(step.statements) == 7
    assert step.undo == ("DROP TABLE kine",)


def test_a_database_that_is_not_there_is_made_first_and_from_outside() -> None:
    facts = replace(facts_of(TUNED), table=None, database_exists=False, database="my-kine")
    script = plan_changes(facts, TUNED)
    assert [step.statements for step in script.maintenance_script().steps] == [('CREATE DATABASE "my-kine"',)]
    assert [step.in_database for step in script.steps] == [False, True]
    assert len(script.database_script().steps) == 1


def test_without_transactional_ddl_a_new_table_gets_its_name_last() -> None:
    made = wanted("tuned", YB)
    steps = plan_changes(replace(facts_of(made, YB), table=None, database_settings={}), made).steps
    assert not any(step.atomic for step in steps)
    texts = [text for step in steps for text in step.statements]
    named = next(number for number, text in enumerate(texts) if "RENAME TO kine;" in text)
    assert "IF EXISTS (SELECT 1 FROM kinetune_staged_kine) THEN RAISE" in texts[named]
    assert texts[named] != "ALTER TABLE kinetune_staged_kine RENAME TO kine"  # never without the look
    assert not any(re.search(r"\bkine\b(?!')", text) for text in texts[len(made.settings) : named - 2])
    assert [text.split()[0] for text in texts[len(made.settings) :][:5]] == [
        "CREATE", "INSERT", "ANALYZE", "DELETE", "CREATE",
    ]  # fmt: skip
    assert all(text.startswith("ALTER DATABASE") for text in texts[: len(made.settings)])


def test_without_planting_nothing_is_inserted() -> None:
    made = replace(wanted("tuned", YB), plants=False)
    steps = plan_changes(replace(facts_of(made, YB), table=None), made).steps
    assert not [text for step in steps for text in step.statements if text.startswith(("INSERT", "ANALYZE"))]


@pytest.mark.parametrize("profile", ["tuned", "article", "stock"])
@pytest.mark.parametrize("name", ["2.20", "2024.2.11", "2025.1", "2026.1"])
def test_statistics_are_planted_where_they_last_and_a_profile_uses_them(profile: str, name: str) -> None:
    server = parse_server_name(f"yugabytedb-{name}")
    script = plan_empty_database(server, wanted(profile, server))
    planted = [step for step in script.steps if "plant statistics" in step.does]
    assert bool(planted) is (name in ("2.20", "2024.2.11") and profile != "stock")


EMPTY = {"max_id": None, "last_id": 0, "rows": None, "owner": "kine"}


def test_an_empty_table_without_statistics_is_replaced_by_one_that_has_them() -> None:
    """As kinetune 0.1.0 made it: dropped only where it is still empty, in the same statement."""
    made = wanted("tuned", YB)
    steps = plan_changes(facts_of(made, YB, **EMPTY), made).steps
    (drop,) = [step for step in steps if not step.kine_may_run]
    assert "IF EXISTS (SELECT 1 FROM kine) THEN RAISE" in drop.statements[0]
    assert "DROP TABLE kine;" in drop.statements[0]
    assert plan_changes(facts_of(made, YB, **EMPTY), made).requires_stopped_kine


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 2_000},
        {"max_id": 1, "last_id": 1},
        {"owner": "other"},
        {"grants": (Grant("SELECT", "x"),)},
        {"attached": ("a",)},
    ],
)
def test_no_other_table_is_replaced(change: dict[str, object]) -> None:
    made = wanted("tuned", YB)
    assert not plan_changes(facts_of(made, YB, **EMPTY | change), made)


def test_a_table_that_somebody_is_connected_to_is_not_replaced() -> None:
    made = wanted("tuned", YB)
    store = facts_of(made, YB, **EMPTY)
    for sessions in ({"": 1}, {"psql": 1}, Unknown("not seen")):
        assert not plan_changes(replace(store, sessions=sessions), made)
    assert plan_changes(replace(store, sessions={"kinetune/init-lock": 1}), made)


def test_a_staged_table_is_dropped_first_and_only_without_rows_of_a_kine() -> None:
    made = wanted("tuned", YB)
    store = facts_of(made, YB)
    assert store.table is not None
    staged = {"kinetune_staged_kine": store.table}
    (first,) = plan_changes(replace(store, beside=staged), made).steps
    assert "WHERE id > 0) THEN RAISE" in first.statements[0]
    texts = [step.does for step in plan_changes(replace(store, table=None, beside=staged), made).steps]
    assert texts[:2] == ["drop the unfinished table kinetune_staged_kine", "create the table, as kinetune_staged_kine"]


@pytest.mark.parametrize("index", TUNED.indexes, ids=lambda index: index.name)
def test_a_missing_index_is_built_beside_and_named(index: Index) -> None:
    rest = tuple(seen for seen in TABLE.indexes if seen.index.name != index.name)
    steps = plan_changes(facts_of(TUNED, indexes=rest), TUNED).steps
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
    steps = plan_changes(facts_of(COVERING, indexes=indexes(table_of(COVERING), ObservedIndex(other))), COVERING).steps
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
    assert does(ObservedIndex(Index("kine_name_index", (Key("id"),), predicate="false"))) == []


def test_an_index_of_the_users_own_is_left_alone() -> None:
    assert does(ObservedIndex(plain("my_index", "lease")), ObservedIndex(plain("kine_other", "id"), valid=False)) == []


@pytest.mark.parametrize("name", [f"kinetune_new_{UNIQUE}", f"kinetune_old_{UNIQUE}", 'kinetune_new_"x'])
@pytest.mark.parametrize("valid", [True, False])
def test_what_an_interrupted_run_left_is_dropped_where_nothing_else_is_to_be_done(name: str, valid: bool) -> None:
    assert does(ObservedIndex(plain(name, "name"), valid)) == [f"drop the index {name}"]


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (COVERING.indexes[4], ["put it in place", "drop the former"]),
        (plain(UNIQUE, "name"), ["drop the index", "build", "put it in place", "drop the former"]),
    ],
)
def test_a_finished_build_of_an_interrupted_run_is_kept_if_it_is_the_one_wanted(left: Index, said: list[str]) -> None:
    stock = Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True)
    done = does(ObservedIndex(stock), ObservedIndex(replace(left, name=f"kinetune_new_{UNIQUE}")), target=COVERING)
    assert [one.startswith(word) for one, word in zip(done, said, strict=True)] == [True] * len(said)


def test_an_unfinished_build_is_dropped_and_begun_again() -> None:
    stock = Index(UNIQUE, (Key("name"), Key("prev_revision")), unique=True)
    new = ObservedIndex(replace(COVERING.indexes[4], name=f"kinetune_new_{UNIQUE}"), valid=False)
    first, second, *_ = does(ObservedIndex(stock), new, target=COVERING)
    assert (first, second[:5]) == (f"drop the index kinetune_new_{UNIQUE}", "build")


def test_between_the_two_names_the_index_put_aside_is_dropped_and_the_new_one_named() -> None:
    """Only where renaming is not transactional: the name is free, both indexes are there."""
    made = wanted("tuned", YB)
    others = [seen for seen in table_of(made).indexes if seen.index.name != UNIQUE]
    index = next(index for index in made.indexes if index.name == UNIQUE)
    left = [ObservedIndex(replace(index, name=f"kinetune_{word}_{UNIQUE}")) for word in ("old", "new")]
    script = plan_changes(facts_of(made, YB, indexes=(*others, *left)), made)
    assert [text for step in script.steps for text in step.statements] == [
        f"DROP INDEX kinetune_old_{UNIQUE}",
        f"ALTER INDEX kinetune_new_{UNIQUE} RENAME TO {UNIQUE}",
    ]


def test_a_primary_key_of_another_name_is_renamed() -> None:
    key = ObservedIndex(replace(TUNED.primary_key, name="kine_old_pkey"), constraint="kine_old_pkey")
    assert statements("tuned", primary_key=key) == ["ALTER TABLE kine RENAME CONSTRAINT kine_old_pkey TO kine_pkey"]


def test_going_back_to_stock_exchanges_what_tuned_changed_and_no_more() -> None:
    back = plan_changes(facts_of(TUNED), wanted("stock"))
    built = [step.statements[0].split("kinetune_new_")[1].split()[0] for step in back.steps if "build" in step.does]
    assert built == ["kine_name_index", "kine_name_id_index", "kine_prev_revision_index"]
    assert len(back.steps) == 9
    assert not back.hazards


def test_going_back_to_the_stock_of_an_era_drops_what_it_does_not_make() -> None:
    *_, last = plan_changes(facts_of(TUNED), wanted("stock", era="E07")).steps
    assert last.statements == ("DROP INDEX CONCURRENTLY kine_list_query_index",)
    assert last.undo == ("CREATE INDEX CONCURRENTLY kine_list_query_index ON kine (name, id DESC, deleted)",)


def test_settings_are_set_corrected_and_reset() -> None:
    made, stock = wanted("tuned", YB), wanted("stock", YB)
    store = facts_of(made, YB)
    kept = {"yb_bnl_batch_size": "1", "work_mem": "8MB", "yb_enable_cbo": "legacy_bnl_mode"}
    wrong = plan_changes(replace(store, database_settings=kept), made)
    assert [step.statements[0] for step in wrong.steps[:2]] == [
        "ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024'",
        "ALTER DATABASE kubernetes SET yb_enable_cbo = 'on'",
    ]
    assert wrong.steps[0].undo == ("ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1'",)
    assert wrong.steps[1].undo == ("ALTER DATABASE kubernetes SET yb_enable_cbo = 'legacy_bnl_mode'",)
    assert "COMMENT ON TABLE kine" in wrong.steps[2].statements[0]
    back = plan_changes(replace(facts_of(stock, YB), database_settings=store.database_settings), stock)
    assert [step.statements[0].split(" ", 3)[3] for step in back.steps[:2]] == [
        "RESET yb_bnl_batch_size",
        "RESET yb_enable_cbo",
    ]


def test_a_value_that_kinetune_never_set_stays_when_going_back() -> None:
    stock = wanted("stock", YB)
    store = replace(facts_of(stock, YB), database_settings={"yb_enable_cbo": "legacy_stats_bnl_mode"})
    assert not plan_changes(store, stock)


def test_a_setting_that_the_server_does_not_have_is_left_out() -> None:
    server = parse_server_name("yugabytedb-2.20")
    made = wanted("tuned", server)
    store = replace(facts_of(made, server), database_settings={}, settings={"yb_bnl_batch_size": "1"})
    texts = [text for step in plan_changes(store, made).steps for text in step.statements]
    assert [text for text in texts if "ALTER DATABASE" in text] == [
        "ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024'"
    ]


@pytest.mark.parametrize(
    ("name", "found", "left"),
    [("2025.2", "on", True), ("2025.2", "legacy_mode", False), ("2025.1", "on", False), ("2024.2.11", "on", False)],
)
def test_from_2025_2_a_default_that_is_on_is_left_and_a_legacy_mode_is_not(name: str, found: str, left: bool) -> None:
    server = parse_server_name(f"yugabytedb-{name}")
    made = wanted("tuned", server)
    settings = {"yb_bnl_batch_size": "1024", "yb_enable_cbo": found}
    store = replace(facts_of(made, server), settings=settings, database_settings={"yb_bnl_batch_size": "1024"})
    assert bool(plan_changes(store, made)) is not left


def test_every_step_says_why_and_what_it_locks() -> None:
    script = plan_changes(facts_of(wanted("stock")), TUNED)
    assert all(step.does and step.why and step.locks and step.undo for step in script.steps)


def test_types_that_yugabytedb_cannot_change_in_place_are_changed_by_a_rebuild() -> None:
    made = wanted("tuned", YB)
    old = tuple(replace(column, type="integer") if column.name == "id" else column for column in made.columns)
    script = plan_changes(facts_of(made, YB, columns=old), made)
    assert "REBUILD" in script.hazards
    assert any("    id bigint NOT NULL,\n" in text for step in script.steps for text in step.statements)


@pytest.mark.parametrize(("release", "online"), [("2.21", False), ("2024.2.0", False), ("2024.2.1", True)])
def test_a_table_with_rows_on_yugabytedb_gets_an_index_while_kine_is_stopped(release: str, online: bool) -> None:
    """
    TA-24313: up to 2024.2.0 an online build may miss rows. And each change of an index ends writes under way, of which
    Kine v0.17.5 acknowledges creates (docs/facts/measured.md §11).
    """
    server = parse_server_name(f"yugabytedb-{release}")
    made = wanted("tuned", server)
    steps = plan_changes(facts_of(made, server, indexes=table_of(made).indexes[1:]), made).steps
    assert ("NONCONCURRENTLY" not in steps[0].statements[0]) is online
    assert [step.hazard for step in steps] == [Hazard.OFFLINE_INDEX] * 2
    assert not any(step.kine_may_run for step in steps)


def test_an_index_that_only_slows_writes_is_no_reason_to_stop_kine() -> None:
    """What kinetune 0.1.0 made on YugabyteDB: kine_id_deleted_index and kine_prev_revision_index hold rows."""
    made = wanted("tuned", YB)
    full = [
        ObservedIndex(index) for index in INDEXES if index.name in ("kine_id_deleted_index", "kine_prev_revision_index")
    ]
    assert not plan_changes(facts_of(made, YB, indexes=indexes(table_of(made), *full)), made)
    on_postgresql = indexes(table_of(TUNED), ObservedIndex(plain("kine_name_index", "name")))
    assert plan_changes(facts_of(TUNED, indexes=on_postgresql), TUNED)


def test_an_empty_table_gets_its_indexes_plainly_on_yugabytedb_and_that_is_no_hazard() -> None:
    made = wanted("tuned", YB)
    facts = facts_of(made, YB, indexes=(), max_id=None, last_id=0, rows=None)
    script = plan_changes(facts, made)
    assert all("NONCONCURRENTLY" in step.statements[0] for step in script.steps if step.does.startswith("build"))
    assert not script.hazards
