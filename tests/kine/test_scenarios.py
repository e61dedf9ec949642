"""What a cluster does with Kine is asked in every era with arguments that Kine could have sent."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kinetune.kine.queries import NEW_KEY, PAGE, SCENARIOS, Arguments, build_calls, load_catalogue
from kinetune.kine.releases import ERAS
from kinetune.kine.schema import INDEXES, PRIMARY_KEY
from kinetune.model.workload import Call, Parameter, SampleArguments

RECORDED = [era.name for era in ERAS if era.catalogue == era.name]
SAMPLE = SampleArguments(
    prefix="/registry/my_pods/",
    empty_prefix="/registry/none/",
    key="/registry/my_pods/ns/a_1",
    middle_key="/registry/my_pods/ns/m_5",
    newest_revision=90_000,
    old_revision=80_000,
    compact_revision=70_000,
)
TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "character varying": str,
    "boolean": bool,
    "bigint": int,
    "integer": int,
    "bytea": (bytes, type(None)),
}
# docs/facts/kine.md §2.1: what is hot, by the names it had.
HOT = [
    {"AfterAllOldVal", "AfterOldVal", "After"},
    {"GetSingleVal", "GetCurrentVal", "GetCurrent"},
    {"InsertReturning", "Insert"},
    {"ListCurrentVal", "GetCurrentVal", "GetCurrent"},
    {"GetRevisionAfterVal", "GetRevisionAfter"},
    {"CountCurrent", "Count"},
    {"CurrentRev"},
    {"CompactRev"},
    {"Compact"},
    {"UpdateCompact"},
    {"Fill"},
]
CALLS = [call for era in RECORDED for call in build_calls(load_catalogue(era), SAMPLE)]


def title(call: Call) -> str:
    return f"{call.query.era}/{call.scenario}"


def of(era: str, scenario: str, given: dict[str, str] | None = None) -> Call:
    return next(call for call in build_calls(load_catalogue(era), SAMPLE, given) if call.scenario == scenario)


@pytest.mark.parametrize("call", CALLS, ids=title)
def test_every_parameter_gets_a_value_of_its_type(call: Call) -> None:
    assert len(call.arguments) == len(call.query.parameters)
    for parameter, value in zip(call.query.parameters, call.arguments, strict=True):
        assert isinstance(value, TYPES[parameter.type]), parameter
        assert parameter.type == "boolean" or not isinstance(value, bool), parameter


@pytest.mark.parametrize("call", CALLS, ids=title)
def test_no_argument_holds_what_postgresql_cannot_store(call: Call) -> None:
    assert not any(isinstance(value, str) and "\0" in value for value in call.arguments)


def test_every_meaning_is_known_and_another_one_is_an_error() -> None:
    scenario = SCENARIOS[0]
    arguments = Arguments(scenario, SAMPLE, {})
    for query in (query for era in RECORDED for query in load_catalogue(era).values()):
        for parameter in query.parameters:
            arguments.value_of(parameter, escaped=False)
    with pytest.raises(KeyError):
        arguments.value_of(Parameter(1, "text", "no-such-meaning"), escaped=False)


@pytest.mark.parametrize("era", RECORDED)
def test_what_is_hot_is_asked_in_every_era(era: str) -> None:
    asked = {call.query.name for call in CALLS if call.query.era == era}
    assert all(asked & names for names in HOT)


@pytest.mark.parametrize("call", CALLS, ids=title)
def test_the_wish_names_indexes_that_kine_makes(call: Call) -> None:
    named = set(re.findall(r"kine_\w+", call.query.wish))
    assert named <= {PRIMARY_KEY.name, *(index.name for index in INDEXES)}
    assert named or "no index" in call.query.wish or "one row" in call.query.wish
    for name, columns in re.findall(r"(kine_\w+) on \(([^)]+)\)", call.query.wish):
        index = next(index for index in (PRIMARY_KEY, *INDEXES) if index.name == name)
        keys = [key.column + (" DESC" if key.order == "desc" else "") for key in index.keys]
        assert columns == ", ".join(keys)


def test_scenarios_have_one_name_each_in_every_era() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names))
    for era in RECORDED:
        asked = [call.scenario for call in CALLS if call.query.era == era]
        assert asked == [name for name in names if name in asked]
        assert set(names) - set(asked) <= {"count-revision"}


@pytest.mark.parametrize("era", RECORDED)
def test_a_list_asks_for_a_range_of_keys_and_a_get_for_one(era: str) -> None:
    listed, got = of(era, "list").arguments, of(era, "get").arguments
    assert str(listed[0]).replace("^_", "_").removesuffix("%") == SAMPLE.prefix
    assert str(got[0]).replace("^_", "_") == SAMPLE.key
    assert "%" not in str(got[0])


@pytest.mark.parametrize(
    ("era", "pattern"),
    [("E07", "/registry/my_pods/%"), ("E11", "/registry/my_pods/%"), ("E16", "/registry/my^_pods/%")],
)
def test_wildcards_are_escaped_from_the_era_that_escapes_them(era: str, pattern: str) -> None:
    assert of(era, "list").arguments[0] == pattern


@pytest.mark.parametrize("era", ["E18", "E20"])
def test_a_range_ends_before_the_next_resource(era: str) -> None:
    assert of(era, "list").arguments[:2] == ("/registry/my_pods/", "/registry/my_pods0")


@pytest.mark.parametrize("era", RECORDED)
def test_limits_are_written_as_kine_writes_them(era: str) -> None:
    texts = {scenario: of(era, scenario).text for scenario in ("list", "list-page", "poll", "watch", "get")}
    assert f"LIMIT {PAGE}" in texts["list-page"]
    assert "LIMIT 500" in texts["poll"]
    assert not re.search(r"LIMIT \d", texts["list"] + texts["watch"])
    assert ("LIMIT 1" in texts["get"]) is (of(era, "get").query.name not in ("GetSingle", "GetSingleVal"))


def test_a_page_in_the_middle_begins_there_and_old_ones_ask_for_old_revisions() -> None:
    for era in RECORDED:
        page, old, poll = (of(era, scenario) for scenario in ("next-page", "old-page", "poll"))
        assert SAMPLE.middle_key in page.arguments
        assert SAMPLE.newest_revision in page.arguments
        assert SAMPLE.old_revision in old.arguments
        assert SAMPLE.newest_revision - 10 in poll.arguments


def test_a_store_at_its_first_revisions_is_asked_nothing_negative() -> None:
    young = replace(SAMPLE, newest_revision=3, old_revision=0, compact_revision=0)
    for era in RECORDED:
        for call in build_calls(load_catalogue(era), young):
            assert all(value >= 0 for value in call.arguments if isinstance(value, int))


def test_what_is_given_takes_the_place_of_the_samples() -> None:
    given = {"prefix": "/registry/nodes/", "key": "/registry/nodes/n", "revision": "77"}
    assert of("E20", "list", given).arguments[0] == "/registry/nodes/"
    assert of("E20", "next-page", given).arguments[0] == "/registry/nodes/"
    assert of("E20", "list-empty", given).arguments[0] == SAMPLE.empty_prefix
    assert of("E20", "get", given).arguments[0] == "/registry/nodes/n"
    assert of("E20", "get-missing", given).arguments[0] == NEW_KEY
    assert 77 in of("E20", "poll", given).arguments


@pytest.mark.parametrize("era", RECORDED)
def test_writes_are_marked_as_such_and_write_what_kine_would(era: str) -> None:
    every = list(build_calls(load_catalogue(era), SAMPLE))
    writes = {call.scenario for call in every if call.writes}
    assert writes == {"create", "fill", "compact", "update-compact"}
    assert all(call.writes is call.query.text.startswith(("INSERT", "UPDATE", "DELETE")) for call in every)
    fill = of(era, "fill").arguments
    assert fill == (90_001, "gap-90001", 0, 1, 0, 0, 0, None, None)
    created = dict(
        zip([one.meaning for one in of(era, "create").query.parameters], of(era, "create").arguments, strict=True)
    )
    assert (created["key"], created["created"], created["deleted"], created["prev-revision"]) == (NEW_KEY, 1, 0, 0)
