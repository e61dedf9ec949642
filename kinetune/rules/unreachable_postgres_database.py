from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import ASKS_POSTGRES_FIRST, describe_release
from kinetune.model.facts import Facts, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.quoting import identifier
from kinetune.rules.rule import rule

UPGRADE = "upgrade to Kine v0.11.4 or newer (K3s 1.28.7, 1.29.2)"


@rule("KT618", Severity.ERROR)
def unreachable_postgres_database(kine: KineRelease, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    This Kine release cannot connect to the database postgres.

    Why it matters
        Kine v0.11.0 to v0.11.2 (K3s 1.28.4 to 1.28.6, 1.29.0 and 1.29.1) connects to the database `postgres` first, to
        find out whether the database of the endpoint must be created. If it cannot, it exits: `building kine: …
        database "postgres" does not exist (SQLSTATE 3D000)`, or `no pg_hba.conf entry … database "postgres"`.

    What to do
        Upgrade to v0.11.4 or newer, which continues without it. Or create that database, let it accept connections, and
        GRANT CONNECT ON DATABASE postgres to Kine's role.

    When to ignore
        Never with these releases.

    Source
        docs/facts/kine.md §9.5; k3s#9033, k3s#9109. The rules of pg_hba.conf are not checked.
    """
    if ASKS_POSTGRES_FIRST.applies_to(kine) is not True:
        return
    if isinstance(facts.endpoint, Unknown):
        yield facts.endpoint
    elif facts.endpoint.postgres:
        yield Remark(
            on="database postgres",
            says=f"{describe_release(kine)} connects to the database postgres first and exits: "
            f"{facts.endpoint.postgres}",
            do=f"{UPGRADE}, or {_choose_remedy(facts.endpoint.postgres, facts.role.name)}",
        )


def _choose_remedy(why: str, role: str) -> str:
    if "exist" in why:
        return "CREATE DATABASE postgres"
    if "accepts" in why:
        return "ALTER DATABASE postgres ALLOW_CONNECTIONS true"
    return f"GRANT CONNECT ON DATABASE postgres TO {identifier(role)}"
