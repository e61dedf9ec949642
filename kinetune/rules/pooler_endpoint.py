from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import CRASHES_BEHIND_PGBOUNCER, PREPARES_STATEMENTS
from kinetune.model.configuration import Configuration
from kinetune.model.facts import KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.endpoint_form import no_endpoint
from kinetune.rules.rule import rule

DO = "name the server itself, or add default_query_exec_mode=exec to the endpoint"


@rule("KT609", Severity.WARNING)
def pooler_endpoint(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    No endpoint in the files leads Kine's prepared statements through a pooler.

    Why it matters
        Kine from v0.10.0 on keeps prepared statements on each connection; a pooler that pools by transaction loses them
        (`prepared statement "stmtcache_56" does not exist`, k3s#7808). From v0.16.1 on K3s panics behind PgBouncer
        whatever its settings (KT604, k3s#14525).

    What to do
        Let the endpoint name the server: Kine pools by itself. Or add default_query_exec_mode=exec to it, for releases
        up to v0.16.0.

    When to ignore
        The pooler pools by session, or keeps prepared statements and Kine is older than v0.16.1; or port 6432 or 6543
        is not a pooler's.

    Source
        docs/facts/kine.md §3 and §7. A pooler is recognised by the host's name, by PgBouncer's port 6432, or by
        Supabase's 6543.
    """
    seen = False
    for part in configuration.parts:
        if part.endpoint is None:
            continue
        seen = True
        pooler = part.endpoint.pooler
        crashes = release is not None and CRASHES_BEHIND_PGBOUNCER.of(release) is True
        prepares = release is None or PREPARES_STATEMENTS.of(release) is not False
        if pooler and (crashes or (prepares and part.endpoint.prepares)):
            follows = "K3s panics there shortly after its start" if crashes else "prepared statements get lost there"
            yield Remark(
                on=part.name,
                says=f"the endpoint looks like a pooler's by {pooler}: {follows}",
                do="name the server itself" if crashes else DO,
                severity=Severity.ERROR if crashes else None,
                place=part.endpoint.place,
            )
    if not seen:
        yield no_endpoint(configuration)
