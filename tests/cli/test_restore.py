"""`kinetune restore`: ids, revisions, indexes and the sequence as they were, or no table kine at all."""

from __future__ import annotations

import gzip
import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from kinetune.formatting import format_time
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.archive import read_backup, write_archive
from kinetune.transfer.rows import Row
from tests.cli.call import call, terminal
from tests.cli.test_drop import drop, others, there
from tests.cli.test_init import assert_golden, name_of
from tests.cluster import Cluster
from tests.database.stores import FILL, OLD, RENAMED, STOCK, ask, connection, content, make, reach, schema
from tests.transfer.test_archive import FixedSource

CATALOGS = "SELECT array_agg(c.relname || c.oid ORDER BY c.oid) FROM pg_class AS c WHERE c.oid > 16383"
ALL = (
    # Kine's newest releases write NULL where others cannot read it; it comes back as 0 (docs/facts/moving.md §0.2).
    "SELECT md5(string_agg((id, name, coalesce(created, 0), coalesce(deleted, 0), coalesce(create_revision, 0), "
    "coalesce(prev_revision, 0), coalesce(lease, 0), value, old_value)::text, ',' ORDER BY id)), "
    "(SELECT array_agg(pg_get_indexdef(indexrelid) ORDER BY indexrelid::regclass::text) "
    "FROM pg_index WHERE indrelid = 'kine'::regclass), "
    "(SELECT array_agg(conname) FROM pg_constraint WHERE conrelid = 'kine'::regclass AND contype = 'p'), "
    "(SELECT array_agg(format('%s %s %s', attname, format_type(atttypid, atttypmod), attnotnull) ORDER BY attnum) "
    "FROM pg_attribute WHERE attrelid = 'kine'::regclass AND attnum > 0 AND NOT attisdropped), "
    "(SELECT array_agg(one ORDER BY one) FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase "
    "CROSS JOIN unnest(setconfig) AS one WHERE datname = current_database()) FROM kine AS k"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copy.kinetune"


def dropped(dsn: str, file: Path) -> None:
    said = drop(dsn, "--backup", file)
    assert said.status == 0, said.err


def sequence(dsn: str) -> Any:
    ((name,),) = ask(dsn, "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'kine'::regclass")
    return ask(dsn, f"SELECT {name}")


@pytest.mark.parametrize(("ddl", "profile"), [(STOCK, ""), (STOCK, "tuned"), (OLD, ""), (RENAMED, "")])
def test_it_comes_back_as_it_was(database: str, file: Path, ddl: str, profile: str) -> None:
    make(database, ddl, 50)
    if profile:
        reach(database, profile, "E07")
    ask(database, "CREATE INDEX mine ON kine (lower(name)) WHERE deleted = 0")
    ask(database, "INSERT INTO kine (name, value) VALUES (E'/registry/tab\\tand \\\\ back\\nslash', ''), ('/ü', NULL)")
    ask(database, "SELECT nextval(pg_get_serial_sequence('kine', 'id')) FROM generate_series(1, 7)")
    others(database) if not profile else None
    before, shape = ask(database, ALL), schema(database)
    dropped(database, file)
    said = call("restore", "--yes", file, database)
    assert said.status == 0, said.err
    assert ask(database, ALL) == before
    after = schema(database)
    assert after.indexes == shape.indexes
    assert after.last_id == shape.last_id
    assert sequence(database) > [(shape.last_id,)]
    assert not [name for name in there(database) if name.startswith("kinetune")]


def test_an_empty_store_comes_back_empty(database15: str, file: Path) -> None:
    make(database15)
    dropped(database15, file)
    assert call("restore", "--yes", file, database15).status == 0
    assert content(database15)[0] == 0
    assert sequence(database15) == [(1,)]


def test_a_store_that_lost_its_newest_rows_gives_no_revision_twice(store: str, file: Path) -> None:
    ask(store, "DELETE FROM kine WHERE id > 5000")
    dropped(store, file)
    assert call("restore", "--yes", file, store).status == 0
    assert sequence(store) == [(5102,)]


def test_a_sequence_that_was_behind_is_not(store: str, file: Path) -> None:
    ask(store, "SELECT setval('kine_id_seq', 7)")
    dropped(store, file)
    assert call("restore", "--yes", file, store).status == 0
    assert sequence(store) == [(5102,)]


BACK = """
CREATE FUNCTION back() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN IF to_regclass('kine') IS NOT NULL THEN PERFORM setval('kine_id_seq', 7); END IF; END $$;
CREATE EVENT TRIGGER back ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION back()
"""
"""Sets the sequence back as soon as the table is named kine."""


def test_a_sequence_that_was_set_back_meanwhile_is_reported_and_init_raises_it(store: str, file: Path) -> None:
    dropped(store, file)
    ask(store, BACK)
    said = call("restore", "--yes", file, store)
    assert (said.status, said.err.splitlines()[-1]) == (
        3,
        "kinetune: restored, but the sequence of kine is behind its newest revision; "
        "run kinetune init, which raises it",
    )
    ask(store, "DROP EVENT TRIGGER back")
    assert call("init", "--yes", store).status == 0
    assert sequence(store) == [(5102,)]


def test_from_an_older_server_to_a_newer_one_and_into_a_new_database(store: str, pg18: Cluster, file: Path) -> None:
    before = content(store)
    dropped(store, file)
    ask(pg18.dsn(), "DROP DATABASE IF EXISTS moved")
    dsn = pg18.dsn("moved")
    assert "a new database moved" in call("restore", "--dry-run", file, dsn).out
    assert call("restore", "--yes", file, dsn).status == 0
    assert content(dsn) == before


def test_the_owner_gets_it_back(store: str, file: Path) -> None:
    ask(store, "DO $$ BEGIN CREATE ROLE k3s LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    ask(store, "ALTER TABLE kine OWNER TO k3s")
    dropped(store, file)
    assert call("restore", "--yes", file, store).status == 0
    owners = "SELECT relname, relowner::regrole::text FROM pg_class WHERE relname IN ('kine', 'kine_id_seq') ORDER BY 1"
    assert ask(store, owners) == [("kine", "k3s"), ("kine_id_seq", "k3s")]
    ask(store, "DROP OWNED BY k3s")


def test_privileges_are_restored(store: str, file: Path) -> None:
    for role in ("reader", "nobody_then"):
        ask(store, f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        ask(store, f"GRANT SELECT ON kine, kine_id_seq TO {role}")
    ask(store, "GRANT INSERT ON kine TO PUBLIC")
    dropped(store, file)
    ask(store, "DROP ROLE nobody_then")
    said = call("restore", "--yes", file, store)
    assert said.status == 0, said.err
    assert "privileges of nobody_then are not restored: these roles do not exist here" in " ".join(said.out.split())
    granted = "SELECT has_table_privilege('reader', 'kine', 'SELECT'), has_table_privilege('reader', 'kine', 'DELETE')"
    assert ask(store, granted) == [(True, False)]
    assert ask(store, "SELECT has_sequence_privilege('reader', 'kine_id_seq', 'SELECT')") == [(True,)]
    assert ask(store, "SELECT has_table_privilege('reader', 'kine', 'INSERT')") == [(True,)]
    ask(store, "DROP OWNED BY reader")


def test_what_would_be_done_is_the_reviewed_screen(store: str, file: Path) -> None:
    dropped(store, file)
    before = ask(store, CATALOGS)
    said = call("restore", "--dry-run", "copy.kinetune", store, folder=file.parent)
    assert said.status == 0
    taken = format_time(read_backup(file).manifest.taken_at.timestamp())
    text = said.out.replace(taken, "2026-11-23T08:00:00.000Z")
    assert_golden("restore.txt", text, store)
    assert ask(store, CATALOGS) == before


def test_where_a_kine_is_already_nothing_is_done(store: str, file: Path) -> None:
    dropped(store, file)
    make(store, objects=5)
    before = content(store)
    said = call("restore", "--yes", file, store)
    assert said.status == 4
    assert said.line == (
        f"nothing was changed: database {name_of(store)} already has a table public.kine; "
        "name another database in the endpoint, or remove the table with kinetune drop"
    )
    assert content(store) == before


def test_where_a_name_is_taken_nothing_is_done(store: str, file: Path) -> None:
    dropped(store, file)
    ask(store, "CREATE TABLE mine (x int)")
    ask(store, "CREATE INDEX kine_name_index ON mine (x)")
    before = ask(store, CATALOGS)
    said = call("restore", "--yes", file, store)
    assert said.status == 4
    assert "public.kine_name_index already exists, and the new table needs this name" in said.line
    assert ask(store, CATALOGS) == before


def test_a_store_that_changed_after_the_plan_is_not_touched(
    store: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another restore leaves when it is interrupted: the plan would now drop it first."""
    from kinetune.cli import change

    dropped(store, file)
    monkeypatch.setattr(
        change, "require_confirmation", lambda *_: ask(store, "CREATE TABLE kinetune_incoming (id bigint)")
    )
    said = call("restore", "--yes", file, store)
    assert (said.status, said.line) == (
        4,
        "the store has changed since the plan was made; run again to see the new plan",
    )
    assert there(store) == ["kinetune_incoming"]


def test_it_asks_and_a_no_changes_nothing(store: str, file: Path) -> None:
    dropped(store, file)
    before = ask(store, CATALOGS)
    said = call("restore", file, store)
    assert (said.status, said.line) == (4, "nothing was changed: not a terminal; confirm with --yes")
    for answer, status in (("n\n", 4), ("\x04", 4), ("\x03", 130)):
        with terminal("restore", file, store) as screen:
            screen.until("[y/N] ")
            screen.type(answer)
            assert screen.end() == status
    assert ask(store, CATALOGS) == before
    with terminal("restore", file, store) as screen:
        screen.until("[y/N] ")
        screen.type("y\n")
        assert screen.end() == 0
    assert "Restored and verified: 5,101 rows" in screen.screen


def test_an_unusable_file_is_reported_before_any_connection(store: str, file: Path) -> None:
    nowhere = "postgres://u@127.0.0.1:1/x"
    dropped(store, file)
    whole = file.read_bytes()
    newer = gzip.compress(gzip.decompress(whole).replace(b'"schema":2', b'"schema":9', 1))
    for bytes, cause in (
        (None, "cannot read "),
        (b"some text", "contains no backup of kinetune; use a file that kinetune backup or kinetune drop --backup has"),
        (whole[: len(whole) // 2], "is damaged: it is truncated; nothing was changed; take another copy of it"),
        (whole[:5000] + b"x" + whole[5001:], "is damaged: "),
        (newer, "has schema 9, this kinetune reads 2; update kinetune"),
    ):
        file.unlink(missing_ok=True)
        if bytes is not None:
            file.write_bytes(bytes)
        said = call("restore", "--yes", file, nowhere)
        assert said.status == 2, cause
        assert cause in said.line


def test_a_missing_privilege_is_named_with_the_grant(store: str, pg15: Cluster, file: Path) -> None:
    ask(store, "DO $$ BEGIN CREATE ROLE guest LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    dropped(store, file)
    said = call("restore", "--yes", file, pg15.dsn(name_of(store), "guest"))
    assert said.status == 3
    assert said.line.endswith("ask the administrator for: GRANT CREATE ON SCHEMA public TO guest")


def test_rows_that_the_server_rejects_are_not_shown(store: str, file: Path) -> None:
    """A file made by hand: its sums are right, its rows do not fit into the columns."""
    dropped(store, file)
    row: Row = (1, "/registry/hunter2", 2**40, 0, 0, 0, 0, b"hunter2", None)
    state = SourceState(SourceKind.SQLITE, "hunter", "3", revision=1, rows=1)
    write_archive(file.with_name("made"), FixedSource([row], state))
    for debug in ((), ("--debug",)):
        said = call(*debug, "restore", "--yes", file.with_name("made"), store)
        assert said.status == 3
        assert "the target cannot hold row 1: its created does not fit the column's type" in said.err
        assert "hunter2" not in said.out + said.err
    assert there(store) != []
    assert call("restore", "--yes", file, store).status == 0


def test_rows_that_come_back_otherwise_get_no_name(store: str, file: Path) -> None:
    """A rule of the server's (here an event trigger of the administrator's) changes what was put in."""
    dropped(store, file)
    ask(store, "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.lease = 7; RETURN NEW; END'")
    ask(
        store,
        "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'meddle') THEN CREATE TRIGGER meddle BEFORE INSERT "
        "ON kinetune_incoming FOR EACH ROW EXECUTE FUNCTION meddle(); END IF; END $$",
    )
    ask(store, "CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watch()")
    said = call("restore", "--yes", file, store)
    assert said.status == 3
    assert f"the rows read back differ from those of {file}: row 1 (" in said.err
    assert "lease differs; no table kine was created" in said.err
    assert ask(store, "SELECT to_regclass('kine')") == [(None,)]
    ask(store, "DROP EVENT TRIGGER watch")
    assert call("restore", "--yes", file, store).status == 0


def test_json_has_the_plan_and_the_result(store: str, file: Path) -> None:
    dropped(store, file)
    plan = json.loads(call("restore", "--dry-run", "--format", "json", file, store).out)
    assert (plan["kind"], plan["restored"], plan["sums"]["rows"]) == ("kinetune restore", False, 5101)
    done = json.loads(call("restore", "--yes", "--format", "json", file, store).out)
    assert (done["restored"], done["next_above"]) == (True, 5101)


@pytest.mark.yugabytedb
@pytest.mark.skipif("KINETUNE_TEST_YB_DSN" not in os.environ, reason="YugabyteDB is in no package registry")
def test_on_a_cluster_it_comes_back_as_it_was(file: Path) -> None:
    dsn = f"{os.environ['KINETUNE_TEST_YB_DSN'].rpartition('/')[0]}/t{uuid.uuid4().hex[:12]}"
    assert call("init", "--yes", dsn).status == 0
    try:
        with connection(dsn) as session:
            session.execute(FILL.encode(), {"n": 200})
        before, shape = content(dsn), schema(dsn)
        dropped(dsn, file)
        assert there(dsn) == []
        assert call("restore", "--yes", file, dsn).status == 0
        assert (content(dsn), schema(dsn).indexes) == (before, shape.indexes)
        assert sequence(dsn) > [(shape.last_id,)]
    finally:
        assert drop(dsn, "--database", "--allow", "RECENT_WRITES").status == 0


def test_a_new_database_whose_schema_gives_other_rights_than_the_maintenance_database(
    pg15: Cluster, store: str, file: Path
) -> None:
    """Its roles can only be read after it was created: the plan made before is no reason to refuse."""
    owner, restorer, name = (f"{kind}_{uuid.uuid4().hex[:8]}" for kind in ("owner", "restorer", "new"))
    ask(pg15.dsn(), f"CREATE ROLE {owner}; CREATE ROLE {restorer} LOGIN CREATEDB IN ROLE {owner}")
    ask(pg15.dsn(), f"GRANT CREATE ON SCHEMA public TO {owner}")
    ask(store, f"GRANT CREATE ON SCHEMA public TO {owner}; ALTER TABLE kine OWNER TO {owner}")
    dropped(store, file)
    try:
        said = call("restore", "--yes", file, pg15.dsn(name).replace("postgres@", f"{restorer}@"))
        assert said.status == 0, said.err
        assert ask(pg15.dsn(name), "SELECT count(*) > 0 FROM kine") == [(True,)]
    finally:
        ask(pg15.dsn(), f"DROP DATABASE IF EXISTS {name}")
        ask(pg15.dsn(), f"REVOKE CREATE ON SCHEMA public FROM {owner}")
