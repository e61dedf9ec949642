"""What kinetune will not touch, because it is not Kine's."""

from __future__ import annotations

from kinetune.kine.schema import TABLE
from kinetune.kine.shape import stranger
from kinetune.model.facts import Facts, Relation
from kinetune.model.failure import Refused
from kinetune.model.schema import Order
from kinetune.tuning.target import Target

LEAVE = "nothing was changed; name another database in the endpoint, or move that relation away"


def refuse_strangers(facts: Facts) -> None:
    """Raise Refused when the relation kine is not Kine's table."""
    table = facts.table
    if table is None:
        return
    if why := stranger(table):
        raise Refused(f"{table.schema}.{TABLE} in database {facts.database} {why}", LEAVE)


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
