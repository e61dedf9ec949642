from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import CRASHES_BEHIND_PGBOUNCER, describe_release
from kinetune.model.facts import Facts, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.rule import rule


@rule("KT604", Severity.ERROR)
def pooler_crash(kine: KineRelease, limits: Limits, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Kine v0.16.1 or newer connects through PgBouncer.

    Why it matters
        K3s with such a Kine panics about twenty seconds after its start if its datastore is a PgBouncer, with a new or
        an existing database, although that PgBouncer (1.25) supported prepared statements (k3s#14525). The server never
        becomes ready, so an upgrade of K3s stops at the first server.

    What to do
        Connect K3s directly to the server. Or stay on Kine up to v0.15.0 (K3s v1.34.8, v1.35.5, v1.36.1) until it is
        fixed.

    When to ignore
        It works and was restarted since the upgrade. A pooler that may not be PgBouncer is a warning only.

    Source
        docs/facts/kine.md §7: k3s#14525 and the releases of its reporter; not reproduced. A pooler is detected by a
        backend process id that is not the server's; only you know which one it is ([check.limits] pgbouncer = true).
    """
    crashes = CRASHES_BEHIND_PGBOUNCER.applies_to(kine)
    if crashes is False:
        return
    connections = facts.connections
    # If the user configured PgBouncer, the observation is not needed.
    if not limits.pgbouncer and isinstance(connections, Unknown):
        yield connections
    elif limits.pgbouncer or (not isinstance(connections, Unknown) and connections.pooler):
        maybe = "if it is v0.16.1 or newer (set --kine): " if crashes is None else ""
        pooler = "PgBouncer" if limits.pgbouncer else "a pooler, perhaps PgBouncer"
        yield Remark(
            on=describe_release(kine),
            says=f"{maybe}connects through {pooler}: K3s panics shortly after its start (k3s#14525)",
            do="set --datastore-endpoint to the server itself",
            severity=Severity.ERROR if limits.pgbouncer and crashes else Severity.WARNING,
        )
