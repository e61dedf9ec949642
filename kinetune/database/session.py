"""
Sessions: read-only unless `write` is given, enforced by the server, with short timeouts.

kinetune may be pointed at a production database during an incident. So a session never writes by accident, never waits
long for a lock that Kine holds, and shows in pg_stat_activity as kinetune/<command>.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook, Failure, Refused
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.resources import data_folder
from kinetune.servers.identification import identify_server, select_variant

Row = dict[str, Any]
T = TypeVar("T")
LOG = logging.getLogger("kinetune")
# psycopg logs a warning for a lost connection and raises an error for it too; without a handler Python prints both.
logging.getLogger("psycopg").addHandler(logging.NullHandler())
CONNECT_SECONDS = 10
TRIES = 6
COMMON_SETTINGS = {"DateStyle": "ISO", "quote_all_identifiers": "off"}
"""Formats that this code parses, independent of what role or database set (ALTER ROLE … SET, ALTER DATABASE … SET)."""
READ_SETTINGS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "lock_timeout": "2s",
} | COMMON_SETTINGS
WRITE_SETTINGS = {"statement_timeout": "0", "lock_timeout": "2s"} | COMMON_SETTINGS
"""
No statement_timeout: an index build takes as long as the table is large, and YugabyteDB waits up to 15 minutes until
every backend has seen it (docs/facts/yugabytedb.md §3.7).
"""


@dataclass(frozen=True)
class Session:
    """An open connection in autocommit, its endpoint, and the server that answered."""

    connection: psycopg.Connection[Row]
    endpoint: Endpoint
    server: Server

    def query_file(self, name: str) -> list[Row]:
        """The rows of sql/facts/<name>.sql in the variant for this server, with retries. Raises CouldNotLook."""
        text = _read_query(select_variant(data_folder("sql") / "facts", name, self.server))
        return self.retry(lambda: self.query(text))

    def query(self, text: str, *arguments: object) -> list[Row]:
        """The rows of one statement. Write `%%` for a percent sign only if there are arguments. Raises CouldNotLook."""
        with translate_errors(self.connection.info.user):
            return self.query_untranslated(text, *arguments)

    def query_untranslated(self, text: str, *arguments: object) -> list[Row]:
        """
        The same as query(), but errors of psycopg pass through.

        On YugabyteDB the statement is prepared. Sent by the simple protocol, a statement during which a catalog changes
        returns no rows and no error (2.21, docs/facts/measured.md §12): kinetune would then report that there is no
        table kine.
        """
        prepare = self.server.flavour is Flavour.YUGABYTEDB or None
        try:
            return self.connection.execute(text.encode(), arguments or None, prepare=prepare).fetchall()
        except (psycopg.errors.DuplicatePreparedStatement, psycopg.errors.InvalidSqlStatementName):
            # A pooler in transaction mode (KT407) gives each statement another backend, which has not prepared it.
            return self.connection.execute(text.encode(), arguments or None, prepare=False).fetchall()

    def execute_statement(self, statement: sql.Composed) -> None:
        """Execute a statement that returns no rows. Raises CouldNotLook."""
        with translate_errors(self.connection.info.user):
            self.connection.execute(statement)

    def execute_repeatable(self, statement: sql.Composed) -> None:
        """The same with retries, for a statement that may take effect twice without harm (IF EXISTS …)."""
        self.retry(lambda: self.execute_statement(statement))

    def retry(self, send: Callable[[], T]) -> T:
        """
        The result of `send`, repeated up to TRIES times after a serialization error.

        On YugabyteDB 2.21 any statement may fail with 40001 because a catalog changed, even in another database.
        """
        for attempt in itertools.count():
            try:
                return send()
            except (CouldNotLook, psycopg.Error) as failure:
                error = failure.__cause__ if isinstance(failure, CouldNotLook) else failure
                # A lock that was not granted within lock_timeout is reported: a retry would only wait again.
                again = classify_exception(error) is Reaction.RETRY and not isinstance(
                    error, psycopg.errors.LockNotAvailable
                )
                # Inside a transaction the error has aborted it: only the caller can repeat all of its statements.
                idle = self.connection.info.transaction_status is TransactionStatus.IDLE
                if not (again and idle) or attempt == TRIES:
                    raise
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("unreachable")

    def set_parameter(self, name: str, value: str) -> None:
        """SET a parameter for the rest of this session."""
        self.execute_repeatable(sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))


class LoggingCursor(psycopg.Cursor[Row]):
    """Logs each statement for --debug. Arguments are not logged: statements hold no password and no object's value."""

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
        if LOG.isEnabledFor(logging.DEBUG):
            lines = (line for line in self._text(query).splitlines() if not line.lstrip().startswith("--"))
            LOG.debug("→ %s", " ".join(" ".join(lines).split()))
        return super().execute(query, *arguments, **options)

    def _text(self, query: Any) -> str:
        if isinstance(query, sql.Composable):
            return query.as_string(self)
        return query.decode() if isinstance(query, bytes) else str(query)


@contextlib.contextmanager
def open_session(endpoint: Endpoint, command: str, *, write: bool = False, **settings: str) -> Iterator[Session]:
    """
    Connect, recognise the server, set the parameters of a session, and close at the end.

    `settings` (statement_timeout …) override READ_SETTINGS or WRITE_SETTINGS. Raises CouldNotLook.
    """
    connection = connect(endpoint, command)
    try:
        session = Session(connection, endpoint, _recognise_server(connection))
        wanted = (WRITE_SETTINGS if write else READ_SETTINGS) | settings
        for name, value in wanted.items():
            # CockroachDB rejects some of them; the session must still open to report that the server is unsupported.
            if not (session.server.unsupported and name in COMMON_SETTINGS):
                session.set_parameter(name, value)
        if write:
            _end_with_client(session)
            _refuse_read_only(session)
        yield session
    finally:
        connection.close()


def _end_with_client(session: Session) -> None:
    """Let the server cancel the statement of a killed kinetune: otherwise it would keep its locks until it is done."""
    if session.server.can("client_check"):
        session.set_parameter("client_connection_check_interval", "1s")


def _refuse_read_only(session: Session) -> None:
    """kinetune does not override default_transaction_read_only: an administrator may have set it to stop all writes."""
    (state,) = session.query("SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS only")
    if state["standby"]:
        raise CouldNotLook(
            f"{session.endpoint} is a standby and accepts no writes",
            "name the primary, or all hosts with ?target_session_attrs=read-write",
        )
    if state["only"] == "on":
        database = identifier(session.endpoint.database or session.connection.info.dbname)
        raise CouldNotLook(
            f"{session.endpoint} is read-only: default_transaction_read_only is on for the database, role or server",
            "if this is not intended: SET default_transaction_read_only = off; "
            f"ALTER DATABASE {database} RESET default_transaction_read_only",
        )


def connect(endpoint: Endpoint, command: str) -> psycopg.Connection[Row]:
    """A connection in autocommit without the parameters of a session. The caller closes it. Raises CouldNotLook."""
    keywords = {"connect_timeout": str(CONNECT_SECONDS), **endpoint.libpq(), "application_name": f"kinetune/{command}"}
    try:
        found = psycopg.connect(**keywords, autocommit=True, row_factory=dict_row, cursor_factory=LoggingCursor)
        # Of a database with SQL_ASCII, which converts nothing, psycopg would give text as bytes.
        if found.info.parameter_status("client_encoding") == "SQL_ASCII":
            found.execute(b"SET client_encoding TO UTF8")
        return found
    except psycopg.Error as error:
        raise connection_failure(endpoint, error) from error


def _recognise_server(connection: psycopg.Connection[Row]) -> Server:
    with translate_errors():
        # binary=True selects the extended protocol; see Session.query_untranslated for the simple one.
        row = connection.execute(_read_query("server.sql").encode(), binary=True).fetchone()
    assert row is not None
    return identify_server(row["version"], row["number"])


@cache
def _read_query(file: str) -> str:
    return (data_folder("sql") / "facts" / file).read_text(encoding="utf-8")


class Reaction(StrEnum):
    """
    How kinetune reacts to an error of the server.

    RETRY: send the statement again, but read the catalogs first where DDL is not transactional, because the failed
    statement may have taken effect. REFUSE: exit 4. EXPLAIN: exit 3 with the next step.
    """

    RETRY = "retry"
    REFUSE = "refuse"
    EXPLAIN = "explain"


# Serialization failure, deadlock, lock not available.
RETRY_CODES = frozenset({"40001", "40P01", "55P03"})
# YugabyteDB reports these conflicts under XX000 and other codes (docs/facts/yugabytedb.md §6.3). The texts were
# recorded on 2.21 (tests/data/yugabytedb/errors), except those with a comment: they come from its source and issues.
RETRY_WORDS = re.compile(
    r"schema version mismatch for table"
    r"|[Cc]atalog [Vv]ersion [Mm]ismatch"
    r"|catalog snapshot used for this transaction has been invalidated"
    r"|does not exist: OBJECT_NOT_FOUND"
    r"|Restart read required"
    r"|timed out waiting for postgres backends to catch up"  # §3.7, #18994
    r"|Timed out waiting for (?:Create|Alter|Delete) Table"
    r"|[Tt]ablet (?:has been )?split"  # §6.3
    r"|passed its deadline"  # a tserver was killed (docs/facts/measured.md §14)
    r"|Keyspace with id '\w+' already exists"  # two first sequences at once (docs/facts/measured.md §11)
)
# SQLSTATEs that kinetune's own statements raise (tuning/statements.py, tuning/copying.py, templates/schema).
WRITTEN_SINCE_PLAN = "KT001"
COPY_DIFFERS = "KT002"
WRITTEN_AFTER_COMPARE = "KT003"
ROWS_NOT_COPIED = "KT004"
TABLE_IN_USE = "KT005"
REFUSE_CODES = frozenset(
    {"23505", WRITTEN_SINCE_PLAN, COPY_DIFFERS, WRITTEN_AFTER_COMPARE, ROWS_NOT_COPIED, TABLE_IN_USE, "2BP01", "55006"}
)
"""Server and role are in order, but to continue could lose data."""
REFUSE_WORDS = re.compile(r"duplicate key value violates unique constraint")


def classify_error(sqlstate: str | None, message: str) -> Reaction:
    """
    The reaction to an error of the server, by its SQLSTATE and its primary message.

    CONTEXT is ignored: while DDL runs, YugabyteDB attaches "Catalog Version Mismatch: A DDL occurred while processing
    this query" to unrelated errors too (docs/facts/recorded.md §5). An online index build reports duplicates as XX000.
    """
    if sqlstate in REFUSE_CODES or (sqlstate == "XX000" and REFUSE_WORDS.search(message)):
        return Reaction.REFUSE
    if sqlstate in RETRY_CODES or (sqlstate and RETRY_WORDS.search(message)):
        return Reaction.RETRY
    return Reaction.EXPLAIN


def classify_exception(error: BaseException | None) -> Reaction:
    """The same for an exception; EXPLAIN for anything that psycopg did not raise."""
    if not isinstance(error, psycopg.Error):
        return Reaction.EXPLAIN
    return classify_error(error.sqlstate, error.diag.message_primary or "")


NEXT_STEPS = {
    "42501": "connect as the owner of the table kine, or grant this role the privilege that the message names",
    "25006": "this session is read-only",
    "57014": "raise --timeout, or find what slows the server down: SELECT * FROM pg_stat_activity",
    "55P03": "another session holds the lock; run again when it has ended",
    "53300": "all connections of the server are in use; raise max_connections or reduce Kine's connection pool",
    "53100": "the server's disk is full; free space, then run again",
    "57P01": "run again when the server is available: finished steps are kept",
    WRITTEN_SINCE_PLAN: "nothing was dropped; stop Kine and run again, or add --allow RECENT_WRITES",
    "2BP01": "drop the objects that depend on it first, then run again",
    "42P07": "a running Kine may have created the object: stop Kine, then run again",
    "55006": "end the other sessions in the database, then run again",
    WRITTEN_AFTER_COMPARE: "no row is lost: stop Kine, ALTER TABLE kine_before_init RENAME TO kine; "
    "DROP TABLE kinetune_new_kine; then run again",
    ROWS_NOT_COPIED: "rows were written to it after the exchange; read them: SELECT id, name FROM kine_before_init "
    "ORDER BY id DESC LIMIT 10, and drop the table yourself if none of them is needed",
    TABLE_IN_USE: "a Kine has written to it, so nothing was dropped; run kinetune init again to plan for its store",
    COPY_DIFFERS: "kine was written to during the rebuild, or --skip-gap-rows was not given in every run: stop Kine, "
    "DROP TABLE kinetune_new_kine, run again",
    "23505": "rows with the same (name, prev_revision) are lost updates; list them: "
    "SELECT name, prev_revision, count(*) FROM kine GROUP BY 1, 2 HAVING count(*) > 1",
}
# The server's messages about a missing privilege (in English) and the statement that grants it. In another language
# NEXT_STEPS gives the general advice for the SQLSTATE.
GRANTS = {
    r"permission denied for (?:table|view|relation) (\S+)": "ask its owner for: GRANT SELECT ON {} TO {} "
    "(kinetune init must run as the owner)",
    r"permission denied for sequence (\S+)": "ask its owner for: GRANT SELECT ON SEQUENCE {} TO {}",
    r"permission denied for schema (\S+)": "ask its owner for: GRANT USAGE ON SCHEMA {} TO {}",
    r"permission denied for database (\S+)": "ask its owner for: GRANT CREATE ON DATABASE {} TO {}",
    r"must be owner of (?:table|index|sequence|relation) (\S+)": "connect as the owner of {}",
    r"permission denied to create database()": "ask the administrator for: ALTER ROLE {1} CREATEDB",
}
# Texts of libpq and of the server (in English) for a connection that failed, and the next step.
CONNECTION_STEPS = {
    "password authentication failed": "check the password in the endpoint or in ~/.pgpass, and the user",
    "no password supplied": "put the password in ~/.pgpass or PGPASSWORD",
    "[Cc]ertificate": "check sslmode and sslrootcert in the endpoint",
    "does not support SSL": "check sslmode in the endpoint, or enable TLS on the server",
    "sslmode": "check sslmode in the endpoint",
    'role ".*" does not exist': "check the user in the endpoint",
    'database ".*" does not exist': "run kinetune init, which creates it, or ask the administrator for it",
    'service ".*" not found': "check the service name in the endpoint and in ~/.pg_service.conf",
    "Connection refused|No such file or directory": "check that the server is running and listens on this port",
    "resolve host|translate host name": "check the host name in the endpoint",
    "timeout expired|timed out|No route to host|unreachable": "check that this machine can reach the host",
    "no pg_hba.conf entry": "add an entry for this user and this client address to pg_hba.conf on the server",
    "starting up|shutting down|not yet accepting|recovery mode": "run again in a moment",
    "remaining connection slots|too many clients|too many connections": "all connections of the server are in use; "
    "raise max_connections or reduce Kine's connection pool",
    "permission denied for database": "ask its owner for: GRANT CONNECT ON DATABASE",
    "not permitted to log in": "ask the administrator for: ALTER ROLE … LOGIN",
}


@contextlib.contextmanager
def translate_errors(role: str = "") -> Iterator[None]:
    """Raise errors of psycopg inside as CouldNotLook, or as Refused where continuing could lose data."""
    try:
        yield
    except psycopg.Error as error:
        raise failure_from(error, role) from error


def failure_from(error: psycopg.Error, role: str = "") -> Failure:
    """The failure for an error of psycopg. Only the primary message is used: DETAIL may quote a row of the table."""
    code = error.sqlstate or ""
    # libpq reports a lost connection without an SQLSTATE.
    if not code:
        return CouldNotLook(f"the connection was lost: {first_line(error)}", "run again: finished steps are kept")
    message = error.diag.message_primary or ""
    kind = Refused if classify_error(code, message) is Reaction.REFUSE else CouldNotLook
    # An online build on YugabyteDB reports duplicates under XX000.
    key = "23505" if REFUSE_WORDS.search(message) else code
    next_step = _missing_grant(message, role) or NEXT_STEPS.get(key, "run again with --debug to see the statement")
    return kind(f"the server reported an error: {message} ({code})", next_step)


def connection_failure(endpoint: Endpoint, error: psycopg.Error) -> CouldNotLook:
    """The failure to connect, with the next step for its cause."""
    steps = (step for pattern, step in CONNECTION_STEPS.items() if re.search(pattern, str(error)))
    return CouldNotLook(f"cannot connect to {endpoint}: {first_line(error)}", next(steps, "check the endpoint"))


def first_line(error: psycopg.Error) -> str:
    """libpq's message without the address that it repeats in front of each attempt."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = next((line for line in lines if "failed:" in line), lines[0] if lines else type(error).__name__)
    cause = cause.rsplit("failed:", 1)[-1].strip().removeprefix("FATAL:").strip()
    return re.sub(r"\[Errno -?\d+\] ", "", cause.removeprefix("connection is bad: "))


def _missing_grant(message: str, role: str) -> str:
    found = ((re.search(pattern, message), grant) for pattern, grant in GRANTS.items())
    return next((grant.format(match[1], identifier(role or "…")) for match, grant in found if match), "")
