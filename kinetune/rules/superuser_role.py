from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import identifier
from kinetune.rules.rule import rule


@rule("KT801", Severity.WARNING)
def superuser_role(facts: Facts) -> Iterator[Remark]:
    """
    The endpoint's role is no superuser.

    Why it matters
        The endpoint stands with its password in the configuration of every K3s server. Whoever reads it owns the whole
        database server, runs programs on its host, and reads every other database. Kine needs none of that: CONNECT,
        and CREATE on its schema, are enough (measured, docs/facts/kine.md §3).

    What to do
        Give Kine a role of its own that owns its database and table, and put it into the endpoint. CREATEDB is needed
        only where Kine shall create the database.

    When to ignore
        A trial: kinetune embedded and kinetune demo run as postgres. The endpoint is the administrator's, and Kine has
        another: check with Kine's.

    Source
        pg_roles.rolsuper of the role in use.
    """
    if facts.role.superuser:
        yield Remark(
            on=facts.role.name,
            says="is a superuser: an endpoint that leaks gives away the whole database server, not one cluster",
            do=_hand_over(facts),
        )


def _hand_over(facts: Facts) -> str:
    """A role without a password, which the administrator sets with \\password: none is ever written here."""
    database, owner = identifier(facts.database), facts.table.owner if facts.table else None
    if owner not in (None, facts.role.name):
        return f"use the role {owner}, whose table it is, in Kine's endpoint"
    statements = ["CREATE ROLE kine LOGIN", f"ALTER DATABASE {database} OWNER TO kine"]
    if facts.table is not None:
        statements.append(f"ALTER TABLE {identifier(facts.table.schema)}.kine OWNER TO kine")
    return "; ".join(statements) + "; \\password kine; then use that role in Kine's endpoint"
