"""What kinetune will not touch, because it is not Kine's."""

from __future__ import annotations

from kinetune.kine.schema import TABLE
from kinetune.kine.shape import BEFORE, COPY, oddities, overlooked, strange_columns, stranger
from kinetune.model.facts import Facts
from kinetune.model.failure import Refused
from kinetune.quoting import identifier

LEAVE = "nothing was changed; name another database in the endpoint"
UNTUNED = "nothing was changed: Kine works on it as it is; explain and check read it"


def refuse_strangers(facts: Facts) -> None:
    """Raise Refused when no Kine works with the server, or with the relation kine."""
    table = facts.table
    if facts.server.unsupported:
        raise Refused(f"{facts.server} is not supported by Kine (KT412)", "use PostgreSQL or YugabyteDB")
    if table is None:
        return
    if why := stranger(table):
        raise Refused(f"{table.schema}.{TABLE} in database {facts.database} {why}", LEAVE)


def refuse_odd(facts: Facts) -> None:
    """Raise Refused for a stranger, and for a table that Kine takes and kinetune would have to build anew to tune."""
    refuse_strangers(facts)
    if facts.table and (odd := list(oddities(facts.table))):
        raise Refused(f"kinetune does not tune {facts.table.schema}.{TABLE}: it {', and it '.join(odd)}", UNTUNED)


def refuse_overlooked(facts: Facts) -> None:
    """Raise Refused where Kine would find no table in the schema in which it makes its own, and begin an empty one."""
    if (step := overlooked(facts)) and facts.table:
        here, there = identifier(facts.table.schema), identifier(facts.role.schema or "")
        raise Refused(
            f"{TABLE} is in schema {here}, but as {facts.role.name} Kine makes its table in {there}: an empty one", step
        )


def refuse_halfway(facts: Facts) -> None:
    """Raise Refused where tables of a rebuild are there in a way that no interruption of it leaves."""
    copy, former = COPY in facts.beside, BEFORE in facts.beside
    if facts.table is None and former and not copy:
        raise Refused(
            f"there is no table {TABLE} in database {facts.database}, but {BEFORE}, which was put aside",
            f"if it is to be {TABLE} again: ALTER TABLE {BEFORE} RENAME TO {TABLE}",
        )
    if facts.table is None and copy and not former:
        raise Refused(
            f"there is no table {TABLE} in database {facts.database}, but {COPY}, which may be a part of it",
            f"give the table that was {TABLE} its name back, or DROP TABLE {COPY}",
        )
    if facts.table is not None and copy and former:
        raise Refused(
            f"{TABLE}, {COPY} and {BEFORE} are all there: a Kine started during a rebuild has made a new {TABLE}",
            f"stop Kine; if nothing in it is worth keeping, DROP TABLE {TABLE}, and run kinetune init again",
        )


def refuse_rebuild(facts: Facts) -> None:
    """Raise Refused where building kine anew would lose something that hangs on it, or an older copy of it."""
    table = facts.table
    if table is None:
        return
    if BEFORE in facts.beside:
        raise Refused(f"{BEFORE} of an earlier rebuild is still there", "drop it with kinetune init --finish")
    lost = [*(f"the column {column.name}" for column in strange_columns(table)), *table.attached]
    if lost:
        raise Refused(
            f"{TABLE} has to be built anew and would lose {', '.join(lost)}, which no Kine makes",
            "nothing was changed; drop that first, and make it again afterwards",
        )
