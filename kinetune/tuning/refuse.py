"""What kinetune will not touch, because it is not Kine's."""

from __future__ import annotations

from kinetune.kine.schema import COLUMNS, TABLE
from kinetune.model.facts import Facts, Relation
from kinetune.model.failure import Refused
from kinetune.model.schema import Order
from kinetune.tuning.names import known_types
from kinetune.tuning.target import Target

KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "p": "a partitioned table",
    "S": "a sequence",
}
LEAVE = "nothing was changed; name another database in the endpoint, or move that relation away"


def refuse_strangers(facts: Facts) -> None:
    """Raise Refused when the relation kine is not Kine's table."""
    table = facts.table
    if table is None:
        return
    where = f"{table.schema}.{TABLE} in database {facts.database}"
    if table.kind != "r":
        raise Refused(f"{where} is {KINDS.get(table.kind, 'not a table')}, not Kine's table", LEAVE)
    if wrong := _wrong_shape(table):
        raise Refused(f"{where} is not Kine's table: {wrong}", LEAVE)


def refuse_resharding(facts: Facts, table: Relation, target: Target) -> None:
    """Raise Refused when the target wants the ids sharded otherwise than they are: the table would be rebuilt."""
    seen = table.primary_key and table.primary_key.index.keys[0].order is Order.HASH
    wanted = target.primary_key.keys[0].order is Order.HASH
    if seen != wanted:
        raise Refused(
            f"{table.schema}.{TABLE} in database {facts.database} is sharded by {'hash' if seen else 'range'}, "
            f"{target.profile} is not; rebuilding an existing YugabyteDB store is not in this release",
            "prepare an empty database with kinetune init and move the store there",
        )


def _wrong_shape(table: Relation) -> str:
    for wanted in COLUMNS:
        seen = table.column(wanted.name)
        if seen is None:
            return f"it has no column {wanted.name}"
        if seen.type not in known_types(wanted.name):
            return f"its column {wanted.name} is {seen.type}, Kine's is {wanted.type}"
    if table.primary_key is None or [key.column for key in table.primary_key.index.keys] != ["id"]:
        return "its primary key is not (id)"
    if table.sequence is None:
        return "its column id does not draw from a sequence"
    return ""
