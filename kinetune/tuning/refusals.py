"""
What forbids a change of the store: its present state, or a missing privilege of the role.

Privileges are checked before the first step: a script that stopped halfway for a missing one would leave the store half
changed. The error names the statement that grants the privilege.
"""

from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import TABLE
from kinetune.kine.table_shape import (
    BEFORE,
    COPY,
    describe_schema_fix,
    find_deviations,
    find_unknown_columns,
    refuse_foreign_table,
)
from kinetune.model.facts import Facts, Relation
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.holdings import Holdings
from kinetune.model.script import Script
from kinetune.quoting import identifier

LEFT_AS_IS = "nothing was changed; Kine works with it as it is, and kinetune explain and check can read it"


def refuse_untunable(facts: Facts) -> None:
    """Raise Refused for a foreign table, and for one that Kine accepts but kinetune cannot tune without a rebuild."""
    refuse_foreign_table(facts)
    if facts.table and (deviations := list(find_deviations(facts.table))):
        raise Refused(
            f"kinetune does not tune {facts.table.schema}.{TABLE}: it {', and it '.join(deviations)}", LEFT_AS_IS
        )


def refuse_other_schema(facts: Facts) -> None:
    """Raise Refused if the table is not in the schema in which Kine, with this role, would create an empty one."""
    if (step := describe_schema_fix(facts)) and facts.table:
        schema, other = identifier(facts.table.schema), identifier(facts.role.schema or "")
        raise Refused(
            f"{TABLE} is in schema {schema}, but as role {facts.role.name} Kine would create an empty one in {other}",
            step,
        )


def refuse_inconsistent_rebuild(facts: Facts) -> None:
    """Raise Refused for a combination of tables that no interrupted rebuild leaves."""
    # Only four combinations occur in a rebuild: neither; the copy with kine; the copy with the former table (between
    # the renames); the former table with kine.
    copy, former = COPY in facts.beside, BEFORE in facts.beside
    if facts.table is None and former and not copy:
        raise Refused(
            f"database {facts.database} has no table {TABLE}, only {BEFORE}, the former table of a rebuild",
            f"to use it as {TABLE} again: ALTER TABLE {BEFORE} RENAME TO {TABLE}",
        )
    if facts.table is None and copy and not former:
        raise Refused(
            f"database {facts.database} has no table {TABLE}, only {COPY}, which may be an incomplete copy of it",
            f"rename the former table back to {TABLE}, or DROP TABLE {COPY}",
        )
    if facts.table is not None and copy and former:
        raise Refused(
            f"{TABLE}, {COPY} and {BEFORE} all exist: a Kine that started during a rebuild has created a new {TABLE}",
            f"stop Kine; if no row in the new one is needed, DROP TABLE {TABLE}, and run kinetune init again",
        )


def refuse_lossy_rebuild(facts: Facts) -> None:
    """Raise Refused if a rebuild of kine would lose something that depends on it, or a former table of it."""
    table = facts.table
    if table is None:
        return
    if BEFORE in facts.beside:
        raise Refused(
            f"{BEFORE}, the former table of an earlier rebuild, still exists",
            "drop it with kinetune init --drop-old-table",
        )
    # The copy has the columns of the target only, and triggers or foreign keys are not copied.
    lost = [*(f"the column {column.name}" for column in find_unknown_columns(table)), *table.attached]
    if lost:
        raise Refused(
            f"{TABLE} must be rebuilt and would lose {', '.join(lost)}, which Kine does not create",
            "nothing was changed; drop it first, and create it again afterwards",
        )


def require_privileges(facts: Facts, script: Script) -> None:
    """Raise CouldNotLook with the statement that helps, if the role may not run the script of `init`."""
    if (
        script
        and not facts.role.superuser
        and (missing := _missing_privilege(facts) or _missing_database_ownership(facts, script))
    ):
        cause, grant = missing
        raise CouldNotLook(f"role {facts.role.name} {cause}", f"ask the administrator for: {grant}")


def missing_ownership(table: Relation, role: str) -> tuple[str, str]:
    """The cause and the next step for a quoted role. The owner of the table does not change: Kine connects as it."""
    owner = table.owner or "its owner"
    return "does not own the table kine", f"GRANT {identifier(owner)} TO {role}, or connect as {owner}"


def _missing_database_ownership(facts: Facts, script: Script) -> tuple[str, str] | None:
    """ALTER DATABASE needs the owner of the database. An administrator can run these statements directly instead."""
    wanted = [text for step in script.steps for text in step.statements if text.startswith("ALTER DATABASE")]
    # Only these statements need the owner of the database; all others are on the table.
    if not wanted or facts.role.owns_database:
        return None
    return f"does not own the database {facts.database}", "; ".join(wanted)


def _missing_privilege(facts: Facts) -> tuple[str, str] | None:
    role, database = identifier(facts.role.name), identifier(facts.database)
    if not facts.database_exists:
        if facts.role.create_database:
            return None
        return f"may not create the database {facts.database}", f"CREATE DATABASE {database} OWNER {role}"
    if facts.table is not None and not facts.role.owns_table:
        return missing_ownership(facts.table, role)
    # New tables and indexes need CREATE on their schema.
    if not facts.role.may_create:
        schema = identifier(facts.role.schema or "public")
        return f"may not create tables in schema {schema}", f"GRANT CREATE ON SCHEMA {schema} TO {role}"
    return None


def require_drop_privileges(holdings: Holdings, script: Script) -> None:
    """Raise CouldNotLook with the statement that helps, if the role may not run the script of `drop`."""
    facts, role = holdings.facts, identifier(holdings.facts.role.name)
    if not script or facts.role.superuser:
        return
    if missing := next(_missing_drop_privileges(holdings, script, role), None):
        raise CouldNotLook(f"role {facts.role.name} {missing[0]}", f"ask the administrator for: {missing[1]}")


def _missing_drop_privileges(holdings: Holdings, script: Script, role: str) -> Iterator[tuple[str, str]]:
    facts = holdings.facts
    texts = [text for step in script.steps for text in step.statements]
    ours = [text for text in texts if text.startswith(("ALTER DATABASE", "DROP DATABASE"))]
    if ours and not facts.role.owns_database:
        yield f"does not own the database {facts.database}", "; ".join(ours)
    # Only settings or the database itself are changed, so ownership of the table does not matter.
    if len(ours) == len(texts):
        return
    if facts.table is not None and not facts.role.owns_table:
        yield missing_ownership(facts.table, role)
    for left in holdings.leftovers:
        if not left.owned:
            name = (
                identifier(left.name) if left.kind == "schema" else f"{identifier(left.schema)}.{identifier(left.name)}"
            )
            yield f"does not own the {left.kind} {name}", f"ALTER {left.kind.upper()} {name} OWNER TO {role}"
