"""Kine's queries run under EXPLAIN on a real store, in every era, and change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kinetune.database.explain import MeasureOptions, measure_calls, sample_store
from kinetune.database.session import open_session
from kinetune.kine.queries import SCENARIOS, build_calls, load_catalogue
from kinetune.kine.releases import ERAS, find_era
from kinetune.model.failure import CouldNotLook
from kinetune.model.workload import Call, Parameter, Query, Recording
from kinetune.plans.measure import measure_call
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.stores import STOCK, ask, content, make, place, reach

RECORDED = [era.name for era in ERAS if era.catalogue == era.name]
ONCE = MeasureOptions(runs=1)


@pytest.fixture(scope="module")
def filled(cluster: Cluster) -> Iterator[str]:
    """A store of 2,101 rows that no test here changes."""
    for dsn in scratch(cluster):
        make(dsn, STOCK, 400)
        ask(dsn, "VACUUM ANALYZE kine")
        yield dsn


def explained(dsn: str, era: str, effort: MeasureOptions = ONCE) -> list[Recording]:
    """All reads of an era."""
    with open_session(place(dsn), "test") as session:
        every = build_calls(load_catalogue(era), sample_store(session))
        return list(measure_calls(session, [call for call in every if not call.writes], effort))


def asking(text: str, *arguments: object, types: str = "bigint") -> Call:
    """A call of the test's own making."""
    parameters = tuple(Parameter(number, types, "id") for number, _ in enumerate(arguments, 1))
    return Call("test", "a test", Query("test", "Test", text, parameters, "", "", ""), text, arguments)


def one(dsn: str, call: Call, effort: MeasureOptions = ONCE, read_only: str = "on") -> Recording:
    with open_session(place(dsn), "test", default_transaction_read_only=read_only) as session:
        (recording,) = measure_calls(session, [call], effort)
    return recording


@pytest.mark.parametrize("era", RECORDED)
def test_every_read_of_every_era_yields_its_plans(filled: str, era: str) -> None:
    recordings = explained(filled, era)
    assert [recording.failed for recording in recordings] == [""] * len(recordings)
    for recording in recordings:
        assert len(recording.custom) == 1
        assert len(recording.generic) == (1 if recording.call.arguments else 0)
        assert isinstance(recording.generic_chosen, bool) == bool(recording.call.arguments)
        assert "Execution Time" in json.dumps(recording.custom)
    assert {recording.call.scenario for recording in recordings} >= {
        scenario.name for scenario in SCENARIOS if not scenario.writes and scenario.name != "count-revision"
    }


@pytest.mark.parametrize("era", RECORDED)
def test_the_plans_return_what_kine_would_get(filled: str, era: str) -> None:
    """160 pods, of which those deleted are not listed; a page may be shorter, a key is one row."""
    rows = {one.call.scenario: one.rows for one in map(measure_call, explained(filled, era))}
    ((pods,),) = ask(
        filled,
        "SELECT count(*) FROM (SELECT DISTINCT ON (name) deleted FROM kine WHERE name LIKE '/registry/pods/%' "
        "ORDER BY name, id DESC) AS newest WHERE deleted = 0",
    )
    nothing = 1 if era == "v0.17.3" else 0  # E20 always answers with one row, which holds the revisions
    assert rows["list"] == rows["list-page"] == pods
    assert (rows["list-empty"], rows["get-missing"]) == (nothing, nothing)
    assert (rows["get"], rows["count"], rows["current-rev"], rows["compact-rev"]) == (1, 1, 1, 1)
    assert 0 < (rows["next-page"] or 0) < pods or era == "v0.9.0"
    assert (rows["poll"] or 0) >= 10


def test_runs_are_as_many_as_wanted(filled: str) -> None:
    recording = one(filled, asking("SELECT id FROM kine WHERE id = $1", 7), MeasureOptions(runs=3))
    assert (len(recording.custom), len(recording.generic)) == (3, 3)
    assert not one(
        filled, asking("SELECT id FROM kine WHERE id = $1", 7), MeasureOptions(runs=2, generic=False)
    ).generic


def test_the_server_forbids_a_read_to_write(filled: str) -> None:
    before = content(filled)
    sneaky = asking("DELETE FROM kine WHERE id = $1", 7)
    for read_only in ("on", "off"):
        recording = one(filled, sneaky, read_only=read_only)
        assert "read-only transaction (25006)" in recording.failed
        assert not recording.custom
    assert content(filled) == before


def test_a_run_that_takes_too_long_is_stopped_and_told(filled: str) -> None:
    slow = asking("SELECT pg_sleep(5) FROM kine WHERE id = $1", 7)
    recording = one(filled, slow, MeasureOptions(runs=1, timeout=0.1))
    assert recording.failed == "stopped after 0.1 s (raise it with --timeout)"
    assert not recording.custom


def test_after_a_run_that_failed_the_next_one_goes_on(filled: str) -> None:
    fast = asking("SELECT id FROM kine WHERE id = $1", 7)
    wrong = [
        asking("SELECT nothing FROM kine WHERE id = $1", 7),
        asking("SELECT 1 / (id - $1) FROM kine WHERE id = $1", 7),
    ]
    slow = asking("SELECT pg_sleep(5) FROM kine WHERE id = $1", 7)
    with open_session(place(filled), "test") as session:
        recordings = list(
            measure_calls(session, [wrong[0], fast, slow, fast, wrong[1], fast], MeasureOptions(runs=1, timeout=0.2))
        )
    assert [bool(recording.failed) for recording in recordings] == [True, False, True, False, True, False]
    assert "42703" in recordings[0].failed
    assert "22012" in recordings[4].failed


def test_a_connection_that_is_cut_ends_the_run_with_a_failure(filled: str) -> None:
    suicide = asking("SELECT pg_terminate_backend(pg_backend_pid()) FROM kine WHERE id = $1", 7)
    with (
        open_session(place(filled), "test") as session,
        pytest.raises(CouldNotLook, match=r"terminating connection|was lost"),
    ):
        list(measure_calls(session, [suicide], ONCE))


@pytest.mark.parametrize(
    ("text", "argument", "chosen"),
    [
        ("SELECT name FROM kine WHERE id = $1", 7, True),  # any id costs the same
        ("SELECT count(*) FROM kine WHERE id > $1", 2100, False),  # few rows, of which a plan for all cannot know
    ],
)
def test_the_server_settles_for_the_generic_plan_only_where_it_costs_no_more(
    filled: str, text: str, argument: int, chosen: bool
) -> None:
    assert one(filled, asking(text, argument)).generic_chosen is chosen


def test_without_arguments_there_is_one_plan_only(filled: str) -> None:
    recording = one(filled, asking("SELECT max(id) FROM kine"))
    assert (len(recording.custom), recording.generic, recording.generic_chosen) == (1, (), None)


@pytest.mark.parametrize("profile", ["tuned", "article"])
def test_a_prepared_store_is_explained_as_well(database: str, profile: str) -> None:
    make(database, STOCK, 100)
    reach(database, profile)
    assert not any(recording.failed for recording in explained(database, "v0.17.3"))


def test_keys_with_quotes_and_wildcards_are_asked_for_as_they_are(database: str) -> None:
    make(database)
    key = "/registry/pods/it's \\ 100%_{}/a"
    ask(database, "INSERT INTO kine (name, created, deleted) VALUES (%s, 1, 0)", key)
    for era in RECORDED:
        recordings = {recording.call.scenario: recording for recording in explained(database, era)}
        assert not any(recording.failed for recording in recordings.values())
        escapes = find_era(era).number >= "E16"  # before, Kine's own LIKE takes the backslash for its escape
        assert measure_call(recordings["get"]).rows == (1 if escapes else 0)
