"""Stores on a real MariaDB: of real Kine, of all eras' schemas, and through roles that may see little."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinetune.model.failure import CouldNotLook, Failure, UsageFailure
from kinetune.model.transfer import SourceKind
from kinetune.transfer import mysql_source
from kinetune.transfer.mysql_source import open_mysql
from kinetune.transfer.rows import Row
from tests.kine.process import Kine
from tests.kine.smoke import present
from tests.kine.writers import writing
from tests.mariadb import Mariadb
from tests.transfer.tables import flat

pytestmark = pytest.mark.xdist_group("mariadb")  # one server for all of them
Built = Callable[[str], Path]
NULLS = "v0.16.6, v0.17.3 – v0.17.5"
RELEASES = {"v0.10.1": "v0.5.1", "v0.14.16": "v0.5.1", "v0.17.5": NULLS}
# docs/facts/moving.md §5, and the options of the database that counted for the names.
SCHEMAS = {
    "v0.1.0": ("TEXT", "INTEGER", "BLOB"),
    "v0.2.0": ("TEXT", "INTEGER", "MEDIUMBLOB"),
    "v0.2.2": ("VARCHAR(630)", "INTEGER", "MEDIUMBLOB"),
    "v0.9.4": ("VARCHAR(630) CHARACTER SET ascii", "INTEGER", "MEDIUMBLOB"),
    "v0.11.5": ("VARCHAR(630) CHARACTER SET ascii", "BIGINT UNSIGNED", "MEDIUMBLOB"),
}
CREATE = """
CREATE TABLE kine (id {ids} AUTO_INCREMENT, name {name}, created INTEGER, deleted INTEGER, create_revision {ids},
    prev_revision {ids}, lease INTEGER, value {value}, old_value {value}, PRIMARY KEY (id)) {options}
"""


@pytest.fixture
def database(mariadb: Mariadb) -> str:
    return mariadb.create_database()


def make_table(mariadb: Mariadb, database: str, era: str = "v0.11.5", options: str = "") -> None:
    name, ids, value = SCHEMAS[era]
    mariadb.run(CREATE.format(name=name, ids=ids, value=value, options=options), database=database)


def insert(mariadb: Mariadb, database: str, *rows: tuple[Any, ...]) -> None:
    with mariadb.connect(database) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO kine VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", rows)


def make_user(mariadb: Mariadb, grant: str, password: str = "secret", require: str = "") -> str:
    user = f"u{uuid.uuid4().hex[:10]}"
    mariadb.run(f"CREATE USER {user}@'%' IDENTIFIED BY '{password}' {require}", f"GRANT {grant} TO {user}@'%'")
    return user


def read(endpoint: str) -> list[Row]:
    with open_mysql(endpoint) as source:
        return flat(source.read_rows())


def work(kine: Kine) -> None:
    """Creates, updates, deletes, creates again, leases, an empty and a large value."""
    with kine.client() as etcd:
        for number in range(60):
            etcd.create(f"/registry/pods/a/{number}", b"%d" % number, etcd.grant_lease(3660) if number % 9 == 0 else 0)
        for number in range(30):
            etcd.update(present(etcd, f"/registry/pods/a/{number}"), b"new")
        for number in range(10):
            etcd.delete(present(etcd, f"/registry/pods/a/{number}"))
        for number in range(5):
            etcd.create(f"/registry/pods/a/{number}", b"again")
        etcd.create("/registry/configmaps/a/empty", b"")
        etcd.create("/registry/secrets/a/large", bytes(range(256)) * 5735)


@pytest.mark.parametrize("tag", RELEASES)
def test_rows_of_real_kine_are_read_as_they_are(built: Built, tag: str, mariadb: Mariadb, database: str) -> None:
    built(tag)
    endpoint = mariadb.endpoint(database)
    with Kine(tag, endpoint) as kine:
        work(kine)
        kine.stop()
    expected = [
        (*row[:2], *(column or 0 for column in row[2:7]), *row[7:])
        for row in mariadb.run("SELECT * FROM kine ORDER BY id", database=database)
    ]
    with open_mysql(endpoint) as source:
        rows, state = flat(source.read_rows()), source.state
        assert list(source.read_ids()) == [row[0] for row in rows]
        assert [row[1] for row in source.read_compactions()] == ["compact_rev_key"]
        assert flat(source.read_rows(rows[-3][0])) == rows[-2:]
        assert source.find_writers() == ()
    assert rows == expected
    assert all(type(column) is int for row in rows for column in (row[0], *row[2:7]))
    assert {3660} <= {row[6] for row in rows}
    assert (state.kind, state.rows, state.revision, state.last_id) == (
        SourceKind.MARIADB,
        len(rows),
        len(rows),
        len(rows),
    )
    assert state.version.startswith("10.")
    assert f"newest rows of Kine {RELEASES[tag]}" in state.version
    assert state.place == endpoint
    assert state.notes == ()


def test_a_view_stays_while_8_clients_write_and_refresh_moves_it(built: Built, mariadb: Mariadb, database: str) -> None:
    built("v0.17.5")
    endpoint = mariadb.endpoint(database)
    with Kine("v0.17.5", endpoint) as kine, open_mysql(endpoint) as source, writing(kine) as writers:
        seen: list[int] = []
        for _ in range(4):
            while sum(len(writer.written) for writer in writers) < 100 * (len(seen) + 1):
                pass
            source.refresh()
            first = flat(source.read_rows())
            assert len(first) == source.state.rows
            assert first[-1][0] == source.state.revision
            assert flat(source.read_rows()) == first
            assert list(source.read_ids()) == [row[0] for row in first]
            seen.append(source.state.revision)
        assert source.find_writers()[0].startswith("session ")
        assert "of root from 127.0.0.1:" in source.find_writers()[0]
    assert sorted(set(seen)) == seen
    assert not [error for writer in writers for error in writer.errors]


@pytest.mark.parametrize("options", ["", "DEFAULT CHARSET=latin1", "DEFAULT CHARSET=utf8mb4"])
@pytest.mark.parametrize("era", SCHEMAS)
def test_the_schema_of_every_era_is_read(era: str, options: str, mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database, era, options)
    largest = 2**31 - 1 if SCHEMAS[era][1] == "INTEGER" else 2**63 - 1
    rows = [
        (3, "/registry/pods/a/b", 1, 0, 0, 0, 0, bytes(range(256)), None),
        (largest, "/registry/pods/a/b", 0, 1, 3, 3, 2**31 - 1, b"", b"\xff\x00"),
    ]
    insert(mariadb, database, *rows)
    assert read(mariadb.endpoint(database)) == rows
    mariadb.run("INSERT INTO kine (id) VALUES (1)", database=database)
    assert read(mariadb.endpoint(database))[0] == (1, "", 0, 0, 0, 0, 0, None, None)


def test_names_that_differ_in_case_or_are_not_ascii(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database, "v0.2.2", "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci")
    names = ["/a/Foo", "/a/foo", "/a/ä–日本🙂", "COMPACT_REV_KEY", "compact_rev_key"]
    insert(mariadb, database, *((number, name, 1, 0, 0, number, 0, b"v", None) for number, name in enumerate(names, 1)))
    with open_mysql(mariadb.endpoint(database)) as source:
        assert [row[1] for row in flat(source.read_rows())] == names
        assert [row[0] for row in source.read_compactions()] == [5]
        assert source.state.compacted == 5


def test_batches_of_large_values_are_small(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    insert(
        mariadb, database, *((number, f"k{number}", 1, 0, 0, 0, 0, b"x" * 1_400_000, None) for number in range(1, 9))
    )
    with open_mysql(mariadb.endpoint(database)) as source:
        batches = source.read_rows()
        assert len(next(batches)) == 3
        # A reader that stops early leaves the connection usable.
        batches.close()  # type: ignore[attr-defined]
        assert list(source.read_ids()) == list(range(1, 9))
        assert [len(batch) for batch in source.read_rows()] == [3, 3, 2]


def test_more_rows_than_a_page(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    mariadb.run("INSERT INTO kine (id, name, value) SELECT 3 * seq, seq, 'v' FROM seq_1_to_2500", database=database)
    with open_mysql(mariadb.endpoint(database)) as source:
        assert [len(batch) for batch in source.read_rows()] == [1000, 1000, 500]
        assert [row[0] for row in flat(source.read_rows())] == list(source.read_ids()) == list(range(3, 7501, 3))
        assert (source.state.revision, source.state.last_id) == (7500, 7500)


def test_the_sequence_is_above_the_rows_after_deletes(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    insert(mariadb, database, (5, "a", 1, 0, 0, 0, 0, b"", None), (9, "b", 1, 0, 0, 0, 0, b"", None))
    mariadb.run("DELETE FROM kine WHERE id = 9", database=database)
    with open_mysql(mariadb.endpoint(database)) as source:
        assert (source.state.revision, source.state.last_id) == (5, 9)


def test_an_empty_table(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    with open_mysql(mariadb.endpoint(database)) as source:
        assert (source.state.revision, source.state.last_id, source.state.rows) == (0, 0, 0)
        assert list(source.read_rows()) == []
        assert source.find_writers() == ()


def test_a_table_without_snapshots_is_noted(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database, options="ENGINE=Aria")
    with open_mysql(mariadb.endpoint(database)) as source:
        assert source.state.notes == ("the storage engine Aria has no snapshots: stop Kine before the rows are read",)


def test_nothing_can_be_written(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    with open_mysql(mariadb.endpoint(database)) as source:
        assert isinstance(source, mysql_source.MysqlSource)
        with pytest.raises(Exception, match="READ ONLY transaction"):
            mysql_source._ask(source._connection, "DELETE FROM kine")


def test_the_least_privilege_reads_and_sees_writes_without_seeing_sessions(
    built: Built, mariadb: Mariadb, database: str
) -> None:
    built("v0.17.5")
    with Kine("v0.17.5", mariadb.endpoint(database)) as kine:
        user = make_user(mariadb, f"SELECT ON {database}.kine")
        with open_mysql(mariadb.endpoint(database, f"{user}:secret")) as source:
            assert len(source.state.notes) == 1
            assert source.state.notes[0].endswith(f"GRANT PROCESS ON *.* TO {user}")
            assert source.find_writers() == (), "an idle Kine of another user is not visible"
            with writing(kine):
                (found,) = source.find_writers()
            assert found.startswith("the newest revision rose from ")
        mariadb.run(f"GRANT PROCESS ON *.* TO {user}@'%'")
        with open_mysql(mariadb.endpoint(database, f"{user}:secret")) as source:
            assert source.state.notes == ()
            assert source.find_writers()[0].startswith("session ")


def test_sessions_of_other_databases_are_no_writers(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    with mariadb.connect(mariadb.create_database()), open_mysql(mariadb.endpoint(database)) as source:
        assert source.find_writers() == ()
        with mariadb.connect(database) as other:
            assert f"session {other.thread_id()} of root" in source.find_writers()[0]


def refusal(endpoint: str, kind: type[Failure]) -> str:
    with pytest.raises(kind) as refused, open_mysql(endpoint):
        pass
    return str(refused.value)


# PyMySQL 1.2.4 leaves the socket that cannot be connected to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_errors_name_the_place_and_the_next_step_and_no_password(mariadb: Mariadb, database: str) -> None:
    user = make_user(mariadb, f"INSERT ON {database}.*", "PaSSwOrd:/@?")
    account = f"{user}:PaSSwOrd:/@?"
    place = mariadb.endpoint(database, user)
    said = [
        refusal(mariadb.endpoint(database, f"{user}:PaSSwOrd"), CouldNotLook),
        refusal(mariadb.endpoint("nothing_here", account), CouldNotLook),
        refusal(mariadb.endpoint("nothing_here", "root:"), UsageFailure),
        refusal(mariadb.endpoint(database, account), UsageFailure),
        refusal(f"mysql://{account}@tcp(127.0.0.1:1)/{database}", CouldNotLook),
        refusal(f"mysql://{account}@tcp(nothing.invalid)/{database}", CouldNotLook),
        refusal(f"mysql://{account}@unix(/nothing/here)/{database}", CouldNotLook),
        refusal(f"mysql://{account}@127.0.0.1:3306/{database}", UsageFailure),
    ]
    assert not [text for text in said if "PaSS" in text]
    assert said[0].startswith(f"cannot read {place}: Access denied for user '{user}'@'127.0.0.1'")
    assert said[0].endswith("check user and password")
    assert said[1].endswith(f"GRANT SELECT ON nothing_here.kine TO {user}")
    assert said[2].startswith("there is no database nothing_here on ")
    assert said[3].startswith(f"database {database} has no table kine that {user} may read; name the database")
    assert "Connection refused" in said[4]
    assert said[4].endswith("check the address, and whether the server runs")
    gc.collect()


def test_a_select_on_some_columns_is_not_enough(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    user = make_user(mariadb, f"SELECT (id, name) ON {database}.kine")
    assert "of mysql://" in refusal(mariadb.endpoint(database, f"{user}:secret"), UsageFailure)


def test_the_endpoint_of_kine_works_here_with_any_password(built: Built, mariadb: Mariadb, database: str) -> None:
    built("v0.17.5")
    user = make_user(mariadb, f"ALL PRIVILEGES ON {database}.*", "p@s:s/w?o&r#d%41+(x) é")
    for address in (f"tcp(127.0.0.1:{mariadb.port})", f"unix({mariadb.folder / 'socket'})"):
        endpoint = f"mysql://{user}:p@s:s/w?o&r#d%41+(x) é@{address}/{database}"
        with Kine("v0.17.5", endpoint), open_mysql(endpoint) as source:
            assert source.state.rows == 2
            assert source.find_writers()[0].startswith("session ")


def test_tls_as_the_endpoint_says(mariadb: Mariadb, database: str, tmp_path: Path) -> None:
    make_table(mariadb, database)
    authority = mariadb.folder / "server.pem"
    for parameters, encrypted in {
        "": True,
        "?tls=preferred": True,
        "?tls=false": False,
        "?tls=skip-verify": True,
        f"?ssl-ca={authority}": True,
        f"?tls=false&ssl-ca={authority}": True,
    }.items():
        with open_mysql(mariadb.endpoint(database, parameters=parameters)) as source:
            assert isinstance(source, mysql_source.MysqlSource)
            ((_, cipher),) = mysql_source._ask(source._connection, "SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            assert bool(cipher) is encrypted, parameters
    unknown = refusal(mariadb.endpoint(database, parameters="?tls=true"), CouldNotLook)
    assert "certificate verify failed" in unknown.lower()
    other_name = mariadb.endpoint(database, parameters=f"?ssl-ca={authority}").replace("127.0.0.1", "localhost")
    assert "certificate verify failed" in refusal(other_name, CouldNotLook).lower()
    missing = tmp_path / "missing.pem"
    assert refusal(mariadb.endpoint(database, parameters=f"?ssl-ca={missing}"), UsageFailure) == (
        f"cannot use the TLS files {missing}: No such file or directory; check the files"
    )


def test_a_client_certificate(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    user = make_user(mariadb, f"SELECT ON {database}.kine", require="REQUIRE X509")
    files = mariadb.folder / "server.pem", mariadb.folder / "server.key"
    parameters = f"?ssl-ca={files[0]}&ssl-cert={files[0]}&ssl-key={files[1]}"
    assert read(mariadb.endpoint(database, f"{user}:secret", parameters)) == []
    assert "Access denied" in refusal(mariadb.endpoint(database, f"{user}:secret"), CouldNotLook)


def test_a_lost_connection_is_one_line(mariadb: Mariadb, database: str) -> None:
    make_table(mariadb, database)
    mariadb.run("INSERT INTO kine (id, name) SELECT seq, seq FROM seq_1_to_2500", database=database)
    with open_mysql(mariadb.endpoint(database)) as source:
        assert isinstance(source, mysql_source.MysqlSource)
        batches = source.read_rows()
        next(batches)
        mariadb.run(f"KILL {source._connection.thread_id()}")
        with pytest.raises(
            CouldNotLook, match=f"^cannot read {re.escape(mariadb.endpoint(database))}: Lost connection"
        ):
            list(batches)


def test_without_pymysql_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["pymysql"] = None
from kinetune.model.failure import UsageFailure
from kinetune.model.source_address import parse_source
from kinetune.transfer.sources import ReadOptions, open_source
try:
    with open_source(parse_source("mysql://u:SECRET@tcp(h)/d"), ReadOptions(), "move"):
        pass
except UsageFailure as failure:
    print(failure)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "cannot read MySQL: PyMySQL is not installed; pip install 'kinetune[mysql]'\n"
