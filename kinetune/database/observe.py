"""
Observe a store: results of the queries in sql/facts as Facts.

Reads the catalogs, and of the table itself only one end of the primary key: the cost does not grow with the store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Rows
from dataclasses import replace
from datetime import UTC, datetime

from psycopg import sql
from psycopg.errors import ConnectionTimeout, InsufficientPrivilege

from kinetune.database.session import Row, Session, open_session
from kinetune.kine.schema import TABLE
from kinetune.kine.table_shape import BESIDE, SETTINGS_SINCE, TABLES
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import (
    COUNTED_UP_TO,
    Column,
    Facts,
    Grant,
    Index,
    Key,
    ObservedIndex,
    Order,
    Relation,
    Role,
    Sequence,
)
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.quoting import identifier
from kinetune.servers.yugabytedb import COST_MODEL, STATISTICS

ORDERS = {0: Order.ASC, 1: Order.DESC, 2: Order.ASC, 3: Order.DESC, 4: Order.HASH}
"""pg_index.indoption: bit 0 is DESC, bit 1 NULLS FIRST; 4 is HASH on YugabyteDB (docs/facts/recorded.md §2)."""


def observe_store(session: Session) -> Facts:
    """The facts of the store. Raises CouldNotLook if the catalogs cannot be read."""
    if session.server.unsupported:
        return _unsupported_facts(session)
    in_force = read_settings(session)
    with _without_statistics(session, in_force):
        (role,) = session.query_file("role")
        (writes,) = session.query_file("writes")
        stores = tuple(row["schema"] for row in session.query_file("stores"))
        parts = [session.query_file(question) for question in ("relation", "columns", "indexes", "sequence")]
    return Facts(
        observed_at=datetime.now(UTC),
        server=session.server,
        database=session.endpoint.database,
        database_exists=True,
        role=Role(**role),
        table=_observe_table(session, role["name"], parts, standby=writes["standby"]),
        settings=in_force,
        database_settings={row["name"]: row["value"] for row in session.query_file("database_settings")},
        sessions=_count_sessions(session),
        # The results of the same four queries contain these tables too: no further query is needed.
        beside={name: table for name in BESIDE if (table := _relation_named(name, parts)[0])},
        read_only=_why_read_only(writes),
        stores=stores,
    )


def _why_read_only(writes: Row) -> str:
    if writes["standby"]:
        return "it is a standby, which takes no writes"
    return "default_transaction_read_only is on for the database, role or server" if writes["read_only"] else ""


def _unsupported_facts(session: Session) -> Facts:
    """Facts of a server that is neither PostgreSQL nor YugabyteDB. Its catalogs differ, so they are not read."""
    name = session.connection.info.user
    role = Role(name, superuser=False, create_database=False, owns_table=False, may_create=False)
    return Facts(
        observed_at=datetime.now(UTC),
        server=session.server,
        database=session.endpoint.database,
        database_exists=True,
        role=role,
        table=None,
        unseen=f"{session.server} is not supported by Kine",
    )


@contextlib.contextmanager
def _without_statistics(session: Session, in_force: Mapping[str, str]) -> Iterator[None]:
    """
    Turn statistics off inside. YugabyteDB has no statistics of its own catalogs, and with
    yb_enable_optimizer_statistics on, these queries take 3 s instead of 0.04 s (2.21: docs/facts/measured.md §11).
    """
    on = [name for name in (STATISTICS, COST_MODEL) if in_force.get(name) == "on"]
    for name in on:
        session.set_parameter(name, "off")
    yield
    for name in on:
        session.execute_statement(sql.SQL("RESET {}").format(sql.Identifier(name)))


def read_settings(session: Session) -> dict[str, str]:
    """Settings that affect plans, with the values of this session."""
    return {row["name"]: row["setting"] for row in session.query_file("settings")}


def _relation_named(name: str, parts: list[list[Row]]) -> tuple[Relation | None, list[Row]]:
    """The relation of that name, and the rows of its sequence. The queries return the rows of all tables at once."""
    found, columns, indexes, sequences = ([row for row in rows if row["table"] == name] for rows in parts)
    return (build_relation(found[0], columns, indexes, sequences) if found else None), sequences


def _observe_table(session: Session, role: str, parts: list[list[Row]], *, standby: bool) -> Relation | None:
    table, sequences = _relation_named(TABLE, parts)
    if table is None:
        _refuse_hidden_store(session, role)
        return None
    if table.unlogged and standby:
        return table  # an unlogged table cannot be read on a standby
    if table.kind not in TABLES or table.column("id") is None:
        return table
    read = (f"{identifier(table.schema)}.kine", *(row["address"] for row in sequences))
    with _naming_grant(f"GRANT SELECT ON {', '.join(read)} TO {identifier(role)}"):
        # MAX(id) is read first: otherwise a write between the two reads would make the sequence look too low.
        newest = session.query_file("last_id")[0]["max_id"]
        last = _read_last_value(session, sequences[0]["address"]) if sequences else None
        table = replace(table, max_id=newest, last_id=last)
        # On PostgreSQL autovacuum keeps the estimates current.
        if session.server.flavour is not Flavour.YUGABYTEDB:
            return table
        return replace(
            table, counted=_count_up_to_limit(session), compacted=session.query_file("compacted")[0]["revision"]
        )


def _count_up_to_limit(session: Session) -> int:
    """
    The number of rows, at most COUNTED_UP_TO. YugabyteDB's estimates are often missing or old, and this costs a few
    storage requests, however the ids are sharded.
    """
    text = f"SELECT count(*) AS rows FROM (SELECT 1 FROM kine LIMIT {COUNTED_UP_TO}) AS counted"  # noqa: S608 - a number
    return int(session.query(text)[0]["rows"])


def _refuse_hidden_store(session: Session, role: str) -> None:
    """Raise CouldNotLook for a table kine in a schema without USAGE: init would otherwise create a second store."""
    for row in session.query_file("hidden"):
        raise CouldNotLook(
            f"role {role} may not use the schema {row['schema']}, which contains a table kine",
            f"ask the administrator for: GRANT USAGE ON SCHEMA {identifier(row['schema'])} TO {identifier(role)}",
        )


@contextlib.contextmanager
def _naming_grant(statement: str) -> Iterator[None]:
    """If a privilege is missing inside, the failure names the statement that grants it."""
    try:
        yield
    except CouldNotLook as failure:
        if not isinstance(failure.__cause__, InsufficientPrivilege):
            raise
        raise CouldNotLook(failure.cause, f"ask the owner of the table for: {statement}") from failure


def build_relation(found: Row, columns: Rows[Row], indexes: Rows[Row], sequences: Rows[Row]) -> Relation:
    """A relation from rows of the queries. Tests pass recorded rows through the same code."""
    built = [(row["primary"], build_index(row)) for row in indexes]
    return Relation(
        schema=found["schema"],
        kind=found["kind"],
        columns=tuple(Column(row["name"], row["type"], row["collation"]) for row in columns),
        primary_key=next((index for primary, index in built if primary), None),
        indexes=tuple(index for primary, index in built if not primary),
        sequence=_build_sequence(sequences[0]) if sequences else None,
        # 0 and -1 mean that the table was never analysed, depending on the release.
        rows=found["rows"] if found["rows"] > 0 else None,
        bytes=found["bytes"],
        owner=found.get("owner"),
        # `PRIVILEGE role`: a role may contain blanks, a privilege never does.
        grants=tuple(Grant(*text.split(" ", 1)) for text in found.get("grants", ())),
        attached=tuple(found.get("attached", ())),
        settings_since=_settings_since(found.get("comment")),
        unlogged=found.get("unlogged", False),
        identity=bool(sequences and sequences[0].get("identity")),
    )


def _settings_since(comment: str | None) -> datetime | None:
    """The time in the table's comment that statements.note_settings wrote; None for any other comment."""
    if not comment or not comment.startswith(SETTINGS_SINCE):
        return None
    try:
        return datetime.fromisoformat(comment.removeprefix(SETTINGS_SINCE))
    except ValueError:
        return None


def build_index(row: Row) -> ObservedIndex:
    """An index from a row of sql/facts/indexes.sql. A column that is an expression is called `(expression)`."""
    names = [name or "(expression)" for name in row["columns"]]
    keys = tuple(
        Key(name, ORDERS.get(option, Order.ASC))
        for name, option in zip(names[: row["key_count"]], row["options"], strict=True)
    )
    include = tuple(names[row["key_count"] :])
    index = Index(row["name"], keys, row["unique"], include, row["predicate"])
    return ObservedIndex(index, row["valid"], row["constraint"], row["bytes"])


def _build_sequence(row: Row) -> Sequence:
    owner = (row["owner_table"], row["owner_column"]) if row["owner_table"] else None
    return Sequence(row["name"], row["type"], row["cache"], row["increment"], owner)


def read_last_id(session: Session) -> int | None:
    """The last value of the sequence of kine.id; 0 if it gave none yet, None if there is no sequence."""
    sequences = session.query_file("sequence")
    return _read_last_value(session, sequences[0]["address"]) if sequences else None


def _read_last_value(session: Session, address: str) -> int:
    """`address` is quoted by the server (quote_ident). Before the first id, last_value is 1 and is_called is false."""
    (row,) = session.query(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM {address}")  # noqa: S608
    return int(row["last"])


def _count_sessions(session: Session) -> dict[str, int] | Unknown:
    try:
        return {row["name"]: row["sessions"] for row in session.query_file("sessions")}
    except CouldNotLook as failure:
        return Unknown(str(failure))


MAINTENANCE_DATABASES = ("postgres", "yugabyte", "template1")
"""Databases from which another one can be created. Kine uses `postgres` (pgsql.go, createDBIfNotExist)."""


@contextlib.contextmanager
def open_store(endpoint: Endpoint, command: str, *, write: bool = False) -> Iterator[tuple[Session, Facts]]:
    """
    A session in the endpoint's database and the facts of its store. Raises CouldNotLook.

    If the database does not exist, the session is in a maintenance database and `database_exists` is false.
    """
    with open_database(endpoint, command, write=write) as (session, exists):
        yield session, observe_store(session) if exists else _absent_facts(session, endpoint.database)


@contextlib.contextmanager
def open_database(endpoint: Endpoint, command: str, *, write: bool = False) -> Iterator[tuple[Session, bool]]:
    """
    A session in the endpoint's database and True, or one in a maintenance database and False if it does not exist.

    Existence is read from pg_database: the server's message about it may be in any language. Raises CouldNotLook.
    """
    with contextlib.ExitStack() as stack:

        def enter(place: Endpoint) -> Session:
            return stack.enter_context(open_session(place, command, write=write))

        try:
            session = enter(endpoint)
        except CouldNotLook as failure:
            session = _open_maintenance(endpoint, enter, failure)
            yield session, False
            return
        yield session, True


@contextlib.contextmanager
def maintenance_session(endpoint: Endpoint, command: str) -> Iterator[Session]:
    """A writing session in a maintenance database of the same server, from which the endpoint's can be dropped."""
    failure = CouldNotLook(
        "this server has no maintenance database", f"create one of {', '.join(MAINTENANCE_DATABASES)}"
    )
    with contextlib.ExitStack() as stack:
        for database in MAINTENANCE_DATABASES:
            try:
                session = stack.enter_context(open_session(replace(endpoint, database=database), command, write=True))
            except CouldNotLook as found:
                failure = found
                continue
            yield session
            return
        raise failure


def _open_maintenance(endpoint: Endpoint, enter: Callable[[Endpoint], Session], failure: CouldNotLook) -> Session:
    """Raises `failure` again if no maintenance database can be opened, or if the endpoint's database does exist."""
    if isinstance(failure.__cause__, ConnectionTimeout):
        raise failure  # a host that does not answer would time out for each maintenance database too
    for database in MAINTENANCE_DATABASES:
        try:
            session = enter(replace(endpoint, database=database))
        except CouldNotLook:
            continue
        # The database exists, so the first failure had another cause, which is reported.
        if session.query("SELECT 1 FROM pg_database WHERE datname = %s", endpoint.database):
            break
        return session
    raise failure


def _absent_facts(session: Session, database: str) -> Facts:
    (role,) = session.query_file("role")
    return Facts(
        observed_at=datetime.now(UTC),
        server=session.server,
        database=database,
        database_exists=False,
        role=replace(Role(**role), may_create=True, owns_database=True),  # it will be the owner of the new database
        table=None,
        settings=read_settings(session),
    )
