"""Each profile is what it says it is, on every server and for every era."""

from __future__ import annotations

import pytest

from kinetune.kine.releases import ERAS, Era
from kinetune.kine.schema import INDEXES, LIST_QUERY, PRIMARY_KEY, UNIQUE
from kinetune.model.facts import Index, Key, Order
from kinetune.model.failure import UsageFailure
from kinetune.model.server import Flavour, Server
from kinetune.servers.identification import parse_server_name
from kinetune.tuning.profiles import PROFILES, build_target
from kinetune.tuning.target import TargetSchema
from tests.tuning.made import PG15, SERVERS, YB, wanted

EVERY = [(profile, server, era) for profile in PROFILES for server in SERVERS for era in ERAS]
HASH = Order.HASH


def by_name(target: TargetSchema) -> dict[str, Index]:
    return {index.name: index for index in target.indexes}


def title(value: object) -> str:
    return value.number if isinstance(value, Era) else str(value)


@pytest.mark.parametrize(("profile", "server", "era"), EVERY, ids=title)
def test_every_profile_is_compatible_with_stock_kine(profile: str, server: Server, era: Era) -> None:
    made = build_target(profile, server, era)
    assert made.profile == profile
    assert (made.primary_key.name, made.sequence.name) == ("kine_pkey", "kine_id_seq")
    assert (made.sequence.cache, made.sequence.owned_by) == (1, ("kine", "id"))
    names = {index.name for index in INDEXES} - (set() if era.number >= "E11" else {LIST_QUERY.name})
    assert set(by_name(made)) >= names
    assert by_name(made)[UNIQUE.name].unique
    assert [key.column for key in by_name(made)[UNIQUE.name].keys] == ["name", "prev_revision"]


@pytest.mark.parametrize(("profile", "server", "era"), EVERY, ids=title)
def test_every_choice_has_its_reason(profile: str, server: Server, era: Era) -> None:
    made = build_target(profile, server, era)
    chosen = {made.primary_key.name, *by_name(made), *made.settings}
    assert chosen <= set(made.reasons)
    assert all(made.reasons.values())
    assert profile == "stock" or "kine_id_seq" in made.reasons


@pytest.mark.parametrize("server", SERVERS, ids=title)
@pytest.mark.parametrize("era", ERAS, ids=title)
def test_tuned_never_drops_what_an_era_needs(server: Server, era: Era) -> None:
    made = by_name(build_target("tuned", server, era))
    assert made["kine_list_query_index"] == LIST_QUERY
    deleted = Index("kine_id_deleted_index", (Key("id"), Key("deleted")))
    assert made["kine_id_deleted_index"].placeholder if server.can("lasting_statistics") else deleted in made.values()
    assert made[UNIQUE.name].include == (("id",) if server.flavour is Flavour.YUGABYTEDB else ())
    assert all(key.order is not HASH for index in made.values() for key in index.keys)


def test_tuned_is_lean_on_postgresql_whatever_the_era() -> None:
    assert len({build_target("tuned", PG15, era).indexes for era in ERAS}) == 1
    lean = {name for name, index in by_name(wanted("tuned")).items() if index.placeholder}
    assert lean == {"kine_name_index", "kine_name_id_index", "kine_prev_revision_index"}


@pytest.mark.parametrize("era", ["E07", "E10", "E11", "E16", "E20"])
@pytest.mark.parametrize("name", ["2.20", "2.21", "2024.2.11"])
def test_tuned_on_yugabytedb_keeps_two_indexes_where_statistics_last(name: str, era: str) -> None:
    made = wanted("tuned", parse_server_name(f"yugabytedb-{name}"), era)
    assert {index.name for index in made.indexes if not index.placeholder} == {UNIQUE.name, LIST_QUERY.name}


@pytest.mark.parametrize(("era", "lean"), [("E07", False), ("E10", False), ("E11", True), ("E16", True), ("E20", True)])
def test_elsewhere_on_yugabytedb_what_was_not_measured_stays(era: str, lean: bool) -> None:
    made = by_name(wanted("tuned", parse_server_name("yugabytedb-2025.2"), era))
    assert made["kine_name_index"].placeholder is lean
    assert made["kine_name_id_index"].placeholder is lean
    assert not made["kine_prev_revision_index"].placeholder
    assert not made["kine_id_deleted_index"].placeholder


def test_the_article_on_yugabytedb_is_the_article_with_what_the_planner_needs() -> None:
    made = wanted("article", YB)
    assert made.primary_key == PRIMARY_KEY
    assert by_name(made) == {
        "kine_name_index": Index("kine_name_index", (Key("name", HASH),)),
        "kine_name_id_index": Index("kine_name_id_index", (Key("name", HASH), Key("id"))),
        "kine_id_deleted_index": Index("kine_id_deleted_index", (Key("id", HASH), Key("deleted"))),
        "kine_prev_revision_index": Index("kine_prev_revision_index", (Key("prev_revision", HASH),)),
        "kine_name_prev_revision_uindex": Index(
            "kine_name_prev_revision_uindex", (Key("name"), Key("prev_revision")), unique=True, include=("id",)
        ),
        "kine_list_query_index": Index(
            "kine_list_query_index", (Key("name", HASH), Key("id", Order.DESC), Key("deleted"))
        ),
    }
    assert dict(made.settings) == {"yb_bnl_batch_size": "1024", "yb_enable_cbo": "on"}
    assert made.plants
    assert made.sequence.cache == 1


def test_the_article_on_postgresql_is_stock_with_a_covering_unique_index() -> None:
    made, stock = wanted("article"), wanted("stock")
    assert made.primary_key == stock.primary_key
    assert [index for index in made.indexes if index not in stock.indexes] == [
        Index(UNIQUE.name, UNIQUE.keys, unique=True, include=("id",))
    ]
    assert len(made.indexes) == len(stock.indexes)
    assert not made.settings


def test_stock_is_kines_own_ddl() -> None:
    assert wanted("stock").indexes == INDEXES
    assert wanted("stock").primary_key == PRIMARY_KEY
    assert wanted("stock", era="E10").indexes == tuple(index for index in INDEXES if index != LIST_QUERY)
    sharded = wanted("stock", YB)
    assert all(index.keys[0].order is HASH for index in (sharded.primary_key, *sharded.indexes))
    assert not sharded.settings


@pytest.mark.parametrize("profile", ["tuned", "article"])
@pytest.mark.parametrize(("release", "batched"), [("2.14", False), ("2.20", True), ("2024.2", True), ("2025.2", True)])
def test_batched_joins_are_set_where_the_release_has_them(profile: str, release: str, batched: bool) -> None:
    made = wanted(profile, parse_server_name(f"yugabytedb-{release}"))
    assert (made.settings.get("yb_bnl_batch_size") == "1024") is batched


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
@pytest.mark.parametrize("profile", PROFILES)
def test_settings_are_changed_on_postgresql_only_where_kine_asks_with_like(profile: str, era: Era) -> None:
    likes = {"random_page_cost": "1.1", "plan_cache_mode": "force_custom_plan"}
    joins = {"enable_mergejoin": "off"} if era.number <= "E10" else {}
    wanted_settings = likes | joins if profile == "tuned" and era.number <= "E17" else {}
    for server in SERVERS:
        if server.flavour is Flavour.POSTGRESQL and server.can("plan_cache_mode"):
            assert build_target(profile, server, era).settings == wanted_settings


def test_where_the_era_is_only_assumed_our_settings_for_an_older_one_stay() -> None:
    found = {"random_page_cost": "1.1", "plan_cache_mode": "auto", "work_mem": "64MB"}
    assert wanted("tuned").keep_settings(found).settings == {"random_page_cost": "1.1"}


def test_a_placeholder_is_keyed_on_a_column_no_migration_of_kine_alters() -> None:
    for server in SERVERS:
        placeholders = [index for index in wanted("tuned", server).indexes if index.placeholder]
        assert placeholders
        assert all([key.column for key in index.keys] == ["lease"] for index in placeholders)


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UsageFailure, match="unknown profile 'fast'; known are tuned, article, stock"):
        wanted("fast")
