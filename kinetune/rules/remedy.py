"""What `kinetune init` can do for a store that is in use, as the words of a finding's last line."""

from __future__ import annotations

from kinetune.kine.shape import oddities
from kinetune.model.facts import Relation
from kinetune.model.schema import Order
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier

MOVE = "stop Kine, kinetune init --allow REBUILD, start Kine"
UNTUNED = "kinetune does not tune this table (KT101)"
FLAG = "restart every tserver with --ysql_sequence_cache_minval=1"


def init(table: Relation) -> str:
    """A table whose ids are sharded by hash has to be built anew, with Kine stopped; an odd one init leaves alone."""
    if any(oddities(table)):
        return UNTUNED
    return MOVE if hashed(table) else "kinetune init"


def by_hand(table: Relation) -> bool:
    """Whether `kinetune init` does not mend single indexes here."""
    return hashed(table) or any(oddities(table))


def change_types(server: Server, table: Relation) -> str:
    """YugabyteDB changes no type once the ids are range-sharded (measured.md §7): the table is built anew."""
    if any(oddities(table)):
        return UNTUNED
    if server.flavour is Flavour.YUGABYTEDB:
        return MOVE
    return "stop Kine; kinetune init --allow COLUMN_TYPES; start Kine"


def change_sequence(server: Server) -> str:
    """On YugabyteDB every ALTER SEQUENCE takes the cluster's cache (measured.md §7)."""
    if server.flavour is Flavour.YUGABYTEDB:
        return f"{FLAG}, then kinetune init --allow SEQUENCE_CACHE"
    return "kinetune init"


def drop_index(name: str, server: Server, table: Relation) -> str:
    """Without stopping writers where the server can: not of a partitioned table."""
    alone = server.can("index_concurrently") and table.kind == "r"
    return f"DROP INDEX {'CONCURRENTLY ' if alone else ''}{identifier(name)}"


def hashed(table: Relation) -> bool:
    return table.primary_key is not None and table.primary_key.index.keys[0].order is Order.HASH
