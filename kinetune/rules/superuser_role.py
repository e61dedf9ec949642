from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import identifier
from kinetune.rules.rule import rule


@rule("KT801", Severity.WARNING)
def superuser_role(facts: Facts) -> Iterator[Remark]:
    """
    The endpoint's role is a superuser.

    Why it matters
        The endpoint and its password are in the configuration of every K3s server. With a superuser, a leaked endpoint
        gives access to the whole database server, lets programs run on its host, and reads every other database. Kine
        needs only CONNECT, and CREATE on its schema (measured, docs/facts/kine.md §3).

    What to do
        Create a role for Kine that owns its database and table, and use it in the endpoint. CREATEDB is needed only if
        Kine creates the database.

    When to ignore
        A trial: kinetune embedded and kinetune demo run as postgres. The endpoint is the administrator's, and Kine uses
        another role: check with that one.

    Source
        pg_roles.rolsuper of the role in use.
    """
    if facts.role.superuser:
        yield Remark(
            on=facts.role.name,
            says="is a superuser: a leaked endpoint gives access to the whole database server",
            do=_ownership_statements(facts),
        )


def _ownership_statements(facts: Facts) -> str:
    """Creates a role without a password; the administrator sets it with \\password, so that no output contains one."""
    database, owner = identifier(facts.database), facts.table.owner if facts.table else None
    # Another role already owns the table, so no ownership has to change.
    if owner not in (None, facts.role.name):
        return f"use role {owner}, the owner of the table, in Kine's endpoint"
    statements = ["CREATE ROLE kine LOGIN", f"ALTER DATABASE {database} OWNER TO kine"]
    if facts.table is not None:
        statements.append(f"ALTER TABLE {identifier(facts.table.schema)}.kine OWNER TO kine")
    return "; ".join(statements) + "; \\password kine; then use this role in Kine's endpoint"
