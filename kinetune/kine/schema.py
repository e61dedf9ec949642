"""Kine's own schema (pkg/drivers/pgsql/pgsql.go of v0.17.5; eras: docs/facts/kine.md §1.1)."""

from __future__ import annotations

from kinetune.model.facts import Column, Index, Key, Order, Sequence

TABLE = "kine"
PRIMARY_KEY = Index("kine_pkey", (Key("id"),), unique=True)
SEQUENCE = Sequence("kine_id_seq", "bigint", cache=1, owned_by=(TABLE, "id"))

COLUMNS = (
    Column("id", "bigint"),
    Column("name", "text", collation="C"),
    Column("created", "integer"),
    Column("deleted", "integer"),
    Column("create_revision", "bigint"),
    Column("prev_revision", "bigint"),
    Column("lease", "integer"),
    Column("value", "bytea"),
    Column("old_value", "bytea"),
)
"""Since v0.13.0. Before: SERIAL and INTEGER (up to v0.11.4), VARCHAR(630) for name (up to v0.12.2)."""

UNIQUE = Index("kine_name_prev_revision_uindex", (Key("name"), Key("prev_revision")), unique=True)
LIST_QUERY = Index("kine_list_query_index", (Key("name"), Key("id", Order.DESC), Key("deleted")))
INDEXES = (
    Index("kine_name_index", (Key("name"),)),
    Index("kine_name_id_index", (Key("name"), Key("id"))),
    Index("kine_id_deleted_index", (Key("id"), Key("deleted"))),
    Index("kine_prev_revision_index", (Key("prev_revision"),)),
    UNIQUE,
    LIST_QUERY,
)
"""Kine v0.13.0 and newer creates these at every start if the name is free; older ones omit kine_list_query_index."""
