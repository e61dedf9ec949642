"""Commands and statements that several remedies contain."""

from __future__ import annotations

from kinetune.kine.table_shape import find_deviations
from kinetune.model.facts import Facts, Order, Relation
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier, literal
from kinetune.servers.sequence_flag import SEQUENCE_FLAG

REBUILD = "stop Kine; kinetune init --allow REBUILD; start Kine"
UNTUNED = "kinetune does not tune this table (KT101)"
SET_SEQUENCE_FLAG = f"restart every tserver with --{SEQUENCE_FLAG}=1"


def init_command(table: Relation) -> str:
    """
    The call of `kinetune init` that changes the indexes of this table.

    Hash-sharded ids require a rebuild with Kine stopped. init does not change a table that deviates from Kine's own.
    """
    if any(find_deviations(table)):
        return UNTUNED
    return REBUILD if is_hash_sharded(table) else "kinetune init"


def needs_manual_change(table: Relation) -> bool:
    """Whether `kinetune init` does not change single indexes of this table."""
    return is_hash_sharded(table) or any(find_deviations(table))


def type_change_command(server: Server, table: Relation) -> str:
    """
    How to change column types to those of the current Kine.

    YugabyteDB cannot change the types of a range-sharded table (docs/facts/measured.md §7), so the table is rebuilt.
    """
    if any(find_deviations(table)):
        return UNTUNED
    if server.flavour is Flavour.YUGABYTEDB:
        return REBUILD
    return "stop Kine; kinetune init --allow COLUMN_TYPES; start Kine"


def sequence_change_command(server: Server) -> str:
    """
    How to change the options of the sequence.

    On YugabyteDB every ALTER SEQUENCE sets the cache to at least the flag of the tserver (docs/facts/measured.md §7).
    """
    if server.flavour is Flavour.YUGABYTEDB:
        return f"{SET_SEQUENCE_FLAG}; kinetune init --allow SEQUENCE_CACHE"
    return "kinetune init"


def drop_index_statement(name: str, server: Server, table: Relation) -> str:
    """DROP INDEX without blocking writers where the server supports it. A partitioned table does not."""
    concurrently = server.can("index_concurrently") and table.kind == "r"
    return f"DROP INDEX {'CONCURRENTLY ' if concurrently else ''}{identifier(name)}"


def is_hash_sharded(table: Relation) -> bool:
    """Whether the ids are sharded by hash, as in a table that Kine itself created on YugabyteDB."""
    return table.primary_key is not None and table.primary_key.index.keys[0].order is Order.HASH


def set_in_database(facts: Facts, name: str, value: str) -> str:
    """The statement that changes a setting for every new session of this database, also for those of Kine."""
    return f"ALTER DATABASE {identifier(facts.database)} SET {identifier(name)} = {literal(value)}"


def qualified_table(table: Relation) -> str:
    """The table kine with its schema, quoted where necessary."""
    return f"{identifier(table.schema)}.kine"
