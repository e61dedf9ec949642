"""`kinetune explain --compare-profiles article,tuned`: reads on copies of the store, in one table, with a result."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from tests.cli.call import call, start_process, wait_for_exit
from tests.database.stores import ask
from tests.database.test_copies import state

ONE = ("explain", "--runs", "1")


def test_each_call_stands_once_with_each_profiles_figures_and_the_command_to_apply(store: str) -> None:
    before = state(store)
    said = call(*ONE, "--compare-profiles", "article,tuned,stock", store, COLUMNS="200")
    assert (said.status, said.err) == (0, "")
    header = next(line for line in said.out.splitlines() if line.startswith("call "))
    figures = [word for profile in ("article", "tuned", "stock") for word in (profile, "ms", profile, "blocks")]
    assert header.split() == ["call", *figures, "least", "work"]
    assert said.out.count("list 380 pods, first page") == 1
    assert "all rows" in said.out
    advice = f"Apply it: kinetune init --profile {recommended(said.out)} --kine v0.17.3"
    # One run on a busy machine may rank any of them first: equal work is ranked by time.
    assert (advice in said.out) is (recommended(said.out) != "stock")
    assert state(store) == before


def recommended(text: str) -> str:
    return text.partition("\nRecommended: ")[2].partition(".")[0]


def test_json_has_a_version_raw_numbers_and_every_plan(store: str) -> None:
    said = call(*ONE, "--compare-profiles", "article,tuned", "--rows", "2000", "--format", "json", store)
    found = json.loads(said.out)
    assert (found["kind"], found["schema"], found["unit"]) == ("kinetune explain --compare", 1, "blocks")
    assert [one["profile"] for one in found["profiles"]] == ["article", "tuned"]
    assert 1000 < found["copied_rows"] < 3000 < found["rows"] == 5101
    scenarios = [row["scenario"] for row in found["table"]]
    assert {"list", "list-page", "get", "poll", "count"} <= set(scenarios)
    for row in found["table"]:
        assert row["best"]
        assert all(isinstance(cost["work"], int) for cost in row["costs"].values())
    for profile in found["profiles"]:
        assert [one["scenario"] for one in profile["calls"]] == scenarios
        assert all(one["plan"] and not one["failed"] and not one["writes"] for one in profile["calls"])
    arguments = [[one["arguments"] for one in profile["calls"]] for profile in found["profiles"]]
    assert arguments[0] == arguments[1]
    assert found["winner"] in ("article", "tuned")
    assert found["command"].startswith(f"kinetune init --profile {found['winner']} ")


def test_settings_of_a_profile_go_into_its_figures(store: str) -> None:
    """Up to v0.16.2 `tuned` has the server plan each call for its arguments (docs/profiles.md)."""
    said = call(*ONE, "--compare-profiles", "stock,tuned", "--kine", "v0.14.16", "--format", "json", store)
    found = json.loads(said.out)
    assert found["winner"] == "tuned"
    assert found["command"] == "kinetune init --profile tuned --kine v0.14.8"


def test_a_store_that_has_the_winner_has_nothing_to_do(store: str) -> None:
    assert call("init", "--yes", store).status == 0
    said = call(*ONE, "--compare-profiles", "article,tuned", store)
    assert ("This store already has the profile tuned." in said.out) is (recommended(said.out) == "tuned")
    assert ("Apply it" not in said.out) is (recommended(said.out) == "tuned")


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_the_other_formats_hold_the_table_too(store: str, form: str) -> None:
    said = call(*ONE, "--query", "get", "--compare-profiles", "article,tuned", "--format", form, store)
    assert said.status == 0
    assert "article blocks" in said.out


@pytest.mark.parametrize("columns", [80, 200])
def test_no_line_is_wider_than_the_page(store: str, columns: int) -> None:
    for line in call(*ONE, "--compare-profiles", "article,tuned", store, COLUMNS=str(columns)).out.splitlines():
        assert len(line) <= columns, line


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--compare-profiles", "tuned"), "names fewer than two profiles"),
        (("--compare-profiles", "tuned,fast"), "unknown profile 'fast'"),
        (("--compare-profiles", "article,tuned", "--writes"), "compares profiles on reads; remove --writes"),
        (("--compare-profiles", "article,tuned", "--set", "jit=off"), "compares profiles on reads; remove --set"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_done(
    store: str, more: tuple[str, ...], said: str
) -> None:
    found = call("explain", *more, store)
    assert found.status == 2
    assert said in found.line


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ended_in_the_middle_it_leaves_nothing(store: str, how: signal.Signals) -> None:
    before = state(store)
    process = start_process("explain", "--runs", "500", "--compare-profiles", "article,tuned", store)
    at_work = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kinetune/compare' AND query LIKE '%%EXPLAIN%%'"
    deadline = time.monotonic() + 20
    while not ask(store, at_work):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, how)
    said = wait_for_exit(process)
    while ask(store, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'kinetune/compare'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert said.status != 0
    assert state(store) == before
