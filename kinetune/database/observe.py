"""One look at a store: questions out of sql/facts, answers into Facts. Reads catalogs and one end of the key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from collections.abc import Sequence as Rows
from dataclasses import replace
from datetime import UTC, datetime

from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from kinetune.database.session import Row, Session
from kinetune.kine.schema import TABLE
from kinetune.kine.shape import BESIDE, SETTINGS_SINCE, TABLES
from kinetune.model.facts import COUNTED_UP_TO, Facts, Grant, Relation, Role, SeenIndex, Unknown
from kinetune.model.failure import CouldNotLook
from kinetune.model.schema import Column, Index, Key, Order, Sequence
from kinetune.model.server import Flavour
from kinetune.quoting import identifier
from kinetune.servers.yugabytedb import COST_MODEL, STATISTICS

ORDERS = {0: Order.ASC, 1: Order.DESC, 2: Order.ASC, 3: Order.DESC, 4: Order.HASH}
"""pg_index.indoption: bit 0 is DESC, bit 1 NULLS FIRST; 4 is HASH on YugabyteDB (FINDINGS.md, Reading the schema)."""


def observe(session: Session) -> Facts:
    """What is there. Raises CouldNotLook where even the catalogs cannot be read."""
    if session.server.unsupported:
        return _unsupported(session)
    in_force = settings(session)
    with _catalogs(session, in_force):
        (role,) = session.ask("role")
        (writes,) = session.ask("writes")
        stores = tuple(row["schema"] for row in session.ask("stores"))
        parts = [session.ask(question) for question in ("relation", "columns", "indexes", "sequence")]
    return Facts(
        observed_at=datetime.now(UTC),
        server=session.server,
        database=session.endpoint.database,
        database_exists=True,
        role=Role(**role),
        table=_relation(session, role["name"], parts, standby=writes["standby"]),
        settings=in_force,
        database_settings={row["name"]: row["value"] for row in session.ask("database_settings")},
        sessions=_sessions(session),
        beside={name: seen for name in BESIDE if (seen := _named(name, parts)[0])},
        read_only=_read_only(writes),
        stores=stores,
    )


def _read_only(writes: Row) -> str:
    if writes["standby"]:
        return "it is a standby, which takes no writes"
    return "default_transaction_read_only is on for the database, role or server" if writes["read_only"] else ""


def _unsupported(session: Session) -> Facts:
    """Its catalogs are not PostgreSQL's: nothing but its name is asked for."""
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
def _catalogs(session: Session, in_force: Mapping[str, str]) -> Iterator[None]:
    """
    Questions about catalogs without statistics in use: those of YugabyteDB's catalogs are missing, and with
    yb_enable_optimizer_statistics on the same questions take 3 s instead of 0.04 (2.21: measured.md §11).
    """
    on = [name for name in (STATISTICS, COST_MODEL) if in_force.get(name) == "on"]
    for name in on:
        session.change(name, "off")
    yield
    for name in on:
        session.run(sql.SQL("RESET {}").format(sql.Identifier(name)))


def settings(session: Session) -> dict[str, str]:
    """Those that decide plans, as they are in force in this session."""
    return {row["name"]: row["setting"] for row in session.ask("settings")}


def _named(name: str, parts: list[list[Row]]) -> tuple[Relation | None, list[Row]]:
    """The relation of that name as its own rows show it, and the row of its sequence."""
    found, columns, indexes, sequences = ([row for row in rows if row["table"] == name] for rows in parts)
    return (relation(found[0], columns, indexes, sequences) if found else None), sequences


def _relation(session: Session, role: str, parts: list[list[Row]], *, standby: bool) -> Relation | None:
    seen, sequences = _named(TABLE, parts)
    if seen is None:
        _refuse_hidden(session, role)
        return None
    if seen.unlogged and standby:
        return seen  # a standby reads none of its rows
    if seen.kind not in TABLES or seen.column("id") is None:
        return seen
    read = (f"{identifier(seen.schema)}.kine", *(row["address"] for row in sequences))
    with _granted(f"GRANT SELECT ON {', '.join(read)} TO {identifier(role)}"):
        newest = session.ask("last_id")[0]["max_id"]  # before the sequence: a write between cannot make it look behind
        last = _last_value(session, sequences[0]["address"]) if sequences else None
        seen = replace(seen, max_id=newest, last_id=last)
        if session.server.flavour is not Flavour.YUGABYTEDB:
            return seen
        return replace(seen, counted=_counted(session), compacted=session.ask("compacted")[0]["revision"])


def _counted(session: Session) -> int:
    """Rows, up to COUNTED_UP_TO: a handful of storage requests, however the ids are sharded."""
    text = f"SELECT count(*) AS rows FROM (SELECT 1 FROM kine LIMIT {COUNTED_UP_TO}) AS counted"  # noqa: S608 - a number
    return int(session.rows(text)[0]["rows"])


def _refuse_hidden(session: Session, role: str) -> None:
    """A store that one may not see is not one that is not there: init would make a second."""
    for row in session.ask("hidden"):
        raise CouldNotLook(
            f"{role} may not look into the schema {row['schema']}, which holds a table kine",
            f"ask the administrator for: GRANT USAGE ON SCHEMA {identifier(row['schema'])} TO {identifier(role)}",
        )


@contextlib.contextmanager
def _granted(statement: str) -> Iterator[None]:
    """Where the server forbids what is asked inside, the failure names the statement that would allow it."""
    try:
        yield
    except CouldNotLook as failure:
        if not isinstance(failure.__cause__, InsufficientPrivilege):
            raise
        raise CouldNotLook(failure.cause, f"ask the owner of the table for: {statement}") from failure


def relation(found: Row, columns: Rows[Row], indexes: Rows[Row], sequences: Rows[Row]) -> Relation:
    """Rows of the questions as one value; recorded rows take the same way as live ones."""
    seen = [(row["primary"], seen_index(row)) for row in indexes]
    return Relation(
        schema=found["schema"],
        kind=found["kind"],
        columns=tuple(Column(row["name"], row["type"], row["collation"]) for row in columns),
        primary_key=next((index for primary, index in seen if primary), None),
        indexes=tuple(index for primary, index in seen if not primary),
        sequence=_sequence(sequences[0]) if sequences else None,
        rows=found["rows"] if found["rows"] > 0 else None,
        bytes=found["bytes"],
        owner=found.get("owner"),
        grants=tuple(Grant(*text.split(" ", 1)) for text in found.get("grants", ())),
        attached=tuple(found.get("attached", ())),
        settings_since=_settings_since(found.get("comment")),
        unlogged=found.get("unlogged", False),
        identity=bool(sequences and sequences[0].get("identity")),
    )


def _settings_since(comment: str | None) -> datetime | None:
    """From the comment that statements.note_settings writes; None for any other."""
    if not comment or not comment.startswith(SETTINGS_SINCE):
        return None
    try:
        return datetime.fromisoformat(comment.removeprefix(SETTINGS_SINCE))
    except ValueError:
        return None


def seen_index(row: Row) -> SeenIndex:
    """A row of sql/facts/indexes.sql; an expression among the columns shows as (expression)."""
    names = [name or "(expression)" for name in row["columns"]]
    keys = tuple(
        Key(name, ORDERS.get(option, Order.ASC))
        for name, option in zip(names[: row["key_count"]], row["options"], strict=True)
    )
    include = tuple(names[row["key_count"] :])
    index = Index(row["name"], keys, row["unique"], include, row["predicate"])
    return SeenIndex(index, row["valid"], row["constraint"], row["bytes"])


def _sequence(row: Row) -> Sequence:
    owner = (row["owner_table"], row["owner_column"]) if row["owner_table"] else None
    return Sequence(row["name"], row["type"], row["cache"], row["increment"], owner)


def last_id(session: Session) -> int | None:
    """The last value of the sequence that kine.id draws from, 0 before the first; None where there is no sequence."""
    sequences = session.ask("sequence")
    return _last_value(session, sequences[0]["address"]) if sequences else None


def _last_value(session: Session, address: str) -> int:
    """`address` comes from regclass::text, which quotes itself. Before the first id last_value is 1 and not called."""
    (row,) = session.rows(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM {address}")  # noqa: S608
    return int(row["last"])


def _sessions(session: Session) -> dict[str, int] | Unknown:
    try:
        return {row["name"]: row["sessions"] for row in session.ask("sessions")}
    except CouldNotLook as failure:
        return Unknown(str(failure))
