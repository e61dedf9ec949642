"""`kinetune explain --set SETTING=VALUE`: the same calls without and with a session setting, and nothing is kept."""

from __future__ import annotations

import json

import pytest

from tests.cli.call import call
from tests.database.stores import STOCK, ask, make

KEPT = "SELECT name, setting, source FROM pg_settings WHERE name !~ '^(transaction|application|config|lc_)' ORDER BY 1"


def with_(store: str, *settings: str) -> list[object]:
    return [*(part for setting in settings for part in ("--set", setting)), store]


def test_both_runs_stand_side_by_side_and_worse_is_an_answer_not_a_failure(database: str) -> None:
    make(database, STOCK, 400)
    ask(database, "VACUUM (ANALYZE) kine")
    off = with_(database, "enable_indexscan=off", "enable_indexonlyscan=off", "enable_bitmapscan=off")
    said = call("explain", "--runs", "1", *off, COLUMNS="200")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("kinetune explain: without and with enable_indexscan=off, enable_indexonlyscan=off, ")
    header = next(line for line in said.out.splitlines() if line.startswith("call "))
    assert " ".join(header.split()) == "call ms without ms with time blocks without blocks with result"
    assert "Index Scan using kine_pkey on kine -> Seq Scan on kine" in said.out
    assert "changed for one session of kinetune only" in said.out


def test_calls_and_arguments_are_the_same_in_both_runs(store: str) -> None:
    said = call("explain", "--runs", "1", "--format", "json", *with_(store, "work_mem=64MB"))
    after = json.loads(said.out)
    before = after["against"]
    assert (after["settings"], before["settings"]) == ({"work_mem": "64MB"}, {})
    asked = [{one["scenario"]: (one["text"], one["arguments"]) for one in run["calls"]} for run in (before, after)]
    assert asked[0] == asked[1]
    assert {one["verdict"] for one in after["comparison"]} <= {"better", "same", "worse"}


def test_nothing_persistent_changes(store: str) -> None:
    before = ask(store, KEPT)
    kept = ask(store, "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2")
    assert call("explain", "--query", "get", "--runs", "1", *with_(store, "random_page_cost=1.5")).status == 0
    assert ask(store, KEPT) == before
    assert ask(store, "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting ORDER BY 1, 2") == kept


def test_writes_run_under_the_setting_too(store: str) -> None:
    off = with_(store, "enable_indexscan=off", "enable_bitmapscan=off")
    said = call("explain", "--writes", "--query", "update-compact", "--runs", "1", "--format", "json", *off)
    (before,), (after,) = json.loads(said.out)["against"]["calls"], json.loads(said.out)["calls"]
    assert "Index Scan" in json.dumps(before["plan"])
    assert "Seq Scan" in json.dumps(after["plan"])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("yb_bnl_batch_size=1", "has no such setting; SHOW ALL lists all settings"),
        ("enable_indexscam=off", "has no such setting; similar: enable_indexscan"),
        ("work_mem=lots", "invalid value for parameter"),
        ("enable_sort=maybe", "requires a Boolean value"),
        ("shared_buffers=1GB", "cannot be changed in a session"),
        ("enable_sort", "--set enable_sort is not valid"),
        ("=on", "--set =on is not valid"),
    ],
)
def test_what_cannot_be_set_is_named(store: str, setting: str, said: str) -> None:
    found = call("explain", "--query", "get", *with_(store, setting))
    assert found.status == 2
    assert said in found.line
    assert found.line.startswith(f"--set {setting.partition('=')[0]}")
    assert found.out == ""


@pytest.mark.parametrize(
    "setting",
    [
        "default_transaction_read_only=off",
        "transaction_read_only=off",
        "statement_timeout=0",
        "Statement_Timeout=0",
        "lock_timeout=0",
        "role=postgres",
        "session_authorization=postgres",
        "search_path=elsewhere",
        "session_replication_role=replica",
        "row_security=off",
        "log_statement=all",
        "application_name=psql",
        "plan_cache_mode=auto",
    ],
)
def test_what_keeps_a_guest_harmless_is_refused(store: str, setting: str) -> None:
    found = call("explain", "--query", "get", *with_(store, setting))
    assert found.status == 4
    assert f"--set {setting.partition('=')[0]} is not allowed" in found.line


def test_a_trial_compares_two_runs_of_its_own(store: str) -> None:
    for other in (("--save", "/tmp/run.json"), ("--against", "/tmp/run.json")):
        assert call("explain", *other, *with_(store, "work_mem=64MB")).status == 2


@pytest.mark.parametrize("columns", [80, 200])
def test_no_line_is_wider_than_the_page(store: str, columns: int) -> None:
    said = call("explain", "--query", "get", "--runs", "1", *with_(store, "work_mem=64MB"), COLUMNS=str(columns))
    for line in said.out.splitlines():
        assert len(line) <= columns, line
