"""Whether a role may run a script, and the GRANT that would let it."""

from __future__ import annotations

from kinetune.model.facts import Facts, Relation
from kinetune.model.failure import CouldNotLook
from kinetune.model.script import Script
from kinetune.quoting import identifier


def refuse_powerless(facts: Facts, script: Script) -> None:
    """Raise CouldNotLook naming the statement that helps, before anything is begun."""
    if script and not facts.role.superuser and (missing := _missing(facts) or _settings_missing(facts, script)):
        cause, grant = missing
        raise CouldNotLook(f"role {facts.role.name} {cause}", f"ask the administrator for: {grant}")


def not_the_owner(table: Relation, role: str) -> tuple[str, str]:
    """Cause, and what helps the quoted role. The table stays its owner's: Kine comes as that one."""
    owner = table.owner or "its owner"
    return "does not own the table kine", f"GRANT {identifier(owner)} TO {role}, or connect as {owner}"


def _settings_missing(facts: Facts, script: Script) -> tuple[str, str] | None:
    """ALTER DATABASE is its owner's: the administrator may as well run those statements himself."""
    wanted = [text for step in script.steps for text in step.statements if text.startswith("ALTER DATABASE")]
    if not wanted or facts.role.owns_database:
        return None
    return f"does not own the database {facts.database}", "; ".join(wanted)


def _missing(facts: Facts) -> tuple[str, str] | None:
    role, database = identifier(facts.role.name), identifier(facts.database)
    if not facts.database_exists:
        if facts.role.create_database:
            return None
        return f"may not create the database {facts.database}", f"CREATE DATABASE {database} OWNER {role}"
    if facts.table is not None and not facts.role.owns_table:
        return not_the_owner(facts.table, role)
    if not facts.role.may_create:
        schema = identifier(facts.role.schema or "public")
        return f"may not create tables in schema {schema}", f"GRANT CREATE ON SCHEMA {schema} TO {role}"
    return None
