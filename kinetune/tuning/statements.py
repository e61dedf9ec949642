"""Each statement a script may hold, written for a server. Identifiers pass quoting.identifier, never plain text."""

from __future__ import annotations

from kinetune.kine.schema import TABLE
from kinetune.kine.shape import SETTINGS_SINCE
from kinetune.model.schema import Column, Index, Sequence
from kinetune.model.server import Server
from kinetune.quoting import identifier, literal
from kinetune.rendering import render
from kinetune.resources import folder
from kinetune.servers.variants import variant
from kinetune.tuning.target import Target

END_IDLE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' "
    "AND pid <> pg_backend_pid() AND application_name NOT LIKE 'kinetune/%'"
)
"""Ends sessions between two statements alone: a write that is cut off may be lost by some releases of Kine (KT601)."""


def create_database(name: str) -> str:
    return f"CREATE DATABASE {identifier(name)}"


def drop_database(name: str, *, force: bool = False) -> str:
    """`force` ends the sessions in it first."""
    return f"DROP DATABASE {identifier(name)}{' WITH (FORCE)' if force else ''}"


def drop(kind: str, *name: str) -> str:
    """A table, index, sequence or schema by its full name; what depends on it keeps it (RESTRICT is the default)."""
    return f"DROP {kind.upper()} {'.'.join(map(identifier, name))}"


def keep_out(table: str) -> str:
    """Nobody writes any more, and whoever began before has ended."""
    return f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"


def guard(table: str, newest: int | None) -> str:
    """Fails where the newest revision is another one than was shown."""
    body = (
        f"BEGIN\n  IF (SELECT MAX(id) FROM {table}) IS DISTINCT FROM {'NULL' if newest is None else newest} THEN\n"
        "    RAISE 'kine has been written to' USING ERRCODE = 'KT001';\n  END IF;\nEND"
    )
    return f"DO {literal(body)}"


def own(sequence: tuple[str, str], table: str) -> str:
    """The sequence goes with its table then."""
    return f"ALTER SEQUENCE {'.'.join(map(identifier, sequence))} OWNED BY {table}.id"


def create_plain(columns: tuple[Column, ...], key: Index, table: str, server: Server) -> str:
    """A table by its quoted name with these columns and this key, without a sequence."""
    order = f" {key.keys[0].order.upper()}" if server.can("range_sharding") else ""
    lines = [
        f"    {identifier(one.name)} {one.type}"
        + (f" COLLATE {identifier(one.collation)}" if one.collation else "")
        + (" NOT NULL" if one.name == "id" else "")
        for one in columns
    ]
    lines.append(f"    CONSTRAINT {identifier(key.name)} PRIMARY KEY (id{order})")
    return f"CREATE TABLE {table} (\n" + ",\n".join(lines) + "\n)"


def create_sequence(sequence: Sequence, name: str, table: str = "", *, again: bool = False) -> str:
    """
    By its quoted name, owned by the table's id from the first moment: a leftover goes with its table, and on YugabyteDB
    an ALTER SEQUENCE later could raise its cache (FINDINGS.md). A table of another role's cannot own it: then none is
    given. With `again` it may be there already.
    """
    owned = f" OWNED BY {table}.id" if table else ""
    return (
        f"CREATE SEQUENCE {'IF NOT EXISTS ' if again else ''}{name} AS {sequence.type} "
        f"INCREMENT BY {sequence.increment} CACHE {sequence.cache}{owned}"
    )


def draw_from(sequence: str, table: str) -> str:
    return f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval({literal(sequence)}::regclass)"


def set_sequence(sequence: str, last: int) -> str:
    return f"SELECT setval({literal(sequence)}, {last})"


def give_to(role: str, table: str) -> str:
    return f"ALTER TABLE {table} OWNER TO {identifier(role)}"


def grant(privilege: str, name: str, role: str) -> str:
    """On a table or sequence by its quoted name; an empty role is PUBLIC."""
    return f"GRANT {privilege} ON {name} TO {identifier(role) if role else 'PUBLIC'}"


def rename_table(table: str, name: str) -> str:
    return f"ALTER TABLE {table} RENAME TO {identifier(name)}"


def create_table(target: Target, server: Server) -> str:
    return schema(server, "create_table", columns=target.columns, primary_key=target.primary_key)


def create_beside(target: Target, server: Server, table: str) -> str:
    """A table by its quoted name, empty, without indexes and without a default for its ids: one to be kine later."""
    return schema(server, "create_beside", columns=target.columns, primary_key=target.primary_key, table=table)


def drop_if_unused(table: str) -> str:
    """Drop it unless it has a row that a Kine may have written: ids begin at 1."""
    return _unless(f"SELECT 1 FROM {identifier(table)} WHERE id > 0", table, drop_table(table))


def drop_if_empty(table: str) -> str:
    return _unless(f"SELECT 1 FROM {identifier(table)}", table, drop_table(table))


def rename_if_empty(table: str, name: str) -> str:
    """One statement, so that psql cannot pass over a failed check: a table with planted rows never gets the name."""
    return _unless(f"SELECT 1 FROM {identifier(table)}", table, rename_table(table, name))


def _unless(rows: str, table: str, then: str) -> str:
    raised = f"RAISE EXCEPTION '{table} has rows' USING ERRCODE = 'KT005'"
    return f"DO $unless$ BEGIN IF EXISTS ({rows}) THEN {raised}; END IF; {then}; END $unless$"


def primary_key(target: Target, server: Server) -> str:
    """The constraint as CREATE TABLE takes it; YugabyteDB takes it there only with the order that it shall have."""
    key = target.primary_key
    order = f" {key.keys[0].order.upper()}" if server.can("range_sharding") else ""
    return f"CONSTRAINT {identifier(key.name)} PRIMARY KEY (id{order})"


def create_index(index: Index, server: Server, name: str = "", *, online: bool = False) -> str:
    """The index under its own or another name; `online` leaves writers alone, and cannot run in a transaction."""
    return schema(server, "create_index", index=index, name=name or index.name, online=online, table=TABLE)


def create_index_on(table: str, index: Index, server: Server) -> str:
    """The index of another table, by its quoted name, that nobody uses yet."""
    return schema(server, "create_index", index=index, name=index.name, online=False, table=table)


def drop_index(name: str, server: Server) -> str:
    """Without stopping writers where the server can; YugabyteDB refuses CONCURRENTLY (FINDINGS.md, DDL)."""
    online = "CONCURRENTLY " if server.can("index_concurrently") else ""
    return f"DROP INDEX {online}{identifier(name)}"


def rename_index(old: str, new: str) -> str:
    return f"ALTER INDEX {identifier(old)} RENAME TO {identifier(new)}"


def rename_constraint(old: str, new: str, table: str = TABLE) -> str:
    return f"ALTER TABLE {identifier(table)} RENAME CONSTRAINT {identifier(old)} TO {identifier(new)}"


def drop_default(table: str) -> str:
    return f"ALTER TABLE {identifier(table)} ALTER COLUMN id DROP DEFAULT"


def lock_out() -> str:
    return "LOCK TABLE kine IN ACCESS EXCLUSIVE MODE"


def drop_table(name: str) -> str:
    return f"DROP TABLE {identifier(name)}"


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


def own_sequence(name: str, table: str) -> str:
    return f"ALTER SEQUENCE {identifier(name)} OWNED BY {identifier(table)}.id"


def change_sequence(wanted: Sequence) -> str:
    owner = ".".join(map(identifier, wanted.owned_by or ())) or "NONE"
    return (
        f"ALTER SEQUENCE {identifier(wanted.name)} AS {wanted.type} "
        f"INCREMENT BY {wanted.increment} CACHE {wanted.cache} OWNED BY {owner}"
    )


def raise_sequence(sequence: str, server: Server) -> tuple[str, ...]:
    """
    Ids are drawn inside an INSERT, which waits for the lock: none is drawn between reading MAX(id) and setval.

    YugabyteDB locks no table (0A000 "SHARE ROW EXCLUSIVE not supported yet", data: errors/single_session.json).
    """
    lock = ("LOCK TABLE kine IN SHARE ROW EXCLUSIVE MODE",) if server.can("lock_table") else ()
    return *lock, raise_above(sequence, sequence)


def raise_above(sequence: str, former: str) -> str:
    """Beyond every id there is and every id that the sequence it replaces has given."""
    newest = f"GREATEST((SELECT MAX(id) FROM kine), (SELECT last_value FROM {identifier(former)}))"
    return f"SELECT setval({literal(identifier(sequence))}, {newest})"


def set_setting(database: str, name: str, value: str) -> str:
    return f"ALTER DATABASE {identifier(database)} SET {identifier(name)} = {literal(value)}"


def note_settings() -> str:
    """
    The server's time, as the table's comment: no catalog tells since when a database has its settings.

    A role that owns the table may write it; the settings of a database cannot hold it for less than a superuser.
    """
    text = f"format('COMMENT ON TABLE {TABLE} IS %L', '{SETTINGS_SINCE}' || to_char(now() AT TIME ZONE 'UTC', "
    return f'DO $note$ BEGIN EXECUTE {text}\'YYYY-MM-DD"T"HH24:MI:SS"Z"\')); END $note$'


def reset_setting(database: str, name: str) -> str:
    return f"ALTER DATABASE {identifier(database)} RESET {identifier(name)}"


def schema(server: Server, template: str, /, **values: object) -> str:
    """A template of templates/schema, the variant of the server."""
    file = variant(folder("templates") / "schema", template, server)
    return render(f"schema/{file}", **values).rstrip()
