"""One sentence for each of Kine's queries, and never a rule that is not there."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from kinetune.kine.advice import AdviceContext, find_advice, write_advice
from kinetune.kine.log_origin import describe_logged_release
from kinetune.kine.queries import SCENARIOS, load_catalogue
from kinetune.kine.query_purposes import explain_arguments, explain_scenario
from kinetune.kine.releases import ERAS, Era
from kinetune.logs.statements import find_eras, recognise_statement
from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot, LogOrigin, StoreKind, Vantage
from kinetune.model.server import Flavour
from kinetune.rules.table import RULES

EVERY = sorted({(name, era.name) for era in ERAS if era.catalogue for name in load_catalogue(era.name)})
CODES = {rule.code for rule in RULES}
GROUPS = {code[:3] for code in CODES}

ROOT = Path(__file__).parents[2]


def spot(query: str, resource: str = "", era: str = "v0.17.3", **more: float) -> Hotspot:
    times = {"p50": 5.0, "p95": 9.0, "p99": 9.0, "max": 9.0} | more
    return Hotspot(
        query, (era,), resource, Vantage.KINE_LOG, 10, 50.0, 1.0, **times, first=0.0, last=1.0, timeline=(), worst=()
    )


@pytest.mark.parametrize(("query", "era"), EVERY)
@pytest.mark.parametrize("flavour", [None, *Flavour])
def test_each_query_of_each_era_gets_one_sentence_with_rules_that_exist(
    query: str, era: str, flavour: Flavour | None
) -> None:
    sentence = write_advice(spot(query, "/registry/pods/", era), AdviceContext(flavour=flavour))
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert ": :" not in sentence
    for code in re.findall(r"KT\d+", sentence):
        assert code in CODES or (code[:3] in GROUPS and len(code) == 3), code
    for name in re.findall(r"--query (\S+)", sentence):
        assert name in {one.name for one in SCENARIOS}


@pytest.mark.parametrize(("query", "era"), EVERY)
@pytest.mark.parametrize("flavour", [None, *Flavour])
def test_each_query_of_each_era_has_a_cause_and_a_remedy(query: str, era: str, flavour: Flavour | None) -> None:
    parts = find_advice(spot(query, "/registry/pods/", era), AdviceContext(flavour=flavour))
    assert parts is not None
    assert parts.cause
    assert parts.check or parts.fix
    assert not any(text.endswith((".", ";")) for text in (parts.cause, parts.check, parts.fix))


@pytest.mark.parametrize(
    "query", ["ListCurrentVal", "CountCurrent", "GetSingle", "AfterAllOldVal", "Insert", "Compact"]
)
@pytest.mark.parametrize("flavour", list(Flavour))
def test_a_frequent_query_has_all_three_parts_on_each_server(query: str, flavour: Flavour) -> None:
    parts = find_advice(spot(query), AdviceContext(flavour=flavour))
    assert parts is not None
    assert parts.cause
    assert parts.check
    assert parts.fix


@pytest.mark.parametrize(("query", "era"), EVERY)
def test_explain_knows_the_call(query: str, era: str) -> None:
    name = explain_scenario(spot(query, "", era))
    assert not name or name in {one.name for one in SCENARIOS}


def test_a_statement_of_another_program_gets_no_advice() -> None:
    assert write_advice(spot("")) == ""


def test_counters_get_advice_too() -> None:
    assert "KT107" in write_advice(QueryCost("ListCurrentVal", ("v0.17.3",), 1, 1.0, 1.0))


def test_the_resource_goes_into_the_explain_call() -> None:
    assert "--query list-page --arg prefix=/registry/pods/ " in write_advice(spot("ListCurrentVal", "/registry/pods/"))
    assert explain_arguments(spot("GetCurrent", "/registry/pods/default/a", "v0.9.0")) == {
        "key": "/registry/pods/default/a"
    }
    assert explain_scenario(spot("GetCurrent", "/registry/pods/default/a", "v0.9.0")) == "get"
    assert explain_arguments(spot("ListCurrentVal", "(others)")) == {}


def test_a_call_that_was_fast_on_the_server_waited_for_a_connection() -> None:
    sentence = write_advice(spot("ListCurrentVal", p50=2000.0), AdviceContext(longest={"ListCurrentVal": 80.0}))
    assert sentence.startswith(
        "the server never took longer than 80.0 ms for this query, so calls wait for a connection"
    )
    assert "KT701" in sentence


def test_time_that_yugabytedb_does_not_count_is_not_said_to_be_a_wait_for_a_connection() -> None:
    context = AdviceContext(flavour=Flavour.YUGABYTEDB, longest={"AfterAllOldVal": 80.0})
    sentence = write_advice(spot("AfterAllOldVal", p50=2000.0), context)
    assert sentence.startswith("pg_stat_statements has at most 80.0 ms for this query, without planning")
    assert "KT103" in sentence
    assert "KT701" not in sentence


@pytest.mark.parametrize(("query", "era"), EVERY)
@pytest.mark.parametrize("flavour", [None, *Flavour])
@pytest.mark.parametrize("signal", ["", "events-lost", "compaction-timed-out", "no-connections"])
def test_each_cause_has_a_fix(query: str, era: str, flavour: Flavour | None, signal: str) -> None:
    for names in ((era,), ()):
        context = AdviceContext({signal: (0.0, 0.0)}, flavour)
        parts = find_advice(replace(spot(query, "/registry/pods/"), eras=names), context)
        assert parts is not None
        assert parts.fix or not parts.cause


def test_signals_change_the_advice() -> None:
    assert "5 s" in write_advice(spot("Compact"), AdviceContext(signals={"compaction-timed-out": (0.0, 0.0)}))
    assert "KT2" in write_advice(spot("Insert"), AdviceContext(signals={"events-lost": (0.0, 0.0)}))
    assert "KT701" in write_advice(spot("Insert"), AdviceContext(signals={"no-connections": (50.0, 60.0)}))


def test_missing_connections_of_another_day_do_not_explain_a_call() -> None:
    sentence = write_advice(spot("Insert"), AdviceContext(signals={"no-connections": (86400.0, 86401.0)}))
    assert "ran out of connections" not in sentence
    assert "KT110" in sentence


def test_each_server_gets_its_own_advice() -> None:
    assert "KT401" not in write_advice(spot("ListCurrentVal"), AdviceContext(flavour=Flavour.POSTGRESQL))
    assert "KT107" not in write_advice(spot("ListCurrentVal"), AdviceContext(flavour=Flavour.YUGABYTEDB))


def test_nothing_advises_a_flag_that_k3s_does_not_have() -> None:
    """`k3s server` stops at it (docs/facts/kine.md §9.2): only pool_limit.py, which knows the program, may name it."""
    named = {
        str(path.relative_to(ROOT))
        for folder in ("kinetune", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".html", ".md", ".service", ".sh", ".env")
        and "--datastore-max-open-connections" in path.read_text(encoding="utf-8")
    }
    pages = {"kinetune/rules/too_few_connections.py", "kinetune/rules/too_many_connections.py"}
    assert named <= pages
    for page in pages:
        assert "K3s has no flag" in (ROOT / page).read_text(encoding="utf-8")


_HEAD = (
    "SELECT (SELECT MAX(rkv.id) AS id FROM kine AS rkv), (SELECT MAX(crkv.prev_revision) AS prev_revision FROM kine AS "
    "crkv WHERE crkv.name = 'compact_rev_key'), "
)
_COLUMNS = "kv.created, kv.deleted, kv.create_revision, kv.prev_revision, kv.lease"
_OLD_COLUMNS = f"{_COLUMNS}, kv.value, kv.old_value"
_DISTINCT = (
    f"{_HEAD}maxkv.* FROM ( SELECT DISTINCT ON (name) kv.id AS theid, kv.name, {_COLUMNS}, kv.value FROM kine AS kv "
    "WHERE kv.name LIKE $1 AND kv.name {} $2 ORDER BY kv.name, theid DESC ) AS maxkv WHERE maxkv.deleted = 0 OR $3 "
    "ORDER BY maxkv.name, maxkv.theid DESC LIMIT 501"
)
UNRECORDED = {
    # pkg/drivers/generic/generic.go of v0.6.2 and v0.8.1
    "E05": f"{_HEAD}kv.id AS theid, kv.name, {_OLD_COLUMNS} FROM kine AS kv JOIN ( SELECT MAX(mkv.id) AS id FROM kine "
    "AS mkv WHERE mkv.name LIKE $1 GROUP BY mkv.name) maxkv ON maxkv.id = kv.id WHERE (kv.deleted = 0 OR $2) ORDER BY "
    "kv.id ASC LIMIT 501",
    # pkg/drivers/generic/generic.go of v0.11.11 and v0.12.0
    "E10": f"SELECT * FROM ( {_HEAD}kv.id AS theid, kv.name AS thename, {_OLD_COLUMNS} FROM kine AS kv JOIN ( SELECT "
    "MAX(mkv.id) AS id FROM kine AS mkv WHERE mkv.name LIKE $1 AND mkv.name > $2 GROUP BY mkv.name) AS maxkv ON "
    "maxkv.id = kv.id WHERE kv.deleted = 0 OR $3 ) AS lkv ORDER BY lkv.thename ASC LIMIT 501",
    # pkg/drivers/pgsql/pgsql.go of v0.14.0 and of v0.14.4
    "E12": _DISTINCT.format(">"),
    "E14": _DISTINCT.format(">="),
}
NAMED = load_catalogue("E18")["ListCurrentVal"].text
# v0.16.0 cannot be had; §1.1: E18 without LIKE is what became of it.
E17 = re.sub(r"name >= \$1 AND name < \$2", "name LIKE '/registry/pods/%'", NAMED.replace("$3", "false"))


@pytest.mark.parametrize("number", UNRECORDED)
def test_lists_of_unrecorded_eras_are_recognised(number: str) -> None:
    name, eras = recognise_statement(UNRECORDED[number].encode())
    assert name.startswith("GetCurrent")
    assert number in {era.number for era in ERAS if era.name in eras}


def test_a_named_list_of_an_unrecorded_era_is_recognised() -> None:
    assert E17 != NAMED
    assert find_eras("ListCurrentVal", recognise_statement(E17.encode())) == ("v0.16.0",)


def test_a_named_list_that_no_known_era_sends_has_no_era() -> None:
    assert (
        find_eras("ListCurrentVal", recognise_statement(b"SELECT id FROM kine WHERE name ^@ '/registry/pods/'")) == ()
    )


@pytest.mark.parametrize("era", ERAS, ids=lambda era: era.number)
def test_a_list_of_each_era_has_the_advice_of_its_neighbours(era: Era) -> None:
    parts = find_advice(spot("GetCurrent", era=era.name), AdviceContext(flavour=Flavour.POSTGRESQL))
    assert parts is not None
    reads_all = era.number < "E19"
    assert ("KT501" in parts.check) is reads_all
    assert ("KT107" in parts.check) is not reads_all
    assert ("v0.17.2" in parts.fix) is reads_all


def origin(*releases: str, stores: tuple[StoreKind, ...] = (StoreKind.POSTGRESQL,)) -> LogOrigin:
    return LogOrigin(tuple(describe_logged_release("K3s", release) for release in releases), stores)


def list_advice(eras: tuple[str, ...], *releases: str) -> str:
    context = AdviceContext(flavour=Flavour.POSTGRESQL, origin=origin(*releases))
    return write_advice(replace(spot("ListCurrentVal"), eras=eras), context)


def test_the_release_in_the_log_decides_where_the_statement_does_not() -> None:
    assert "KT501" in list_advice((), "v1.33.4+k3s1")
    assert "KT107" in list_advice((), "v1.37.1+k3s1")
    assert list_advice(("v0.16.3", "v0.17.1"), "v1.37.1+k3s1") == list_advice(("v0.17.1",))


def test_several_releases_have_advice_for_each() -> None:
    both = list_advice((), "v1.33.4+k3s1", "v1.37.1+k3s1")
    assert "KT501" in both
    assert "KT107" in both
    assert "for later ones" in both


def test_without_a_release_the_advice_says_so() -> None:
    assert "which these logs do not name" in list_advice(())
    assert "KT501" in list_advice(())
    assert "KT107" in list_advice(())


@pytest.mark.parametrize("query", ["ListCurrentVal", "CountCurrent", "Insert", "Compact", "CurrentRev"])
def test_each_line_about_an_unexamined_release_has_the_caveat(query: str) -> None:
    context = AdviceContext(origin=origin("v1.38.0+k3s1"))
    assert "(K3s v1.38.0+k3s1 was not examined, the newest examined Kine is v0.17.5)" in write_advice(
        spot(query), context
    )
    assert "examined" not in write_advice(spot(query), AdviceContext(origin=origin("v1.37.1+k3s1")))
    assert "examined" not in write_advice(QueryCost(query, ("v0.17.3",), 1, 1.0, 1.0), context)


@pytest.mark.parametrize("kind", [kind for kind in StoreKind if kind is not StoreKind.POSTGRESQL])
@pytest.mark.parametrize("query", ["ListCurrentVal", "GetCurrent", "Insert", "Compact", "CompactRev"])
def test_another_store_gets_no_advice_for_postgresql(kind: StoreKind, query: str) -> None:
    sentence = write_advice(
        spot(query, "/registry/pods/"), AdviceContext(origin=origin("v1.35.0+k3s1", stores=(kind,)))
    )
    assert str(kind) in sentence
    assert not re.search(r"KT\d|Yuga[a-z]+, |kinetune explain|kinetune check|on PostgreSQL", sentence)
    assert sentence.endswith(".")


def test_a_servers_own_log_is_of_its_server_whatever_another_log_shows() -> None:
    server = replace(spot("ListCurrentVal"), vantage=Vantage.SERVER_LOG)
    context = AdviceContext(origin=origin("v1.35.0+k3s1", stores=(StoreKind.SQLITE,)))
    assert "KT" in write_advice(server, context)


def test_advice_for_sqlite_names_what_k3s_itself_moves() -> None:
    parts = find_advice(spot("Insert"), AdviceContext(origin=origin("v1.35.0+k3s1", stores=(StoreKind.SQLITE,))))
    assert parts is not None
    assert "--cluster-init" in parts.fix
    assert "kinetune move sqlite:PATH ENDPOINT" in parts.fix


def test_traces_of_a_release_without_slow_sql_say_so() -> None:
    traced = replace(spot("List etcd3", "/registry/secrets/"), eras=(), vantage=Vantage.API_SERVER)
    old = write_advice(traced, AdviceContext(origin=origin("v1.19.5+k3s2")))
    assert "this release logs no slow SQL" in old
    assert "v1.24.3" in old
    assert "logs no slow SQL" not in write_advice(traced, AdviceContext(origin=origin("v1.33.4+k3s1")))
    assert "kinetune explain" not in old
