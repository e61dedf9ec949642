from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Connections
from kinetune.model.finding import Remark, Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule
from kinetune.rules.words import percent

FULL = 0.8  # of what is not reserved; a restart of K3s opens its pool anew while the old one still closes
DO = "lower --datastore-max-open-connections of each K3s server, or raise max_connections and restart the database"


@rule("KT701", Severity.WARNING)
def connection_budget(connections: Connections, limits: Limits) -> Iterator[Remark]:
    """
    The server has a connection for everything that Kine may ask for.

    Why it matters
        Kine opens as many connections as it likes unless --datastore-max-open-connections says otherwise. When the
        last is gone, `remaining connection slots are reserved`: the API server gets errors for reads and writes, leases
        cannot be renewed, controllers lose their leadership (k3s#9264, k3s#8216). Too many at once cost the server its
        memory.

    What to do
        Bound each Kine: --datastore-max-open-connections=20 is plenty for a K3s server. Say bound and servers in
        kinetune.toml ([check.limits] pool and servers), and the gate does the sum: pool × servers beside what others
        use now, against max_connections without those reserved for superusers.

    When to ignore
        Kine's connections spread over several YugabyteDB nodes: max_connections is each node's own.

    Source
        pg_stat_activity and max_connections; docs/facts/kine.md §7.
    """
    usable = max(connections.most - connections.reserved, 1)
    promised = _promised(connections, limits, usable)
    if promised:
        yield promised
    elif connections.used > FULL * usable:
        yield Remark(
            on="max_connections",
            says=f"{connections.used} of {usable} connections are in use now, {connections.in_store} of them in this "
            "database: the next K3s server may find none",
            do=DO,
            severity=Severity.ERROR if connections.used >= usable else Severity.WARNING,
        )


def _promised(connections: Connections, limits: Limits, usable: int) -> Remark | None:
    """What all Kines may open at once, beside what others use now."""
    servers = max(limits.servers, 1)
    others = max(connections.used - connections.in_store, 0)
    needed = limits.pool * servers + others
    if not limits.pool or needed <= FULL * usable:
        return None
    return Remark(
        on="max_connections",
        says=f"{servers} × {limits.pool} connections of Kine and {others} of others are "
        f"{percent(needed, usable)} of the {usable} there are",
        do=DO,
        severity=Severity.ERROR if needed > usable else Severity.WARNING,
    )
