"""Each statement a script may hold, written for a server. Identifiers pass rendering.identifier, never plain text."""

from __future__ import annotations

from kinetune.model.schema import Column, Index, Sequence
from kinetune.model.server import Server
from kinetune.rendering import identifier, literal, render
from kinetune.resources import folder
from kinetune.servers.variants import variant
from kinetune.tuning.target import Target


def create_database(name: str) -> str:
    return f"CREATE DATABASE {identifier(name)}"


def drop_database(name: str) -> str:
    return f"DROP DATABASE {identifier(name)}"


def create_table(target: Target, server: Server) -> str:
    return _schema(server, "create_table", columns=target.columns, primary_key=target.primary_key)


def primary_key(target: Target, server: Server) -> str:
    """The constraint as CREATE TABLE takes it; YugabyteDB takes it there only with the order that it shall have."""
    key = target.primary_key
    order = f" {key.keys[0].order.upper()}" if server.can("range_sharding") else ""
    return f"CONSTRAINT {identifier(key.name)} PRIMARY KEY (id{order})"


def create_index(index: Index, server: Server, name: str = "", *, online: bool = False) -> str:
    """The index under its own or another name; `online` leaves writers alone, and cannot run in a transaction."""
    return _schema(server, "create_index", index=index, name=name or index.name, online=online)


def drop_index(name: str, server: Server) -> str:
    """Without stopping writers where the server can; YugabyteDB refuses CONCURRENTLY (FINDINGS.md, DDL)."""
    online = "CONCURRENTLY " if server.can("index_concurrently") else ""
    return f"DROP INDEX {online}{identifier(name)}"


def rename_index(old: str, new: str) -> str:
    return f"ALTER INDEX {identifier(old)} RENAME TO {identifier(new)}"


def rename_constraint(old: str, new: str) -> str:
    return f"ALTER TABLE kine RENAME CONSTRAINT {identifier(old)} TO {identifier(new)}"


def change_types(columns: tuple[Column, ...]) -> str:
    """All columns in one statement, so that the table is rewritten once at most."""
    changes = (
        f"ALTER COLUMN {identifier(column.name)} TYPE {column.type}" + (' COLLATE "C"' if column.collation else "")
        for column in columns
    )
    return "ALTER TABLE kine " + ", ".join(changes)


def rename_sequence(old: str, new: str) -> str:
    """YugabyteDB refuses ALTER SEQUENCE … RENAME and takes this (data: sequences/made_under_flag_1_now_default_100)."""
    return f"ALTER TABLE {identifier(old)} RENAME TO {identifier(new)}"


def change_sequence(wanted: Sequence) -> str:
    owner = ".".join(map(identifier, wanted.owned_by or ())) or "NONE"
    return (
        f"ALTER SEQUENCE {identifier(wanted.name)} AS {wanted.type} "
        f"INCREMENT BY {wanted.increment} CACHE {wanted.cache} OWNED BY {owner}"
    )


def raise_sequence(sequence: str) -> tuple[str, str]:
    """Ids are drawn inside an INSERT, which waits for the lock: none is drawn between reading MAX(id) and setval."""
    name = identifier(sequence)
    newest = f"GREATEST((SELECT MAX(id) FROM kine), (SELECT last_value FROM {name}))"
    return "LOCK TABLE kine IN SHARE ROW EXCLUSIVE MODE", f"SELECT setval({literal(name)}, {newest})"


def set_setting(database: str, name: str, value: str) -> str:
    return f"ALTER DATABASE {identifier(database)} SET {identifier(name)} = {literal(value)}"


def reset_setting(database: str, name: str) -> str:
    return f"ALTER DATABASE {identifier(database)} RESET {identifier(name)}"


def _schema(server: Server, template: str, /, **values: object) -> str:
    """A template of templates/schema, the variant of the server."""
    file = variant(folder("templates") / "schema", template, server)
    return render(f"schema/{file}", **values).rstrip()
