"""`kinetune drop`: shows the plan, asks for the name, keeps a copy, drops what is Kine's and nothing else."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinetune.transfer.archive import read_backup
from tests.cli.call import PROGRAM, ROOT, CallResult, call, environment, terminal
from tests.cli.test_init import assert_golden, name_of
from tests.cluster import Cluster
from tests.database.stores import RENAMED, ask, connection, content, make, reach

CATALOGS = (
    "SELECT (SELECT md5(string_agg(c::text, ',' ORDER BY c.oid)) FROM pg_class AS c "
    "WHERE relnamespace::regnamespace::text !~ '^pg_'), "
    "(SELECT md5(string_agg(s::text, ',')) FROM pg_db_role_setting AS s), "
    "(SELECT md5(string_agg(n::text, ',' ORDER BY n.oid)) FROM pg_namespace AS n)"
)
SOON = ("--observe", "0.2")


def drop(dsn: str, *more: object, name: str = "") -> CallResult:
    return call("drop", *SOON, "--confirm", name or name_of(dsn), *more, dsn)


def there(dsn: str) -> list[Any]:
    return [name for (name,) in ask(dsn, "SELECT relname FROM pg_class WHERE relname ~ 'kine' ORDER BY 1")]


def others(dsn: str) -> None:
    """Objects that are not Kine's, next to its table."""
    for statement in (
        "CREATE TABLE users (id serial PRIMARY KEY, name text)",
        "INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 100) AS n",
        "CREATE INDEX kine_lookalike ON users (name)",
        "CREATE TABLE kines (id serial)",
        "CREATE SEQUENCE kine_id_seq_mine",
        "CREATE SCHEMA other",
        "CREATE TABLE other.kine (id bigserial PRIMARY KEY, name text)",
        "INSERT INTO other.kine (name) VALUES ('mine')",
        f"ALTER DATABASE {name_of(dsn)} SET work_mem = '7MB'",
        f"ALTER DATABASE {name_of(dsn)} SET random_page_cost = '1.7'",
    ):
        ask(dsn, statement)


def kept_of_others(dsn: str) -> list[Any]:
    question = (
        "SELECT (SELECT array_agg(c.relname || c.oid || c.relfilenode ORDER BY c.oid) FROM pg_class AS c "
        "WHERE c.relname ~ '^(users|kines|kine_lookalike|kine_id_seq_mine)' "
        "OR c.relnamespace = 'other'::regnamespace), "
        "(SELECT md5(string_agg(u::text, ',' ORDER BY u.id)) FROM users AS u), "
        "(SELECT s.setconfig FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase "
        "WHERE d.datname = current_database())"
    )
    return ask(dsn, question)


def test_what_would_go_is_the_reviewed_screen(store: str) -> None:
    ask(store, "CREATE TABLE users (id serial)")
    said = call("drop", "--dry-run", *SOON, store)
    assert said.status == 0
    assert said.err == ""
    assert_golden("drop-in-use.txt", said.out, store)


def test_a_dry_run_changes_nothing_and_the_server_sees_to_it(store: str, tmp_path: Path) -> None:
    before, rows = ask(store, CATALOGS), content(store)
    for more in ((), ("--database",), ("--backup", tmp_path / "x")):
        assert call("drop", "--dry-run", *SOON, *more, "--confirm", name_of(store), store).status == 0
    assert (ask(store, CATALOGS), content(store)) == (before, rows)
    assert os.listdir(tmp_path) == []


def test_what_is_kines_goes_and_what_is_not_stays(database: str) -> None:
    make(database, objects=50)
    reach(database, "tuned", "E07")
    others(database)
    for statement in (
        "CREATE TABLE kine_before_init (id int)",
        "CREATE SCHEMA kinetune_shadow",
        "CREATE TABLE kinetune_shadow.kine (id bigserial)",
        "CREATE INDEX kinetune_old_kine_name_index ON kine (name)",
        f"ALTER DATABASE {name_of(database)} SET plan_cache_mode = 'force_custom_plan'",
    ):
        ask(database, statement)
    before = kept_of_others(database)
    said = drop(database)
    assert said.status == 0, said.err
    assert "Dropped and verified" in said.out
    assert "plan_cache_mode" in said.out
    after = kept_of_others(database)
    assert after[0][:2] == before[0][:2]
    assert set(after[0][2]) == {"work_mem=7MB", "random_page_cost=1.7"}
    left = there(database)
    assert left == ["kine", "kine_id_seq", "kine_id_seq_mine", "kine_lookalike", "kine_pkey", "kines", "kines_id_seq"]
    assert ask(database, "SELECT to_regclass('public.kine'), to_regnamespace('kinetune_shadow')") == [(None, None)]
    again = drop(database)
    assert again.status == 0
    assert "Nothing to drop" in again.out


def test_a_sequence_that_no_table_owns_goes_too(database: str) -> None:
    make(database, RENAMED, 20)
    assert drop(database).status == 0
    assert there(database) == []


def test_without_a_terminal_and_a_name_nothing_is_done(store: str) -> None:
    before = content(store)
    said = call("drop", *SOON, store)
    assert said.status == 4
    assert said.line == (f"nothing was changed: not a terminal; confirm with --confirm {name_of(store)}")
    assert content(store) == before


@pytest.mark.parametrize("name", ["kubernetes", "yes", "y", " "])
def test_a_wrong_name_changes_nothing(store: str, name: str) -> None:
    before = content(store)
    said = drop(store, name=name)
    assert said.status == 4
    cause = f"{name} is not the name of the database" if name.strip() else "no name was given"
    assert said.line == f"nothing was changed: {cause}; confirm with {name_of(store)}"
    assert content(store) == before


@pytest.mark.parametrize(("typed", "status"), [("", 0), ("y\n", 4), ("\n", 4), ("\x04", 4), ("\x03", 130)])
def test_on_a_terminal_the_name_is_typed(store: str, typed: str, status: int) -> None:
    with terminal("drop", *SOON, store) as screen:
        screen.until("to continue:")
        screen.type(typed or f"{name_of(store)}\n")
        assert screen.end() == status
    after = screen.screen.rpartition("to continue:")[2]
    assert ("Dropped and verified" in after) == (status == 0)
    assert bool(there(store)) == (status != 0)


def test_a_store_in_use_is_refused_unless_that_is_allowed(store: str) -> None:
    with connection(store) as other:
        other.execute("SET application_name = 'kine'")
        other.execute("SELECT 1 FROM kine LIMIT 1")
        said = drop(store)
        assert said.status == 4
        assert said.err.endswith(
            "kinetune: nothing was changed: Kine may be running: the session kine last sent a statement on kine; "
            "remove the cause, or add --allow KINE_RUNS\n"
        )
        assert "hazard KINE_RUNS" in said.out
        assert drop(store, "--allow", "kine-runs").status == 0
    assert there(store) == []


def test_a_store_that_is_written_to_is_refused(store: str) -> None:
    writer = subprocess.Popen(
        ["psql", "-X", "-q", "-c", "SET application_name = 'x'", "-f", "-", store], stdin=subprocess.PIPE, text=True
    )
    assert writer.stdin is not None
    writer.stdin.write("INSERT INTO kine (name) VALUES ('/w'); SELECT pg_sleep(0.1) \\g /dev/null\n" * 40)
    writer.stdin.close()
    said = call("drop", "--observe", "3s", "--confirm", name_of(store), "--allow", "KINE_RUNS", store)
    writer.wait()
    assert said.status == 4
    assert "the store is being written to: the newest revision changed from " in said.err
    assert there(store)


def test_a_write_between_the_look_and_the_drop_is_found(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kinetune.cli import change
    from kinetune.commands.drop import DropChange

    def write(*_: object) -> None:
        ask(store, "INSERT INTO kine (name) VALUES ('/registry/late')")

    monkeypatch.setattr(change, "require_confirmation", write)
    said = drop(store)
    assert said.status == 4
    assert "nothing was dropped: kine has been written to since the plan was made; stop Kine and run again" in said.err
    monkeypatch.setattr(DropChange, "_refuse_written", lambda *_: None)
    assert "the store has changed since the plan was made" in drop(store).err
    assert drop(store, "--allow", "RECENT_WRITES").status == 0


def test_a_copy_is_made_first_and_read_again(store: str, tmp_path: Path) -> None:
    file = tmp_path / "copy.kinetune"
    said = drop(store, "--backup", file)
    assert said.status == 0, said.err
    assert "5,101 rows, newest revision 5,101" in said.out
    assert "holds every value of the cluster, including Secrets" in said.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_backup(file).sums.rows == 5101
    assert os.listdir(tmp_path) == ["copy.kinetune"]


def test_what_the_copy_does_not_hold_is_named(store: str, tmp_path: Path) -> None:
    ask(store, "ALTER TABLE kine ENABLE ROW LEVEL SECURITY")
    ask(store, "GRANT SELECT (id) ON kine TO PUBLIC")
    said = " ".join(drop(store, "--dry-run", "--backup", tmp_path / "copy.kinetune").out.split())
    assert "It does not include its row level security, the rights on its column id; pg_dump would" in said
    assert "It does not include" not in drop(store, "--dry-run", "--backup", tmp_path / "copy.dump").out


@pytest.mark.parametrize("suffix", [".dump", ".sql"])
def test_a_copy_may_be_pg_dumps(store: str, tmp_path: Path, suffix: str) -> None:
    before, file = content(store), tmp_path / f"copy{suffix}"
    assert drop(store, "--backup", file).status == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    said = call("restore", "--yes", file, store)
    assert said.status == 2
    assert "was written by pg_dump; restore it with " in said.line
    back = ["pg_restore", "-d", store] if suffix == ".dump" else ["psql", "-qX", "-o", "/dev/null", "-d", store, "-f"]
    subprocess.run([*back, file], check=True)
    assert content(store) == before
    assert ask(store, "SELECT nextval('kine_id_seq')") == [(5102,)]


def test_a_pg_dump_that_is_too_old_is_reported_before_the_question(pg18: Cluster, tmp_path: Path) -> None:
    dsn = pg18.dsn("too_new")
    ask(pg18.dsn(), "DROP DATABASE IF EXISTS too_new")
    ask(pg18.dsn(), "CREATE DATABASE too_new")
    make(dsn, objects=10)
    said = call("drop", *SOON, "--backup", tmp_path / "x.dump", dsn)
    assert said.status == 2
    assert "pg_dump is 15, older than the server (18); use another extension (FILE.kinetune)" in said.line
    assert there(dsn)


def test_the_password_is_on_no_command_line(guarded: Cluster, tmp_path: Path) -> None:
    """pg_dump as a script that notes what it was given, and fails."""
    from tests.cli.conftest import SECRET

    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(
            '#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 18.1" && exit\n'
            f'echo "$@" > {tmp_path}/given; echo "$PGPASSWORD" > {tmp_path}/environment; echo broken >&2; exit 1\n'
        )
        (tmp_path / name).chmod(0o755)
    place = f"host=127.0.0.1 port={guarded.port} user=postgres password='{SECRET}' dbname=kubernetes"
    path = f"{tmp_path}:{os.environ['PATH']}"
    said = call("drop", *SOON, "--confirm", "kubernetes", "--backup", tmp_path / "x.sql", place, PATH=path)
    assert said.status == 3
    assert "nothing was dropped: pg_dump failed: broken" in said.err
    assert SECRET not in (tmp_path / "given").read_text() + said.out + said.err
    assert (tmp_path / "environment").read_text() == f"{SECRET}\n"
    assert not (tmp_path / "x.sql").exists()


def test_a_copy_that_is_there_is_used_if_it_is_of_this_store_and_never_written_over(store: str, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    assert drop(store, "--backup", file).status == 0
    first = file.read_bytes()
    assert call("restore", "--yes", file, store).status == 0
    said = drop(store, "--backup", file)
    assert said.status == 0, said.err
    assert "is complete, from an earlier run" in " ".join(said.out.split())
    assert call("restore", "--yes", file, store).status == 0
    for change in (
        "UPDATE kine SET prev_revision = 17 WHERE name = 'compact_rev_key'",
        "INSERT INTO kine (name) VALUES ('/registry/new')",
    ):
        ask(store, change)
        said = drop(store, "--backup", file)
        assert said.status == 2
        assert said.err.splitlines()[-1] == f"kinetune: {file} already exists; name a new file"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]
    (tmp_path / "mine").write_text("mine")
    assert drop(store, "--backup", tmp_path / "mine").status == 2
    assert (file.read_bytes(), (tmp_path / "mine").read_text()) == (first, "mine")
    assert there(store)


def test_a_copy_that_cannot_be_written_drops_nothing(store: str, tmp_path: Path) -> None:
    for place, next_step in (
        ("/nowhere/x", "create its folder first"),
        (tmp_path, "name a file"),
        ("/dev/full", "name a file"),
    ):
        said = drop(store, "--backup", place)
        assert said.status == 2
        assert next_step in said.line
    assert there(store)


def limited(bytes: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, bytes))


@pytest.mark.parametrize("suffix", ["", ".dump"])
def test_a_disk_that_is_full_drops_nothing_and_leaves_no_file(store: str, tmp_path: Path, suffix: str) -> None:
    done = subprocess.run(
        [*PROGRAM, "drop", *SOON, "--confirm", name_of(store), "--backup", tmp_path / f"x{suffix}", store],
        env=environment({"PYTHONPATH": str(ROOT)}),
        preexec_fn=limited(20_000),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (2, 3), done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(
        ("kinetune: nothing was changed: cannot write", "kinetune: nothing was dropped: pg_dump failed")
    )
    assert os.listdir(tmp_path) == []
    assert there(store)


def test_a_file_that_is_no_copy_is_refused_before_the_store_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("notes")
    said = drop("postgres://127.0.0.1:1/nowhere", "--backup", tmp_path / "x")
    assert (said.status, said.line) == (2, f"{tmp_path / 'x'} already exists; name a new file")


def test_a_copy_that_does_not_read_as_written_drops_nothing(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kinetune.transfer import archive

    def changed(path: Path) -> object:
        content = bytearray(path.read_bytes())
        content[-5] ^= 1  # Of the checksum: within the rows a bit may turn, and the same rows still come out.
        path.write_bytes(content)
        return read_backup(path)

    monkeypatch.setattr(archive, "read_backup", changed)
    said = drop(store, "--backup", tmp_path / "x")
    assert said.status == 2
    assert "is damaged: " in said.err
    assert there(store)


def test_a_whole_database_goes_only_where_nothing_else_is_in_it(pg15: Cluster, filled: str) -> None:
    ask(pg15.dsn(), f"CREATE DATABASE gone TEMPLATE {filled}")
    dsn = pg15.dsn("gone")
    ask(dsn, "CREATE TABLE users (id serial)")
    said = drop(dsn, "--database")
    assert said.status == 4
    cause = "the database contains relations that are not Kine's: public.users"
    assert f"{cause}; remove the cause, or add --allow OTHER_RELATIONS" in said.err
    assert drop(dsn, "--database", "--allow", "OTHER_RELATIONS").status == 0
    assert ask(pg15.dsn(), "SELECT 1 FROM pg_database WHERE datname = 'gone'") == []
    again = drop(dsn, "--database")
    assert again.status == 0
    assert "database gone does not exist" in again.out


def test_a_whole_database_goes_with_its_sessions_where_that_is_allowed(pg15: Cluster, filled: str) -> None:
    ask(pg15.dsn(), f"CREATE DATABASE gone TEMPLATE {filled}")
    dsn = pg15.dsn("gone")
    with connection(dsn) as other:
        other.execute("SET application_name = 'psql'")
        said = drop(dsn, "--database")
        assert said.status == 4
        assert "the session psql is connected to the database" in said.err
        assert drop(dsn, "--database", "--allow", "KINE_RUNS").status == 0
    assert ask(pg15.dsn(), "SELECT 1 FROM pg_database WHERE datname = 'gone'") == []


def test_what_depends_on_the_table_keeps_it_and_is_named(store: str) -> None:
    ask(store, "CREATE VIEW keys AS SELECT name FROM kine")
    said = drop(store)
    assert said.status == 4
    cause = "nothing was changed: rule _RETURN on view keys depend on the table kine"
    assert f"{cause}; drop these objects first" in said.err
    assert there(store)


def test_a_relation_that_is_not_kines_is_left_alone(database15: str) -> None:
    ask(database15, "CREATE TABLE kine (a int)")
    said = drop(database15)
    assert said.status == 4
    assert "is not Kine's table" in said.line
    assert there(database15) == ["kine"]


def test_a_missing_privilege_is_named_with_the_grant(store: str, pg15: Cluster) -> None:
    ask(store, "DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    ask(store, "GRANT SELECT ON kine, kine_id_seq TO guest")
    said = drop(pg15.dsn(name_of(store), "guest"))
    assert said.status == 3
    assert said.err.startswith("kinetune: role guest does not own the table kine; ask the administrator for: GRANT")
    assert there(store)


def test_json_has_the_plan_and_the_result(store: str, tmp_path: Path) -> None:
    plan = json.loads(call("drop", "--dry-run", *SOON, "--format", "json", store).out)
    assert (plan["kind"], plan["rows"], plan["max_id"], plan["dropped"]) == (
        "kinetune drop",
        {"number": 5101, "exact": True},
        5101,
        False,
    )
    said = drop(store, "--format", "json", "--backup", tmp_path / "x", "-o", tmp_path / "report.html")
    done = json.loads(said.out)
    assert done["dropped"] is True
    assert done["backup"]["rows"] == 5101
    assert len(done["statements"]) == 3
    assert "Dropped and verified" in (tmp_path / "report.html").read_text()


def test_no_value_of_an_object_is_shown(store: str, tmp_path: Path) -> None:
    ask(store, "INSERT INTO kine (name, value) VALUES ('/registry/secrets/x', 'hunter2')")
    for more in ((), ("--format", "json")):
        said = call("--debug", "drop", *SOON, "--confirm", name_of(store), "--backup", tmp_path / "x", *more, store)
        assert said.status == 0
        back = call("--debug", "restore", "--yes", *more, tmp_path / "x", store)
        assert back.status == 0
        for text in (said.out, said.err, back.out, back.err):
            assert "hunter2" not in text
            assert b"hunter2".hex() not in text
