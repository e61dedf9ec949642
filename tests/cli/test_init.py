"""`kinetune init`: the plan, its formats, and that the statements shown are the ones applied."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.call import call, call_in_process
from tests.database.stores import OLD, STOCK, ask, content, make, schema

GOLDEN = Path(__file__).parents[1] / "data" / "cli"
NOTHING = "Nothing to do: the store matches the profile"
STEP = {
    "does",
    "why",
    "locks",
    "undo",
    "statements",
    "kine_may_run",
    "atomic",
    "unfolds",
    "in_database",
    "hazard",
    "subject",
}
CATALOGS = (
    "SELECT md5(string_agg(c::text, ',' ORDER BY c.oid)) FROM pg_class AS c WHERE relnamespace = 'public'::regnamespace"
)


def name_of(dsn: str) -> str:
    return dsn.rpartition("/")[2]


def assert_golden(name: str, text: str, dsn: str) -> None:
    """UPDATE_GOLDEN=1 overwrites the file; review the difference. A database's name has the same length each time."""
    text = text.replace(name_of(dsn), "kubernetesxxx").replace("t" + "kubernetesxxx"[1:], "kubernetesxxx")
    text = re.sub(r"PostgreSQL 15\.\d+", "PostgreSQL 15.20", re.sub(r"in [\d.]+ m?s\b", "in 100 ms", text))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / name).write_text(text, encoding="utf-8", newline="\n")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def data(*arguments: object) -> dict[str, Any]:
    said = call("init", "--format", "json", *arguments)
    assert said.status == 0, said.err
    found = json.loads(said.out)
    assert isinstance(found, dict)
    return found


def test_rows_that_were_never_analyzed_are_pointed_out(database15: str) -> None:
    make(database15, STOCK, objects=20)
    said = call("init", "--yes", database15)
    assert "Done and verified" in said.out
    assert said.out.endswith("Run kinetune analyze: the planner has no statistics of kine.\n")
    call("analyze", database15)
    again = call("init", "--yes", "--profile", "stock", database15)
    assert "Done and verified" in again.out
    assert "kinetune analyze" not in again.out


@pytest.mark.parametrize("option", ["--allow", "--skip"])
def test_the_help_lists_the_hazards(option: str) -> None:
    words = " ".join(call("init", "--help").out.split())
    verb = option.removeprefix("--").capitalize()
    assert f"{verb} steps with this hazard: COLUMN_TYPES, SEQUENCE_CACHE, OFFLINE_INDEX, REBUILD." in words


def psql(dsn: str, script: str) -> None:
    subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn],
        input=script,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def test_the_plan_for_a_store_in_use_is_the_reviewed_one(store: str) -> None:
    said = call("init", "--dry-run", store)
    assert said.status == 0
    assert said.err == ""
    assert_golden("init-in-use.txt", said.out, store)


def test_the_plan_and_outcome_on_an_empty_database_are_the_reviewed_ones(database15: str) -> None:
    said = call("init", "--yes", database15)
    assert said.status == 0
    assert_golden("init-empty.txt", said.out, database15)
    assert re.fullmatch(r"\[1/1\] create the table kine with 6 indexes \(tuned\) \([\d.]+ m?s\)\n", said.err)


def test_the_plan_for_a_store_of_an_old_kine_is_the_reviewed_one(database15: str) -> None:
    make(database15, OLD, 20)
    ask(database15, "ANALYZE kine")
    assert_golden("init-old.txt", call("init", "--dry-run", database15).out, database15)


def test_no_line_but_sql_is_wider_than_the_page(store: str) -> None:
    for line in call("init", "--dry-run", store).out.splitlines():
        assert len(line) <= 80 or line.startswith("  "), line


def test_json_holds_the_plan_and_then_the_outcome(store: str) -> None:
    plan, outcome = data("--dry-run", store), data("--yes", store)
    assert (plan["kind"], plan["schema"], plan["profile"], plan["applied"]) == ("kinetune init", 1, "tuned", False)
    assert [step.keys() for step in plan["steps"]] == [STEP] * 9
    assert all(step["does"] and step["why"] and step["locks"] and step["undo"] for step in plan["steps"])
    assert all(step["kine_may_run"] for step in plan["steps"])
    assert plan["reasons"].keys() >= {"kine_pkey", "kine_list_query_index", "kine_id_seq"}
    assert outcome["applied"] is True
    assert outcome["steps"] == plan["steps"]
    done = [one["sql"] for one in outcome["statements"]]
    assert done == [statement for step in plan["steps"] for statement in step["statements"]]
    assert {one["step"] for one in outcome["statements"]} == set(range(1, 10))
    assert data(store)["steps"] == []


def test_what_is_printed_is_what_would_be_done(store: str, database15: str) -> None:
    for place in (database15, store):
        printed = call("init", "--print", place)
        assert (printed.status, printed.err) == (0, "")
        planned = data("--dry-run", place)["steps"]
        statements = [statement for step in planned for statement in step["statements"]]
        assert all(f"{statement};\n" in printed.out for statement in statements)
        psql(place, printed.out)
        assert NOTHING in call("init", place).out
        assert call("init", "--print", place).out == "-- nothing to do\n"


def test_print_without_a_connection_is_the_same_as_with_one(database15: str) -> None:
    assert call("init", "--print", "--server", "postgresql-15").out == call("init", "--print", database15).out


def test_print_leads_psql_into_a_database_that_it_makes(database15: str) -> None:
    name = f"{name_of(database15)}-new"
    place = database15.replace(name_of(database15), name)
    try:
        psql(database15, call("init", "--print", place).out)
        assert NOTHING in call("init", place).out
        assert ask(database15, "SELECT to_regclass('kine')") == [(None,)]
    finally:
        ask(database15, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_a_dry_run_changes_nothing_and_the_server_sees_to_it(store: str) -> None:
    before, rows = ask(store, CATALOGS), content(store)
    said = call_in_process("--debug", "init", "--dry-run", store)
    assert ask(store, CATALOGS) == before
    assert content(store) == rows
    assert "SET \"default_transaction_read_only\" = 'on'" in said.err
    assert "kinetune_new_kine_" not in said.err


def test_a_second_run_says_so_and_locks_nothing(store: str) -> None:
    assert call("init", "--yes", store).status == 0
    before = ask(store, CATALOGS)
    blocker = subprocess.Popen(
        ["psql", "-X", "-q", store, "-c", "BEGIN; LOCK TABLE kine IN EXCLUSIVE MODE; SELECT pg_sleep(30)"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        said = call("init", "--yes", store)
    finally:
        blocker.kill()
        blocker.wait()
    assert said.status == 0
    assert f"{NOTHING} tuned." in said.out
    assert said.err == ""
    assert ask(store, CATALOGS) == before


def test_revert_goes_back_to_what_kine_made(store: str) -> None:
    before, rows = schema(store), content(store)
    assert call("init", "--yes", store).status == 0
    assert schema(store) != before
    said = call("init", "--revert", "--yes", store)
    assert said.status == 0
    assert "kinetune init: profile stock" in said.out
    assert "undo: kinetune init --profile tuned" in said.out
    assert schema(store).indexes == before.indexes
    assert content(store) == rows


def test_the_way_back_is_a_command_only_where_it_leads_back(store: str) -> None:
    assert "undo: kinetune init --revert\n" in call("init", "-n", store).out
    assert "undo: kinetune init --revert --kine v0.13.0\n" in call("init", "-n", "--kine", "v0.13.0", store).out
    ask(store, "DROP INDEX kine_name_index; CREATE INDEX kine_name_index ON kine (lease)")
    said = " ".join(call("init", "-n", store).out.split())
    assert "undo: CREATE INDEX CONCURRENTLY kinetune_old_kine_name_index ON kine (lease); BEGIN; ALTER" in said
    assert "--revert" not in said


@pytest.mark.parametrize("profile", ["stock", "article"])
def test_a_profile_by_name(database15: str, profile: str) -> None:
    assert call("init", "--yes", "--profile", profile, database15).status == 0
    assert f"{NOTHING} {profile}." in call("init", "--profile", profile, database15).out
    (covering,) = ask(database15, "SELECT pg_get_indexdef('kine_name_prev_revision_uindex'::regclass)")[0]
    assert ("INCLUDE (id)" in covering) == (profile == "article")


def test_a_hazard_is_shown_refused_allowed_and_skipped(database15: str) -> None:
    make(database15, OLD, 20)
    rows = content(database15)
    plan = call("init", "--dry-run", database15).out
    assert "hazard COLUMN_TYPES: stop Kine, then add --allow COLUMN_TYPES" in plan
    assert re.search(r"^Stop Kine first", plan, re.MULTILINE)
    said = call("init", "--yes", database15)
    assert said.status == 4
    assert said.line.startswith("nothing was changed: to change id to bigint, name to text")
    assert said.line.endswith("stop Kine and add --allow COLUMN_TYPES, or skip it with --skip COLUMN_TYPES")
    left = call("init", "--yes", "--skip", "column-types", database15)
    assert left.status == 0
    assert "Kine may keep running." in left.out
    assert call("init", "--yes", "--allow", "COLUMN_TYPES", database15).status == 0
    assert NOTHING in call("init", database15).out
    assert content(database15) == rows


def test_a_k3s_release_says_which_kine_it_holds(database15: str) -> None:
    said = call("init", "--dry-run", "--k3s", "v1.33.4", database15).out
    assert "Kine v0.13.0 – v0.13.19: K3s v1.33.4 includes Kine v0.13.17" in said


def test_a_kine_newer_than_all_known_says_so(database15: str) -> None:
    said = call("init", "--dry-run", "--kine", "v9.9.9", database15).out
    assert "v9.9.9 is not known, so the release before it is used" in " ".join(said.split())


def test_the_era_is_recognised_from_what_the_server_remembers(store: str) -> None:
    from kinetune.kine.queries import load_catalogue

    ask(store, "CREATE EXTENSION pg_stat_statements")
    assert "holds no statement" in " ".join(call("init", "-n", store).out.split())
    query = load_catalogue("v0.13.0")["ListRevisionStart"]
    with_arguments = re.sub(r"\$\d", "%s", query.text.replace("%", "%%"))
    values = {"bigint": 1, "integer": 1, "boolean": False, "text": "/registry/pods/"}
    ask(store, with_arguments, *(values[parameter.type] for parameter in query.parameters))
    said = " ".join(call("init", "-n", store).out.split())
    assert "Kine v0.13.0 – v0.13.19: pg_stat_statements holds statements of Kine v0.13.0 – v0.13.19" in said
    assert json.loads(call("explain", "--format", "json", store).out)["era"] == "v0.13.0"


@pytest.fixture
def keeper(store: str) -> Iterator[str]:
    """The endpoint of a role that owns the table of a store, and not its database."""
    role = f"keeper_{name_of(store)}"
    ask(store, f"CREATE ROLE {role} LOGIN; GRANT CREATE ON SCHEMA public TO {role}; ALTER TABLE kine OWNER TO {role}")
    yield store.replace("postgres@", f"{role}@")
    ask(store, f"ALTER DATABASE {name_of(store)} OWNER TO postgres; DROP OWNED BY {role}; DROP ROLE {role}")


def settings(dsn: str) -> set[str]:
    kept = "SELECT unnest(setconfig) FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase"
    return {text for (text,) in ask(dsn, f"{kept} WHERE datname = current_database()")}


SETTING = ("init", "--yes", "--kine", "v0.13.17")
"""Of a Kine whose queries need settings of the planner."""
SET = {"random_page_cost=1.1", "plan_cache_mode=force_custom_plan"}


def test_the_owner_of_the_table_alone_is_given_the_statements_for_the_owner_of_the_database(
    store: str, keeper: str
) -> None:
    before = ask(store, CATALOGS)
    said = call(*SETTING, keeper)
    cause, _, statements = said.line.partition("; ask the administrator for: ")
    assert (said.status, ask(store, CATALOGS), settings(store)) == (3, before, set())
    assert cause == f"role keeper_{name_of(store)} does not own the database {name_of(store)}"
    ask(store, statements)
    assert settings(store) == SET
    assert call(*SETTING, keeper).status == 0
    assert NOTHING in call(*SETTING, keeper).out


def test_the_owner_of_both_sets_them(store: str, keeper: str) -> None:
    ask(store, f"ALTER DATABASE {name_of(store)} OWNER TO keeper_{name_of(store)}")
    assert call(*SETTING, keeper).status == 0
    assert settings(store) == SET


@pytest.mark.parametrize(
    ("suffix", "start"), [("html", "<!doctype html>"), ("json", "{\n"), ("md", "# "), ("txt", "kine")]
)
def test_a_report_of_the_whole_is_kept(database15: str, tmp_path: Path, suffix: str, start: str) -> None:
    report = tmp_path / f"report.{suffix}"
    assert call("init", "--yes", "-o", report, database15).status == 0
    text = report.read_text(encoding="utf-8")
    assert text.startswith(start)
    assert "CREATE TABLE kine" in text
    assert ('"applied": true' if suffix == "json" else "Done and verified: 7 statements") in text


def test_stdout_is_the_result_and_stderr_the_progress(store: str) -> None:
    said = call("init", "--yes", "--format", "markdown", store)
    assert said.out.startswith("# kinetune init: profile tuned\n")
    assert said.out.count("Done and verified") == 1
    assert [line.split("]")[0] for line in said.err.splitlines()] == [f"[{number}/9" for number in range(1, 10)]
    assert STOCK not in said.err
