from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import CRASHES_BEHIND_PGBOUNCER, PREPARES_STATEMENTS
from kinetune.model.configuration import Configuration
from kinetune.model.facts import KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.invalid_endpoint import explain_no_endpoint
from kinetune.rules.rule import rule

DO = "use the server itself, or add default_query_exec_mode=exec to the endpoint"


@rule("KT609", Severity.WARNING)
def pooler_endpoint(configuration: Configuration, release: KineRelease | None) -> Iterator[Remark | Unknown]:
    """
    An endpoint in the configuration files looks like that of a connection pooler.

    Why it matters
        Kine v0.10.0 and newer keeps prepared statements on each connection; a pooler in transaction mode loses them
        (`prepared statement "stmtcache_56" does not exist`, k3s#7808). K3s with Kine v0.16.1 or newer panics behind
        PgBouncer with any setting (KT604, k3s#14525).

    What to do
        Use the server itself in the endpoint: Kine has its own pool. Or add default_query_exec_mode=exec to the
        endpoint, for releases up to v0.16.0.

    When to ignore
        The pooler is in session mode, or supports prepared statements and Kine is older than v0.16.1; or port 6432 or
        6543 does not belong to a pooler.

    Source
        docs/facts/kine.md §3 and §7. A pooler is recognized by the host name, by port 6432 of PgBouncer, or by port
        6543 of Supabase.
    """
    has_endpoint = False
    for part in configuration.parts:
        if part.endpoint is None:
            continue
        has_endpoint = True
        pooler = part.endpoint.pooler
        crashes = release is not None and CRASHES_BEHIND_PGBOUNCER.applies_to(release) is True
        prepares = release is None or PREPARES_STATEMENTS.applies_to(release) is not False
        if pooler and (crashes or (prepares and part.endpoint.prepares)):
            follows = "K3s panics shortly after its start" if crashes else "prepared statements are lost"
            yield Remark(
                on=part.name,
                says=f"the endpoint looks like that of a pooler ({pooler}): {follows}",
                do="use the server itself" if crashes else DO,
                severity=Severity.ERROR if crashes else None,
                place=part.endpoint.place,
            )
    if not has_endpoint:
        yield explain_no_endpoint(configuration)
