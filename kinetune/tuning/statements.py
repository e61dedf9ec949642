"""
The SQL statements of scripts, for a server. Every name passes quoting.identifier, every text quoting.literal.

Where a parameter is called a quoted name, its caller has quoted it, because it may include a schema.
"""

from __future__ import annotations

from kinetune.kine.schema import TABLE
from kinetune.kine.table_shape import SETTINGS_SINCE
from kinetune.model.facts import Column, Index, Sequence
from kinetune.model.server import Server
from kinetune.quoting import identifier, literal
from kinetune.rendering import render_template
from kinetune.resources import data_folder
from kinetune.servers.identification import select_variant
from kinetune.tuning.target import TargetSchema

END_IDLE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' "
    "AND pid <> pg_backend_pid() AND application_name NOT LIKE 'kinetune/%'"
)
"""
Ends idle sessions only. If a session is ended during a write, some releases of Kine acknowledge the write although it
is lost (KT601).
"""


def create_database(name: str) -> str:
    return f"CREATE DATABASE {identifier(name)}"


def drop_database(name: str, *, force: bool = False) -> str:
    """`force` ends all sessions in the database first."""
    return f"DROP DATABASE {identifier(name)}{' WITH (FORCE)' if force else ''}"


def drop_object(kind: str, *name: str) -> str:
    """Drop a table, index, sequence or schema. Fails if other objects depend on it (RESTRICT is the default)."""
    return f"DROP {kind.upper()} {'.'.join(map(identifier, name))}"


def lock_table(table: str) -> str:
    """Wait for all transactions on the table (a quoted name) and keep others out."""
    return f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"


def require_newest(table: str, newest: int | None) -> str:
    """Fails with KT001 if the newest revision is not the one that the user confirmed."""
    body = (
        f"BEGIN\n  IF (SELECT MAX(id) FROM {table}) IS DISTINCT FROM {'NULL' if newest is None else newest} THEN\n"
        "    RAISE 'kine has been written to' USING ERRCODE = 'KT001';\n  END IF;\nEND"
    )
    return f"DO {literal(body)}"


def own_sequence(sequence: str, table: str) -> str:
    """Make the table own the sequence (both quoted names): it is then dropped together with the table."""
    return f"ALTER SEQUENCE {sequence} OWNED BY {table}.id"


def create_plain_table(columns: tuple[Column, ...], key: Index, table: str, server: Server) -> str:
    """Create a table (a quoted name) with these columns and this primary key, without a sequence."""
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
    Create a sequence (a quoted name) that belongs to the column id of the table from the beginning.

    So an interrupted run leaves no sequence without a table, and on YugabyteDB no ALTER SEQUENCE is needed later, which
    could raise its cache (docs/facts/recorded.md §4). A table of another role cannot own it; `table` is then empty.
    With `again` the sequence may exist already.
    """
    owned = f" OWNED BY {table}.id" if table else ""
    return (
        f"CREATE SEQUENCE {'IF NOT EXISTS ' if again else ''}{name} AS {sequence.type} "
        f"INCREMENT BY {sequence.increment} CACHE {sequence.cache}{owned}"
    )


def set_id_default(sequence: str, table: str) -> str:
    return f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval({literal(sequence)}::regclass)"


def set_sequence_value(sequence: str, last: int) -> str:
    return f"SELECT setval({literal(sequence)}, {last})"


def set_sequence_to_newest(sequence: str, table: str) -> str:
    """Without effect for a table (a quoted name) that has no rows."""
    return f"SELECT setval({literal(sequence)}, (SELECT MAX(id) FROM {table}))"


def comment_on_table(table: str, text: str) -> str:
    return f"COMMENT ON TABLE {table} IS {literal(text)}"


def remove_comment(table: str) -> str:
    return f"COMMENT ON TABLE {table} IS NULL"


def change_owner(role: str, table: str) -> str:
    return f"ALTER TABLE {table} OWNER TO {identifier(role)}"


def grant_privilege(privilege: str, name: str, role: str) -> str:
    """Grant on a table (a quoted name) or on a sequence (`SEQUENCE` and a quoted name). An empty role means PUBLIC."""
    return f"GRANT {privilege} ON {name} TO {identifier(role) if role else 'PUBLIC'}"


def rename_table(table: str, name: str) -> str:
    return f"ALTER TABLE {table} RENAME TO {identifier(name)}"


def create_table(target: TargetSchema, server: Server) -> str:
    return render_statement(server, "create_table", columns=target.columns, primary_key=target.primary_key)


def create_side_table(target: TargetSchema, server: Server, table: str) -> str:
    """Create a table (a quoted name) that will be renamed to kine: no indexes, and no default for its ids."""
    return render_statement(
        server, "create_side_table", columns=target.columns, primary_key=target.primary_key, table=table
    )


def drop_if_unused(table: str) -> str:
    """Drop the table unless it has a row that Kine may have written. Kine's ids start at 1, planted ones are lower."""
    return _unless_found(f"SELECT 1 FROM {identifier(table)} WHERE id > 0", table, drop_table(table))


def drop_if_empty(table: str) -> str:
    return _unless_found(f"SELECT 1 FROM {identifier(table)}", table, drop_table(table))


def rename_if_empty(table: str, name: str) -> str:
    """
    Rename the table if it has no row. Check and rename are one statement: in two, psql would continue after the failed
    check, and a table with planted rows would become kine.
    """
    return _unless_found(f"SELECT 1 FROM {identifier(table)}", table, rename_table(table, name))


def _unless_found(rows: str, table: str, then: str) -> str:
    raised = f"RAISE EXCEPTION '{table} has rows' USING ERRCODE = 'KT005'"
    return f"DO $unless$ BEGIN IF EXISTS ({rows}) THEN {raised}; END IF; {then}; END $unless$"


def primary_key_constraint(target: TargetSchema, server: Server) -> str:
    """The primary key as a constraint of CREATE TABLE. YugabyteDB needs its order here, because it cannot change it."""
    key = target.primary_key
    order = f" {key.keys[0].order.upper()}" if server.can("range_sharding") else ""
    return f"CONSTRAINT {identifier(key.name)} PRIMARY KEY (id{order})"


def create_index(index: Index, server: Server, name: str = "", *, online: bool = False) -> str:
    """Create an index on kine. `online` does not block writes, but it cannot run in a transaction."""
    return render_statement(server, "create_index", index=index, name=name or index.name, online=online, table=TABLE)


def create_index_on(table: str, index: Index, server: Server) -> str:
    """Create an index on a table (a quoted name) that is not in use, so it is not built online."""
    return render_statement(server, "create_index", index=index, name=index.name, online=False, table=table)


def drop_index(name: str, server: Server) -> str:
    """Drop an index without blocking writes, where possible: YugabyteDB rejects CONCURRENTLY (recorded.md §3)."""
    online = "CONCURRENTLY " if server.can("index_concurrently") else ""
    return f"DROP INDEX {online}{identifier(name)}"


def rename_index(old: str, new: str) -> str:
    return f"ALTER INDEX {identifier(old)} RENAME TO {identifier(new)}"


def rename_constraint(old: str, new: str, table: str = TABLE) -> str:
    """`table` is a quoted name."""
    return f"ALTER TABLE {table} RENAME CONSTRAINT {identifier(old)} TO {identifier(new)}"


def drop_default(table: str) -> str:
    return f"ALTER TABLE {identifier(table)} ALTER COLUMN id DROP DEFAULT"


def drop_table(name: str) -> str:
    return f"DROP TABLE {identifier(name)}"


def change_types(columns: tuple[Column, ...]) -> str:
    """All columns in one statement, so that the table is rewritten only once."""
    changes = (
        f"ALTER COLUMN {identifier(column.name)} TYPE {column.type}" + (' COLLATE "C"' if column.collation else "")
        for column in columns
    )
    return "ALTER TABLE kine " + ", ".join(changes)


def rename_sequence(old: str, new: str) -> str:
    """
    ALTER TABLE works for a sequence on both servers; YugabyteDB rejects ALTER SEQUENCE … RENAME
    (tests/data/yugabytedb/sequences/made_under_flag_1_now_default_100.json).
    """
    return f"ALTER TABLE {identifier(old)} RENAME TO {identifier(new)}"


def change_sequence(wanted: Sequence) -> str:
    owner = ".".join(map(identifier, wanted.owned_by or ())) or "NONE"
    return (
        f"ALTER SEQUENCE {identifier(wanted.name)} AS {wanted.type} "
        f"INCREMENT BY {wanted.increment} CACHE {wanted.cache} OWNED BY {owner}"
    )


def raise_sequence(sequence: str, server: Server) -> tuple[str, ...]:
    """
    Lock the table if possible, then raise the sequence above MAX(id). Kine takes ids inside INSERT, which waits for the
    lock, so no id is taken between the reading of MAX(id) and setval.

    YugabyteDB has no such lock (0A000 "SHARE ROW EXCLUSIVE not supported yet", single_session.json in
    tests/data/yugabytedb/errors).
    """
    # It blocks writes and lets reads continue.
    lock = ("LOCK TABLE kine IN SHARE ROW EXCLUSIVE MODE",) if server.can("lock_table") else ()
    return *lock, raise_sequence_above(sequence, sequence)


def raise_sequence_above(sequence: str, former: str) -> str:
    """Raise the sequence above every id in kine and every id that the former sequence has given."""
    # Kine may have taken ids whose rows were rolled back or compacted, so MAX(id) alone is too low.
    newest = f"GREATEST((SELECT MAX(id) FROM kine), (SELECT last_value FROM {identifier(former)}))"
    return f"SELECT setval({literal(identifier(sequence))}, {newest})"


def set_setting(database: str, name: str, value: str) -> str:
    return f"ALTER DATABASE {identifier(database)} SET {identifier(name)} = {literal(value)}"


def note_settings() -> str:
    """
    Record the server's time in the table's comment, because no catalog shows when a database got its settings.

    The owner of the table may write a comment on it. A custom setting of the database could hold the time too, but only
    a superuser may set one.
    """
    text = f"format('COMMENT ON TABLE {TABLE} IS %L', '{SETTINGS_SINCE}' || to_char(now() AT TIME ZONE 'UTC', "
    return f'DO $note$ BEGIN EXECUTE {text}\'YYYY-MM-DD"T"HH24:MI:SS"Z"\')); END $note$'


def reset_setting(database: str, name: str) -> str:
    return f"ALTER DATABASE {identifier(database)} RESET {identifier(name)}"


def render_statement(server: Server, template: str, /, **values: object) -> str:
    """A template of templates/schema, in the variant for this server."""
    file = select_variant(data_folder("templates") / "schema", template, server)
    return render_template(f"schema/{file}", **values).rstrip()
