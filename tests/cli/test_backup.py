"""`kinetune backup`: any store in one file, and restored from it as it was."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from kinetune.transfer.archive import open_archive, read_backup
from tests.cli.call import PROGRAM, ROOT, call, environment, start_process, wait_for_exit
from tests.cli.test_drop import drop, limited
from tests.cli.test_init import name_of
from tests.cli.test_restore import sequence
from tests.cluster import Cluster
from tests.database.stores import ask, content, schema
from tests.transfer.test_archive import RECORDED

MOVE = Path(__file__).parent.parent / "data" / "move"
ROWS = (
    "SELECT id, name, created, deleted, create_revision, prev_revision, lease, value, old_value FROM kine ORDER BY id"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies" / "copy.kinetune"


def backup(file: Path, source: object, *more: object) -> None:
    said = call("backup", *more, file, source)
    assert said.status == 0, said.err


def restore(file: Path, dsn: str, *more: object) -> None:
    said = call("restore", "--yes", *more, file, dsn)
    assert said.status == 0, said.err


def make_sqlite(path: Path) -> Path:
    """The table as Kine v0.14.16 creates it, with 300 rows of 100 keys, NULLs and an old compaction."""
    with sqlite3.connect(path) as store:
        schema_text = (MOVE / "sqlite" / "schema-v1416.sql").read_text()
        store.executescript(schema_text.replace("CREATE TABLE sqlite_sequence(name,seq);", ""))
        store.execute("INSERT INTO kine VALUES (5, 'compact_rev_key', 1, 0, 0, 3, 0, NULL, NULL)")
        for number in range(10, 310):
            previous = number - 100 if number >= 110 else 0
            store.execute(
                "INSERT INTO kine VALUES (?, ?, ?, 0, ?, ?, 0, ?, NULL)",
                (number, f"/registry/ü{number % 100}", not previous, None, previous, os.urandom(20)),
            )
        store.execute("UPDATE sqlite_sequence SET seq = 350 WHERE name = 'kine'")
    return path


def test_a_store_in_use_is_copied_and_comes_back(store: str, file: Path) -> None:
    before, shape = content(store), schema(store)
    said = call("backup", file, store)
    assert said.status == 0
    assert "was written and read again: 5,101 rows, newest revision 5,101" in " ".join(said.out.split())
    assert file.stat().st_mode & 0o777 == 0o600
    ask(store, "DROP TABLE kine")
    restore(file, store)
    assert (content(store), schema(store)) == (before, shape)
    assert ask(store, "SELECT obj_description('kine'::regclass)") == [(None,)]


def test_json_has_what_was_copied(store: str, file: Path) -> None:
    said = json.loads(call("backup", "--format", "json", file, store).out)
    assert (said["saved"]["rows"], said["source"]["revision"], said["source"]["kind"]) == (5101, 5101, "PostgreSQL")


def test_a_file_that_exists_is_never_replaced(store: str, file: Path) -> None:
    file.write_text("mine")
    said = call("backup", file, store)
    assert (said.status, said.line) == (2, f"{file} already exists; name a new file")
    assert file.read_text() == "mine"


def test_sqlite_comes_back_with_the_indexes_of_a_profile(database15: str, tmp_path: Path, file: Path) -> None:
    source = make_sqlite(tmp_path / "state.db")
    backup(file, f"sqlite:{source}")
    plan = " ".join(call("restore", "--dry-run", file, database15).out.split())
    assert "from SQLite " in plan
    assert "7 indexes of the profile tuned; the next revision will be above 350" in plan
    restore(file, database15, "--kine", "v0.14.16")
    with sqlite3.connect(source) as store:
        rows = store.execute(ROWS).fetchall()
    assert ask(database15, ROWS) == [
        tuple(0 if n in range(2, 7) and x is None else x for n, x in enumerate(row)) for row in rows
    ]
    assert sequence(database15) == [(351,)]
    assert call("init", "--dry-run", "--kine", "v0.14.16", database15).out.count("CREATE") == 0


@pytest.mark.parametrize("profile", ["stock", "article", "tuned"])
def test_another_profile_may_be_chosen(store: str, file: Path, profile: str) -> None:
    backup(file, store)
    ask(store, "DROP TABLE kine")
    restore(file, store, "--profile", profile)
    said = call("init", "--dry-run", "--profile", profile, store)
    assert (said.status, "Nothing to do" in said.out or "already" in said.out) == (0, True), said.out


def test_an_etcd_snapshot_becomes_a_store(database15: str, file: Path) -> None:
    snapshot = MOVE / "etcd-3.6.6-edge.snap"
    backup(file, f"etcd-snapshot:{snapshot}")
    restore(file, database15)
    with open_archive(file) as source:
        rows = [row for batch in source.read_rows() for row in batch]
    assert ask(database15, ROWS) == rows
    assert rows[-1][1:6] == ("compact_rev_key", 1, 0, 0, rows[-1][0] - 1)
    assert sequence(database15) == [(rows[-1][0] + 1,)]


def test_raised_revisions_leave_the_newest_row_of_each_key(store: str, file: Path) -> None:
    live = (
        "SELECT id, name, value FROM kine AS k WHERE deleted = 0 AND name <> 'compact_rev_key' "
        "AND id = (SELECT max(id) FROM kine WHERE name = k.name) ORDER BY id"
    )
    before = ask(store, live)
    backup(file, store)
    ask(store, "DROP TABLE kine")
    said = call("restore", "--yes", "--bump-revision", "1000000", file, store)
    assert said.status == 0, said.err
    assert "Restored and verified: the newest row of each key" in said.out
    assert ask(store, live) == before
    assert ask(store, "SELECT id, prev_revision FROM kine WHERE name = 'compact_rev_key'") == [(1005102, 1005101)]
    assert ask(store, "SELECT count(*) FROM kine") == [(len(before) + 1,)]
    assert sequence(store) == [(1005103,)]


def test_a_copy_of_the_first_release_is_restored(database15: str) -> None:
    restore(RECORDED, database15)
    assert ask(database15, "SELECT count(*), max(id) FROM kine") == [(304, 304)]
    assert sequence(database15) == [(312,)]
    assert "mine" in {index.index.name for index in schema(database15).indexes}


def test_an_empty_kine_of_init_is_replaced_and_keeps_its_owner_and_privileges(store: str, file: Path) -> None:
    for role in ("k3s_owner", "k3s_reader"):
        ask(store, f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    before = content(store)
    backup(file, store)
    ask(store, "TRUNCATE kine; ALTER TABLE kine OWNER TO k3s_owner; GRANT SELECT ON kine TO k3s_reader")
    ask(store, "GRANT CREATE ON SCHEMA public TO k3s_owner")
    restore(file, store)
    assert content(store) == before
    assert (
        ask(
            store,
            "SELECT relowner::regrole::text, has_table_privilege('k3s_reader', 'kine', 'SELECT') FROM pg_class "
            "WHERE relname IN ('kine', 'kine_id_seq') ORDER BY relname",
        )
        == [("k3s_owner", True)] * 2
    )
    ask(store, "DROP OWNED BY k3s_owner, k3s_reader")


def test_while_a_kine_may_be_connected_an_empty_table_is_not_replaced(store: str, file: Path) -> None:
    from tests.database.stores import connection

    backup(file, store)
    ask(store, "TRUNCATE kine")
    with connection(store):
        said = call("restore", "--yes", file, store)
    assert said.status == 4
    assert "nothing was changed: Kine must be stopped, but process " in said.err
    assert ask(store, "SELECT count(*), to_regclass('kinetune_incoming') FROM kine") == [(0, None)]


def test_rows_of_an_interrupted_restore_are_kept(store: str, file: Path) -> None:
    backup(file, store)
    before = content(store)
    ask(store, "ALTER TABLE kine RENAME TO before")
    ask(store, "ALTER INDEX kine_pkey RENAME TO before_pkey; ALTER SEQUENCE kine_id_seq RENAME TO before_seq")
    for name in ("name", "name_id", "id_deleted", "prev_revision", "list_query"):
        ask(store, f"DROP INDEX kine_{name}_index")
    ask(store, "DROP INDEX kine_name_prev_revision_uindex")
    made = json.loads(call("restore", "--dry-run", "--format", "json", file, store).out)["steps"]
    for statement in (text for step in made[:2] for text in step["statements"]):
        ask(store, statement)
    ask(store, "INSERT INTO kinetune_incoming SELECT * FROM before WHERE id % 3 = 0")
    # A row that is copied again would be an error: the key is unique.
    said = call("restore", "--yes", file, store)
    assert said.status == 0, said.err
    assert "an interrupted restore of this backup is continued" in " ".join(said.out.split())
    assert content(store) == before


def test_the_least_privilege_is_enough(pg15: Cluster, store: str, file: Path) -> None:
    ask(store, "DO $$ BEGIN CREATE ROLE only_reads LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    mine = pg15.dsn(name_of(store), "only_reads")
    said = call("backup", file, mine)
    assert said.status == 3
    assert "GRANT SELECT ON public.kine, public.kine_id_seq TO only_reads" in said.err
    assert os.listdir(file.parent) == []
    ask(store, "GRANT SELECT ON kine, kine_id_seq TO only_reads")
    backup(file, mine)
    ask(store, "DROP TABLE kine; GRANT CREATE ON SCHEMA public TO only_reads")
    said = call("restore", "--yes", file, mine)
    assert said.status == 0, said.err
    assert "cannot make it the owner again" in " ".join(said.out.split())
    ask(store, "DROP OWNED BY only_reads")


def test_two_at_once_do_not_write_one_file(store: str, file: Path) -> None:
    first, second = (start_process("backup", file, store) for _ in range(2))
    done = [wait_for_exit(process) for process in (first, second)]
    assert sorted(one.status for one in done)[0] == 0
    late = max(done, key=lambda one: one.status)
    assert late.status in (2, 4)
    assert read_backup(file).sums.rows == 5101
    assert os.listdir(file.parent) == [file.name]


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_it_leaves_no_file_or_a_whole_one(store: str, file: Path, seed: int) -> None:
    random.seed(seed)
    for _ in range(3):
        process = start_process("backup", file, store)
        time.sleep(random.uniform(0.4, 1.2))
        process.send_signal(signal.SIGKILL)
        wait_for_exit(process)
        if file.exists():
            assert read_backup(file).sums.rows == 5101
            file.unlink()
    backup(file, store)
    assert os.listdir(file.parent) == [file.name]


def test_a_full_disk_leaves_no_file(store: str, file: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "backup", file, store],
        env=environment({"PYTHONPATH": str(ROOT)}),
        preexec_fn=limited(20_000),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"kinetune: nothing was changed: cannot write {file}")
    assert os.listdir(file.parent) == []


def test_pg_dump_writes_its_own_formats_of_a_database_alone(store: str, file: Path) -> None:
    backup(file.with_suffix(".dump"), store)
    assert call("restore", "--yes", file.with_suffix(".dump"), store).line.endswith("copy.dump")
    said = call("backup", file.with_suffix(".sql"), "etcd-snapshot:x")
    assert said.status == 2
    assert "pg_dump, which writes .sql files, reads PostgreSQL alone" in said.line


def test_an_archive_becomes_one_of_this_release(file: Path) -> None:
    backup(file, f"archive:{RECORDED}")
    assert read_backup(file).manifest.definition == read_backup(RECORDED).manifest.definition


@pytest.mark.parametrize("text", ["nothing", "sqlite:", "mysql:x", "file:///x"])
def test_a_text_that_names_no_store_is_refused(file: Path, text: str) -> None:
    said = call("backup", file, text)
    assert said.status == 2
    assert os.listdir(file.parent) == []


def test_a_backup_can_be_dropped_from(store: str, file: Path) -> None:
    """The file of `backup` is the copy that `drop --backup` would have made."""
    backup(file, store)
    said = drop(store, "--backup", file)
    assert said.status == 0, said.err
    assert "is complete, from an earlier run" in " ".join(said.out.split())
