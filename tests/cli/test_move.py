"""`kinetune move`: what arrives in the target, what the reports say, and the comparison alone."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kinetune.commands.incoming import copy_source
from tests.cli.call import call, terminal
from tests.cli.conftest import SECRET
from tests.cli.moving import (
    ALL,
    BOOTSTRAP,
    COMPACTION,
    POD,
    TABLES,
    fingerprint,
    history,
    last_line,
    make_store,
    move,
    moved,
    refusal,
    rows_of,
    sequence,
    untouched,
)
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.stores import STOCK, ask, make, place
from tests.etcd.server import SNAPSHOTS, EtcdServer
from tests.transfer.tables import insert
from tests.transfer.test_fence import role_of
from tests.transfer.test_sqlite_source import create


def test_rows_arrive_as_they_are_and_the_source_stays_as_it_is(database: str, sqlite: Path) -> None:
    before = fingerprint(sqlite)
    said = moved(f"sqlite:{sqlite}", database)
    assert ask(database, ALL) == rows_of(sqlite)
    assert sequence(database) == 2601
    assert fingerprint(sqlite) == before
    assert not [path for path in sqlite.parent.iterdir() if path.name not in ("state.db", "scratch")]
    assert "Moved and verified: 2,600 rows" in said.out
    assert "SQLite 3." in said.out
    assert "SQLite SQLite" not in said.out
    assert ask(database, TABLES) != []
    assert not [name for (name,) in ask(database, TABLES) if name.startswith("kinetune")]
    assert call("check", "--kine", "v0.16.4", "--fail-on", "error", "--select", "KT1,KT2,KT9", database).status == 0


def test_into_a_database_that_does_not_exist(pg15: Cluster, sqlite: Path) -> None:
    dsn = pg15.dsn(f"moved_{uuid.uuid4().hex[:8]}")
    assert "a new database moved_" in moved(f"sqlite:{sqlite}", dsn).out
    assert ask(dsn, ALL) == rows_of(sqlite)


def test_into_the_empty_kine_of_init_which_keeps_owner_and_privileges(store: str, database15: str) -> None:
    assert call("init", "--yes", database15).status == 0
    with (
        role_of(database15, "GRANT SELECT, INSERT ON kine TO {0}") as reader,
        role_of(database15, "ALTER TABLE kine OWNER TO {0}") as owner,
    ):
        said = moved(store, database15)
        assert "its empty table kine is replaced; owner and privileges stay" in said.out
        assert ask(database15, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'kine'") == [(owner,)]
        may = [f"has_table_privilege('{reader}', 'kine', '{right}')" for right in ("INSERT", "DELETE")]
        assert ask(database15, f"SELECT {', '.join(may)}") == [(True, False)]
        assert ask(database15, ALL) == ask(store, ALL)
        ask(database15, "ALTER TABLE kine OWNER TO postgres")


def test_from_postgresql_with_the_null_of_new_releases(pg15: Cluster, database15: str) -> None:
    with contextmanager(scratch)(pg15) as source:
        make(source, STOCK, 50)
        ask(source, "UPDATE kine SET create_revision = NULL WHERE created = 1")
        ask(source, "UPDATE kine SET value = NULL WHERE deleted = 1")
        moved(source, database15)
        assert ask(database15, ALL) == ask(source, ALL)
        assert ask(database15, "SELECT count(*) FROM kine WHERE create_revision IS NULL") == [(0,)]


@pytest.mark.parametrize("profile", ["stock", "article", "tuned"])
def test_the_table_is_that_of_init(database15: str, pg15: Cluster, sqlite: Path, profile: str) -> None:
    moved("--profile", profile, f"sqlite:{sqlite}", database15)
    with contextmanager(scratch)(pg15) as other:
        assert call("init", "--yes", "--profile", profile, other).status == 0
        indexes = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'kine'::regclass ORDER BY 1"
        columns = (
            "SELECT attname, atttypid::regtype::text, attnotnull FROM pg_attribute "
            "WHERE attrelid = 'kine'::regclass AND attnum > 0"
        )
        for text in (indexes, columns):
            assert ask(database15, text) == ask(other, text)
    assert call("init", "--dry-run", "--profile", profile, database15).out.count("CREATE") == 0


def test_live_rows_only(database15: str, sqlite: Path) -> None:
    newest: dict[str, Any] = {}
    for one in rows_of(sqlite):
        newest[one[1]] = one
    live = sorted(one[0] for one in newest.values() if not one[3] and one[1] != "compact_rev_key")
    assert "the newest row of each key is copied" in moved("--live-only", f"sqlite:{sqlite}", database15).out
    assert [number for (number,) in ask(database15, "SELECT id FROM kine ORDER BY id")] == [*live, 2601]
    assert ask(database15, "SELECT id, created, prev_revision FROM kine WHERE name = 'compact_rev_key'") == [
        (2601, 1, 2600)
    ]
    assert ask(database15, "SELECT DISTINCT prev_revision FROM kine WHERE name LIKE '/%'") == [(0,)]
    assert sequence(database15) == 2602


def test_a_bump(database15: str, sqlite: Path) -> None:
    said = moved("--bump-revision", 1_000_000, f"sqlite:{sqlite}", database15)
    assert "the revision is raised by 1,000,000" in said.out
    assert ask(database15, "SELECT max(id), max(prev_revision) FROM kine") == [(1_002_601, 1_002_600)]
    assert sequence(database15) == 1_002_602


def test_gap_rows_are_kept_or_skipped(pg15: Cluster, tmp_path: Path) -> None:
    gaps = [(number, f"gap-{number}", 0, 1, 0, 0, 0, None, None) for number in (3, 4, 6)]
    file = make_store(tmp_path / "gaps.db", COMPACTION, create(2, f"{POD}a"), *gaps, create(5, f"{POD}b"))
    for options, ids in (((), [1, 2, 3, 4, 5, 6]), (("--skip-gap-rows",), [1, 2, 5, 6])):
        with contextmanager(scratch)(pg15) as dsn:
            said = moved(*options, f"sqlite:{file}", dsn)
            assert [number for (number,) in ask(dsn, "SELECT id FROM kine ORDER BY id")] == ids
            assert ("3 gap rows" if not options else "1 gap row") in said.out
            assert sequence(dsn) == 7


def test_a_sequence_that_is_behind_does_not_matter(store: str, database15: str) -> None:
    ask(store, "SELECT setval('kine_id_seq', 7)")
    moved(store, database15)
    assert sequence(database15) == 5102


def test_a_sequence_that_is_ahead_is_kept_with_a_gap_row(store: str, database15: str) -> None:
    ask(store, "SELECT setval('kine_id_seq', 6000)")
    said = moved(store, database15)
    assert "One gap row was added for revision 6,000" in said.out.replace("\n", " ")
    assert ask(database15, "SELECT name, deleted FROM kine WHERE id = 6000") == [("gap-6000", 1)]
    assert ask(database15, "SELECT max(id) FROM kine") == [(6000,)]
    assert sequence(database15) == 6001
    assert call("move", "--verify-only", store, database15).status == 0
    for number in (6001, 9000):  # in the range of the gap row, and in another one
        insert(database15, (number, "/registry/later", 1, 0, 0, 0, 0, b"", None))
        assert call("move", "--verify-only", store, database15).status == 1
        ask(database15, f"DELETE FROM kine WHERE id = {number}")
    ask(database15, "UPDATE kine SET name = '/registry/other' WHERE id = 6000")
    assert call("move", "--verify-only", store, database15).status == 1
    ask(database15, "DELETE FROM kine WHERE id = 6000")
    assert call("move", "--verify-only", store, database15).status == 0


def test_a_copy_of_a_store_whose_sequence_is_ahead(store: str, database15: str, pg15: Cluster, tmp_path: Path) -> None:
    ask(store, "SELECT setval('kine_id_seq', 6000)")
    assert call("backup", tmp_path / "x", store).status == 0
    moved("--bump-revision", 0, f"archive:{tmp_path / 'x'}", database15)
    assert ask(database15, "SELECT max(id) FROM kine") == [(6000,)]
    assert sequence(database15) == 6001
    with contextmanager(scratch)(pg15) as other:
        moved("--bump-revision", 10, f"archive:{tmp_path / 'x'}", other)
        assert ask(other, "SELECT max(id), max(prev_revision) FROM kine") == [(6011, 6010)]


def test_a_database_whose_encoding_is_not_utf8(pg15: Cluster, sqlite: Path, tmp_path: Path) -> None:
    accents = make_store(tmp_path / "accents.db", *history(5), (6, POD + "é", 1, 0, 0, 0, 0, b"", None))
    both = make_store(tmp_path / "both.db", *history(5), (6, POD + "日本", 1, 0, 0, 0, 0, b"", None))
    for encoding, outcomes in (("LATIN1", (0, 0, 3)), ("SQL_ASCII", (0, 0, 0))):
        for source, status in zip((sqlite, accents, both), outcomes, strict=True):
            with contextmanager(scratch)(pg15) as dsn:
                name = place(dsn).database
                ask(pg15.dsn(), f'DROP DATABASE "{name}"')
                ask(pg15.dsn(), f"CREATE DATABASE \"{name}\" ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
                said = move(f"sqlite:{source}", dsn)
                assert said.status == status, said.err
                if status:
                    assert "with ids 1 to 6: it has characters that the encoding LATIN1" in said.err
                    assert "日本" not in said.err
                else:
                    assert call("move", "--verify-only", f"sqlite:{source}", dsn).status == 0


def test_two_rows_of_compaction_are_reported_and_kept(database15: str, tmp_path: Path) -> None:
    file = make_store(
        tmp_path / "two.db", COMPACTION, create(2, f"{POD}a"), (3, "compact_rev_key", 1, 0, 0, 2, 0, b"", None)
    )
    said = moved(f"sqlite:{file}", database15)
    assert "2 rows compact_rev_key instead of 1" in said.out.replace("\n", " ")
    assert ask(database15, ALL) == rows_of(file)


def test_an_etcd_snapshot_and_a_live_etcd_with_the_same_rows(pg15: Cluster) -> None:
    snapshot = SNAPSHOTS / "etcd-3.6.6-edge.snap"
    with contextmanager(scratch)(pg15) as one, contextmanager(scratch)(pg15) as other:
        try:
            said = moved("--bump-revision", 0, f"etcd-snapshot:{snapshot}", one)
        except AssertionError as error:
            if "snapshot_source" in str(error):
                pytest.skip("the reader of snapshots does not exist yet")
            raise
        with EtcdServer(snapshot=snapshot) as etcd:
            live = moved(f"etcd://{etcd.address}", other)
            assert call("move", "--verify-only", f"etcd://{etcd.address}", other).status == 0
        assert "etcd does not show who uses it" in live.out.replace("\n", " ")
        assert "mv -T /var/lib/rancher/k3s/server/db/etcd" in said.out
        assert f"{POD}" not in said.out
        assert ask(one, "SELECT name, value FROM kine") == ask(other, "SELECT name, value FROM kine")


def test_a_dry_run_writes_nothing_and_the_server_sees_to_it(database15: str, sqlite: Path) -> None:
    catalogs = "SELECT array_agg(c.relname || c.oid ORDER BY c.oid) FROM pg_class AS c WHERE c.oid > 16383"
    before = ask(database15, catalogs)
    ask(database15, "CREATE TABLE seen (read_only text)")
    logged = "SELECT count(*) FROM pg_stat_database WHERE datname = current_database()"
    said = call("move", "--dry-run", f"sqlite:{sqlite}", database15)
    assert said.status == 0
    assert "CREATE TABLE public.kinetune_incoming" in said.out
    ask(database15, "DROP TABLE seen")
    assert ask(database15, catalogs) == before
    assert ask(database15, logged) == [(1,)]


def test_a_dry_run_that_would_write_is_stopped_by_the_server(
    database15: str, sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(session: Any) -> tuple[str, ...]:
        session.query("CREATE TABLE written (id int)")
        return ()

    monkeypatch.setattr("kinetune.commands.move._find_users", write)
    said = call("move", "--dry-run", f"sqlite:{sqlite}", database15)
    assert said.status != 0
    assert "read-only" in said.err
    assert untouched(database15)


def test_without_a_terminal_the_answer_must_be_given(database15: str, sqlite: Path) -> None:
    said = call("move", f"sqlite:{sqlite}", database15)
    assert (said.status, last_line(said)) == (4, "kinetune: nothing was changed: not a terminal; confirm with --yes")
    assert untouched(database15)


def test_the_question_on_a_terminal(database15: str, sqlite: Path) -> None:
    with terminal("move", f"sqlite:{sqlite}", database15) as screen:
        screen.until("[y/N]")
        assert "Move 2,600 rows to postgres://" in screen.screen.replace("\n", " ")
        screen.type("y\n")
        assert screen.end(60) == 0
    assert ask(database15, ALL) == rows_of(sqlite)


def test_the_certificate_has_digests_revisions_and_times(database15: str, sqlite: Path, tmp_path: Path) -> None:
    file = tmp_path / "move.json"
    moved("-o", file, f"sqlite:{sqlite}", database15)
    found = json.loads(file.read_text())
    made_of = found["certificate"]
    assert (found["moved"], made_of["revision"], found["census"]["rows"]) == (True, 2600, 2600)
    assert [one["number"] for one in made_of["ranges"]] == [0, 1, 2]
    assert sum(one["rows"] for one in made_of["ranges"]) == 2600
    assert all(len(one["md5"]) == 32 for one in made_of["ranges"])
    assert made_of["started"] <= made_of["stopped"] <= made_of["finished"]
    assert made_of["finished"].endswith("Z")
    assert made_of["source"]["place"] == f"sqlite:{sqlite}"
    assert "value 7" not in file.read_text()


def test_instructions_are_in_the_written_file_too(database15: str, sqlite: Path, tmp_path: Path) -> None:
    file = tmp_path / "move.md"
    moved("-o", file, f"sqlite:{sqlite}", database15)
    text = file.read_text()
    assert "Start Kubernetes on the target" in text
    assert "Go back" in text
    assert "kine --endpoint 'postgres://" in text


def test_passwords_appear_nowhere(guarded: Cluster, tmp_path: Path) -> None:
    dsn = guarded.dsn("kubernetes").replace("postgres@", f"postgres:{SECRET.replace(' ', '%20')}@")
    target, files = dsn.replace("/kubernetes", f"/t{uuid.uuid4().hex[:8]}"), [tmp_path / "a.json", tmp_path / "a.md"]
    said = [moved("-o", files[0], dsn, target), call("move", "--verify-only", "-o", files[1], dsn, target)]
    said.append(call("move", "--yes", dsn.replace("tr0ub4dor", "wr0ng"), target))
    assert [one.status for one in said] == [0, 0, 3]
    assert "Add the password to the endpoint" in said[0].out.replace("\n", " ")
    for text in (*(one.out + one.err for one in said), *(file.read_text() for file in files)):
        assert "tr0ub4dor" not in text
        assert "wr0ng" not in text
    comment = "SELECT count(*) FROM pg_description WHERE description LIKE '%tr0ub%'"
    assert ask(target, comment) == [(0,)]


def test_verify_only_finds_one_flipped_row(database15: str, store: str, tmp_path: Path) -> None:
    moved(store, database15)
    said = call("move", "--verify-only", store, database15)
    assert (said.status, "Equal: 5,101 rows in 6 ranges" in said.out) == (0, True)
    for change, words in (
        ("UPDATE kine SET value = 'flipped' WHERE id = 3000", "value differs"),
        ("UPDATE kine SET value = NULL, lease = 9 WHERE id = 3000", "lease, value differ"),
        ("DELETE FROM kine WHERE id = 3000", "it is missing in the target"),
        ("INSERT INTO kine SELECT 2999999, name, 1 FROM kine WHERE id = 1", "only the target has it"),
    ):
        before = ask(database15, ALL)
        ask(database15, change)
        said = call("move", "--verify-only", "-o", tmp_path / "verify.json", store, database15)
        assert (said.status, words in said.out.replace("\n", " ")) == (1, True), said.out
        assert "flipped" not in said.out + (tmp_path / "verify.json").read_text()
        ask(database15, "TRUNCATE kine")
        insert(database15, *before)
    assert call("move", "--verify-only", store, database15).status == 0


def test_verify_only_needs_a_table(database15: str, store: str) -> None:
    said = call("move", "--verify-only", store, database15)
    assert said.status == 3
    assert "there is no table kine in" in said.line


def test_a_row_that_was_damaged_on_its_way_is_found(
    database15: str, sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def then_flip(*arguments: Any) -> Any:
        table = copy_source(*arguments)
        ask(database15, "UPDATE kinetune_incoming SET value = 'flipped' WHERE id = 1234")
        return table

    with monkeypatch.context() as patch:
        patch.setattr("kinetune.commands.move.copy_source", then_flip)
        line = refusal(f"sqlite:{sqlite}", database15, status=3)
    assert f"differ from those of sqlite:{sqlite}: row 1234 ({POD}0034), in the range of ids 1,000 to 1,999" in line
    assert "flipped" not in line
    assert ask(database15, "SELECT to_regclass('kine')") == [(None,)]
    moved(f"sqlite:{sqlite}", database15)
    assert ask(database15, ALL) == rows_of(sqlite)


@pytest.mark.parametrize(
    ("more", "step"), [((), "keep this key in the API server's configuration"), ((BOOTSTRAP,), "moved with K3s' key")]
)
def test_encrypted_values_and_where_their_key_is(
    database: str, tmp_path: Path, more: tuple[str, ...], step: str
) -> None:
    """K3s has it in its bootstrap data, which is a key of the store."""
    secret = create(2, "/registry/secrets/a/b", b"k8s:enc:aescbc:v1:aescbckey:\0")
    file = make_store(tmp_path / "state.db", COMPACTION, secret, *(create(3, name) for name in more))
    said = call("move", "-n", f"sqlite:{file}", database)
    assert f"1 value encrypted with aescbc:v1:aescbckey: {step}" in " ".join(said.out.split())
