"""The definition of the table kine, and the place for the table that will take its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kinetune.database.session import Row, Session
from kinetune.model.backup import StoredGrant, StoredIndex, TableDefinition
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook
from kinetune.model.incoming import IncomingComment, IncomingPlace


def read_definition(session: Session, facts: Facts, settings: dict[str, str]) -> TableDefinition:
    """The definition of the table kine that the facts describe, with these settings of the database."""
    (row,) = session.query_file("table_definition")
    table = facts.table
    assert table is not None
    assert table.primary_key is not None
    assert table.sequence is not None, "refuse_foreign_table guarantees it"
    key = table.primary_key
    return TableDefinition(
        table.columns,
        # Kine looks for the name of the constraint, which may differ from that of its index.
        replace(key.index, name=key.constraint or key.index.name),
        table.sequence,
        tuple(_stored_indexes(facts, row)),
        settings,
        _stored_grants(row),
        row["owner"],
        session.server.flavour,
        facts.database or session.connection.info.dbname,
    )


def _stored_indexes(facts: Facts, row: Row) -> Iterator[StoredIndex]:
    assert facts.table is not None
    for name, definition in zip(row["names"], row["definitions"], strict=True):
        observed = facts.table.index(name)
        if observed is not None:
            columns = [*(key.column for key in observed.index.keys), *observed.index.include]
            # An index on an expression can only be recreated from the text of the server.
            yield StoredIndex(observed.index, definition, whole="(expression)" not in columns)


def _stored_grants(row: Row) -> tuple[StoredGrant, ...]:
    return tuple(StoredGrant(**grant) for grant in row["grants"])


def read_incoming_place(session: Session, origin: str, *, database_exists: bool) -> IncomingPlace:
    """
    Where `move` and `restore` create a table for rows of this origin. If the database does not exist yet the session
    is in another one, whose roles count and whose relations do not.
    """
    row: dict[str, Any]
    (row,) = session.query_file("incoming_place")
    roles, known = frozenset(row["roles"]), frozenset(row["known"])
    if not database_exists:
        return IncomingPlace("public", origin, roles=roles, known=known)
    if row["schema"] is None:
        raise CouldNotLook(
            "no schema of search_path exists in this database", "name one in the endpoint: ?search_path=public"
        )
    kine = session.query_file("table_definition")
    return IncomingPlace(
        row["schema"],
        origin,
        taken=frozenset(row["taken"]),
        roles=roles,
        known=known,
        owner=kine[0]["owner"] if kine else "",
        grants=_stored_grants(kine[0]) if kine else (),
        exists=row["exists"],
        comment=IncomingComment.parse(row["comment"]),
        key=row["key"] or "",
        indexes=tuple(row["indexes"]),
        invalid=tuple(row["invalid"]),
    )
