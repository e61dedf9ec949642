"""A guest's session: it reads, it waits for nobody long, and the server itself keeps it from writing (DESIGN.md §6)."""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Self, TypeVar

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from kinetune.database.errors import Reaction, could_not_connect, reaction_to, translated
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.resources import folder
from kinetune.servers.recognise import recognise
from kinetune.servers.variants import variant

Row = dict[str, Any]
T = TypeVar("T")
LOG = logging.getLogger("kinetune")
logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it warns of is told by what it raises
CONNECT_SECONDS = 10
TRIES = 6
PLAIN = {"DateStyle": "ISO", "quote_all_identifiers": "off"}
"""Times that psycopg reads, and names as they are, whatever the role or the database has set."""
READ_SETTINGS = {"default_transaction_read_only": "on", "statement_timeout": "60s", "lock_timeout": "2s"} | PLAIN
WRITE_SETTINGS = {"statement_timeout": "0", "lock_timeout": "2s"} | PLAIN
"""No limit of ours to an index build: YugabyteDB alone waits up to 15 minutes for every backend to see it (§3.7)."""


@dataclass(frozen=True)
class Session:
    """An open connection in autocommit, and the server it leads to."""

    connection: psycopg.Connection[Row]
    endpoint: Endpoint
    server: Server

    def ask(self, question: str) -> list[Row]:
        """The rows of sql/facts/<question>.sql, in the variant of this server, repeated. Raises CouldNotLook."""
        text = _text(variant(folder("sql") / "facts", question, self.server))
        return self.repeated(lambda: self.rows(text))

    def rows(self, text: str, *arguments: object) -> list[Row]:
        """The rows of one statement; a percent sign needs doubling only where there are arguments."""
        with translated(self.connection.info.user):
            return self.fetched(text, *arguments)

    def fetched(self, text: str, *arguments: object) -> list[Row]:
        """
        The same, with psycopg's own errors.

        Prepared on YugabyteDB: sent by the simple protocol, a statement during which a catalog changes is answered
        without rows and without an error (2.21, docs/facts/measured.md §12), and "no table kine" is then untrue.
        """
        prepare = self.server.flavour is Flavour.YUGABYTEDB or None
        try:
            return self.connection.execute(text.encode(), arguments or None, prepare=prepare).fetchall()
        except (psycopg.errors.DuplicatePreparedStatement, psycopg.errors.InvalidSqlStatementName):
            # A transaction pooler (KT407) keeps no statements. In a transaction the next one fails, as it would there.
            return self.connection.execute(text.encode(), arguments or None, prepare=False).fetchall()

    def run(self, statement: sql.Composed) -> None:
        """A statement without rows. Raises CouldNotLook."""
        with translated(self.connection.info.user):
            self.connection.execute(statement)

    def repeat(self, statement: sql.Composed) -> None:
        """The same for one that may be sent twice (IF EXISTS …)."""
        self.repeated(lambda: self.run(statement))

    def repeated(self, send: Callable[[], T]) -> T:
        """
        Again where the server asks for that, outside a transaction, which it has ended.

        On YugabyteDB 2.21 anything may end with 40001 because of a catalog that changed, in another database too. A
        lock that was waited for is not waited for again.
        """
        for attempt in itertools.count():
            try:
                return send()
            except (CouldNotLook, psycopg.Error) as failure:
                error = failure.__cause__ if isinstance(failure, CouldNotLook) else failure
                again = reaction_to(error) is Reaction.RETRY and not isinstance(error, psycopg.errors.LockNotAvailable)
                idle = self.connection.info.transaction_status is TransactionStatus.IDLE
                if not (again and idle) or attempt == TRIES:
                    raise
                time.sleep(0.05 * 2**attempt)
        raise AssertionError("unreachable")

    def change(self, name: str, value: str) -> None:
        """SET a parameter for the rest of this session."""
        self.repeat(sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value)))


class Told(psycopg.Cursor[Row]):
    """Tells --debug each statement as it is sent. Statements hold no password and no object's value."""

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
def visit(endpoint: Endpoint, command: str, *, write: bool = False, **settings: str) -> Iterator[Session]:
    """
    Connect, recognise the server, and close at the end.

    `settings` (statement_timeout …) come on top of a guest's own. Raises CouldNotLook where there is no connection.
    """
    connection = connect(endpoint, command)
    try:
        session = Session(connection, endpoint, _server(connection))
        wanted = (WRITE_SETTINGS if write else READ_SETTINGS) | settings
        for name, value in wanted.items():
            if not (session.server.unsupported and name in PLAIN):  # CockroachDB refuses some
                session.change(name, value)
        if write:
            _end_with_us(session)
            _refuse_read_only(session)
        yield session
    finally:
        connection.close()


def _end_with_us(session: Session) -> None:
    """What a killed kinetune was doing would go on in the server, with its locks, until the statement's end."""
    if session.server.can("client_check"):
        session.change("client_connection_check_interval", "1s")


def _refuse_read_only(session: Session) -> None:
    """Somebody has made the database, the role or the server read-only: that is not for a guest to undo."""
    (may,) = session.rows("SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS only")
    if may["standby"]:
        raise CouldNotLook(
            f"{session.endpoint} is a standby, which takes no changes",
            "name the primary, or all hosts with ?target_session_attrs=read-write",
        )
    if may["only"] == "on":
        database = identifier(session.endpoint.database or session.connection.info.dbname)
        raise CouldNotLook(
            f"{session.endpoint} is read-only: default_transaction_read_only is on for the database, role or server",
            "where nobody meant it: SET default_transaction_read_only = off; "
            f"ALTER DATABASE {database} RESET default_transaction_read_only",
        )


def connect(endpoint: Endpoint, command: str) -> psycopg.Connection[Row]:
    """A bare connection in autocommit; the caller closes it."""
    keywords = {"connect_timeout": str(CONNECT_SECONDS), **endpoint.libpq(), "application_name": f"kinetune/{command}"}
    try:
        return psycopg.connect(**keywords, autocommit=True, row_factory=dict_row, cursor_factory=Told)
    except psycopg.Error as error:
        raise could_not_connect(endpoint, error) from error


def _server(connection: psycopg.Connection[Row]) -> Server:
    with translated():
        row = connection.execute(_text("server.sql").encode(), binary=True).fetchone()  # not simple: see fetched
    assert row is not None
    return recognise(row["version"], row["number"])


@cache
def _text(file: str) -> str:
    return (folder("sql") / "facts" / file).read_text(encoding="utf-8")
