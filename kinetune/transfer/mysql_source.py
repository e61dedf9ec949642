"""A store of Kine on MySQL or MariaDB as a source of rows: one snapshot, in a transaction that cannot write."""

from __future__ import annotations

import contextlib
import re
import ssl
import time
from collections.abc import Iterator
from typing import Any

from kinetune.formatting import format_list
from kinetune.kine.idle_writes import LISTED_SECONDS, OBSERVE_SECONDS
from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.kine.releases import releases_by_nulls
from kinetune.kine.schema import TABLE
from kinetune.model.failure import CouldNotLook, Failure, UsageFailure
from kinetune.model.mysql_endpoint import EXAMPLE, MysqlEndpoint, MysqlTls, parse_mysql_endpoint
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.rows import BATCH_ROWS, COLUMN_NAMES, Batch, Row, batch_rows
from kinetune.transfer.source import Source

try:
    import pymysql
    import pymysql.cursors
except ModuleNotFoundError:
    raise UsageFailure("cannot read MySQL: PyMySQL is not installed", "pip install 'kinetune[mysql]'") from None

CONNECT_SECONDS = 10
ANSWER_SECONDS = 300
"""Longest wait for the server. A page of 1,000 rows takes milliseconds; the first count of a large table minutes."""
# In a page of large values, the server waits for the target between two batches; its default ends that after 60 s.
SETTINGS = ("SET SESSION net_write_timeout = 3600", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
SNAPSHOT = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
SELECT_ROWS = f"SELECT {', '.join(COLUMN_NAMES)} FROM {TABLE}"  # noqa: S608 - constants alone
# Pages by key: a single result would have to be read to its end before the connection could be used again.
PAGE = f"{SELECT_ROWS} WHERE id > %s ORDER BY id LIMIT {BATCH_ROWS}"
IDS = f"SELECT id FROM {TABLE} WHERE id > %s ORDER BY id LIMIT 100000"  # noqa: S608 - constants alone
# The collation ascii_general_ci ignores case, so the name is compared again.
COMPACTIONS = f"{SELECT_ROWS} WHERE name = '{COMPACTION_MARK}' ORDER BY id"
TABLE_STATE = "SELECT engine, auto_increment FROM information_schema.tables WHERE table_schema = %s AND table_name = %s"
SESSIONS = """
SELECT id, user, host FROM information_schema.processlist
WHERE db = DATABASE() AND id <> CONNECTION_ID() AND id <> %s ORDER BY id
"""
NEWEST_CREATE = f"SELECT create_revision IS NULL FROM {TABLE} WHERE created = 1 ORDER BY id DESC LIMIT 1"  # noqa: S608
_SEES_SESSIONS = re.compile(r"GRANT (?=[^`']*\b(?:ALL PRIVILEGES|PROCESS)\b).*? ON \*\.\* TO ", re.IGNORECASE)


@contextlib.contextmanager
def open_mysql(text: str) -> Iterator[Source]:
    """
    The store that an endpoint as of Kine names, in one snapshot.

    UsageFailure for another text or a database without Kine's table, CouldNotLook if the server cannot be read.
    """
    endpoint = parse_mysql_endpoint(text)
    with _connect(endpoint) as connection:
        yield MysqlSource(endpoint, connection)


class MysqlSource(Source):
    """Rows of one snapshot. Only one of its iterators may be in use at a time."""

    def __init__(self, endpoint: MysqlEndpoint, connection: Any) -> None:
        self._endpoint, self._connection = endpoint, connection
        _require_table(connection, endpoint)
        self._version = _name_versions(connection)
        self._sees_sessions = _sees_all_sessions(connection)
        self.refresh()

    def refresh(self) -> None:
        with _translate_errors(self._endpoint):
            self._connection.rollback()
            _ask(self._connection, SNAPSHOT)
            self.state = self._read_state()

    def find_writers(self) -> tuple[str, ...]:
        # In a session of its own: this one sees no new rows within its snapshot.
        with _connect(self._endpoint) as look:
            sessions = _ask(look, SESSIONS, self._connection.thread_id())
            if sessions:
                return tuple(
                    f"session {number} of {user} from {host} is connected to {self._endpoint}"
                    for number, user, host in sessions
                )
            before = self._read_ends(look)
            time.sleep(LISTED_SECONDS if self._sees_sessions else OBSERVE_SECONDS)
            after = self._read_ends(look)
        return () if after == before else (f"the newest revision rose from {before[0]} to {after[0]}",)

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        with _translate_errors(self._endpoint):
            while True:
                last = after
                for batch in batch_rows(map(_to_row, _stream(self._connection, PAGE, after))):
                    yield batch
                    last = batch[-1][0]
                if last == after:
                    return
                after = last

    def read_ids(self) -> Iterator[int]:
        after = 0
        with _translate_errors(self._endpoint):
            while page := [row[0] for row in _ask(self._connection, IDS, after)]:
                yield from page
                after = page[-1]

    def read_compactions(self) -> list[Row]:
        with _translate_errors(self._endpoint):
            rows = map(_to_row, _ask(self._connection, COMPACTIONS))
            return [row for row in rows if row[1] == COMPACTION_MARK]

    def _read_ends(self, connection: Any) -> tuple[int, int | None, str]:
        """The newest id, the last one that AUTO_INCREMENT assigned, and the storage engine."""
        newest = _ask(connection, f"SELECT COALESCE(MAX(id), 0) FROM {TABLE}")[0][0]  # noqa: S608 - constants alone
        ((engine, following),) = _ask(connection, TABLE_STATE, self._endpoint.database, TABLE)
        return newest, following - 1 if following else None, str(engine)

    def _read_state(self) -> SourceState:
        connection = self._connection
        ((rows,),) = _ask(connection, f"SELECT COUNT(*) FROM {TABLE}")  # noqa: S608 - constants alone
        newest, last_id, engine = self._read_ends(connection)
        return SourceState(
            SourceKind.MARIADB if "mariadb" in self._version.lower() else SourceKind.MYSQL,
            str(self._endpoint),
            self._version,
            newest,
            rows,
            last_id,
            max((row[5] for row in self.read_compactions()), default=0),
            tuple(self._find_notes(engine)),
        )

    def _find_notes(self, engine: str) -> Iterator[str]:
        if not self._sees_sessions:
            yield (
                f"the sessions of other users are not visible, so that a Kine without writes is not noticed: "
                f"GRANT PROCESS ON *.* TO {self._endpoint.user}"
            )
        if engine.lower() != "innodb":
            yield f"the storage engine {engine} has no snapshots: stop Kine before the rows are read"


@contextlib.contextmanager
def _connect(endpoint: MysqlEndpoint) -> Iterator[Any]:
    place = {"unix_socket": endpoint.socket} if endpoint.socket else {"host": endpoint.host, "port": endpoint.port}
    with _translate_errors(endpoint):
        connection = pymysql.connect(
            **place,
            user=endpoint.user,
            # As bytes: PyMySQL would send text as Latin-1, Kine sends UTF-8.
            password=endpoint.password.encode(),
            database=endpoint.database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            program_name="kinetune",
            **_choose_tls(endpoint),
        )
        with contextlib.closing(connection):
            for statement in SETTINGS:
                _ask(connection, statement)
            # MySQL 8 answers from a cache that is up to a day old; MariaDB and older releases have no such variable.
            with contextlib.suppress(pymysql.err.OperationalError, pymysql.err.InternalError):
                _ask(connection, "SET SESSION information_schema_stats_expiry = 0")
            yield connection


def _choose_tls(endpoint: MysqlEndpoint) -> dict[str, Any]:
    if endpoint.tls is MysqlTls.IF_OFFERED:
        return {}
    if endpoint.tls is MysqlTls.OFF:
        return {"ssl_disabled": True}
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file or None)
        if endpoint.cert_file:
            context.load_cert_chain(endpoint.cert_file, endpoint.key_file or None)
    except OSError as error:  # also ssl.SSLError
        files = format_list(filter(None, (endpoint.ca_file, endpoint.cert_file, endpoint.key_file)))
        raise UsageFailure(f"cannot use the TLS files {files}: {error.strerror or error}", "check the files") from error
    # The certificates that MySQL makes for itself lack what Python 3.13 demands by default.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if endpoint.tls is MysqlTls.UNVERIFIED:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _ask(connection: Any, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, arguments or None)
        return list(cursor.fetchall())


def _stream(connection: Any, query: str, *arguments: object) -> Iterator[tuple[Any, ...]]:
    """Rows one by one: 1,000 rows may have 1.4 GiB."""
    with connection.cursor(pymysql.cursors.SSCursor) as cursor:
        cursor.execute(query, arguments)
        yield from cursor


def _to_row(found: tuple[Any, ...]) -> Row:
    number, name, created, deleted, create_revision, prev_revision, lease, value, old_value = found
    return (
        number, name or "", created or 0, deleted or 0, create_revision or 0, prev_revision or 0, lease or 0,
        value, old_value,
    )  # fmt: skip


def _name_versions(connection: Any) -> str:
    """Of the server, and of Kine by a NULL in its newest create."""
    server = str(_ask(connection, "SELECT VERSION()")[0][0])
    created = _ask(connection, NEWEST_CREATE)
    return f"{server}, newest rows of Kine {releases_by_nulls(bool(created[0][0]))}" if created else server


def _sees_all_sessions(connection: Any) -> bool:
    """Without the privilege PROCESS a user sees the own sessions alone. A privilege of a role is not recognised."""
    return any(_SEES_SESSIONS.match(row[0]) for row in _ask(connection, "SHOW GRANTS"))


def _require_table(connection: Any, endpoint: MysqlEndpoint) -> None:
    query = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    columns = {row[0] for row in _ask(connection, query, endpoint.database, TABLE)}
    if not columns:
        raise UsageFailure(
            f"database {endpoint.database} has no table {TABLE} that {endpoint.user or 'this user'} may read",
            f"name the database of Kine, or GRANT SELECT ON {endpoint.database}.{TABLE} TO {endpoint.user}",
        )
    if missing := [name for name in COLUMN_NAMES if name not in columns]:
        raise UsageFailure(f"table {TABLE} of {endpoint} has no column {missing[0]}", "name a store of Kine")


@contextlib.contextmanager
def _translate_errors(endpoint: MysqlEndpoint) -> Iterator[None]:
    try:
        yield
    except pymysql.err.MySQLError as error:
        raise _failure_from(error, endpoint) from error
    except RuntimeError as error:
        # PyMySQL without the package cryptography, for a password over a connection without TLS.
        if "cryptography" not in str(error):
            raise
        raise UsageFailure(
            f"{endpoint.user} cannot log in without TLS: MySQL would need the password encrypted",
            "add ?tls=skip-verify or ?ssl-ca=FILE to the endpoint",
        ) from error


def _failure_from(error: pymysql.err.MySQLError, endpoint: MysqlEndpoint) -> Failure:
    code, text = (*error.args, "", "")[:2]
    if code == 1049:
        return UsageFailure(f"there is no database {endpoint.database} on {endpoint}", EXAMPLE)
    step = {
        1044: f"GRANT SELECT ON {endpoint.database}.{TABLE} TO {endpoint.user}",
        1045: "check user and password",
    }.get(code, "check the address, and whether the server runs" if code == 2003 else "")
    return CouldNotLook(f"cannot read {endpoint}: {text or error}", step)
