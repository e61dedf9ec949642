from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_percent
from kinetune.kine.pool import bound
from kinetune.kine.traits import WRITES_OUTSIDE_ITS_TRANSACTION, named
from kinetune.model.facts import Connections, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule

ADVISED = 10
FULL = 0.8  # of what is not reserved; a restart of K3s opens its pool anew while the old one still closes
MORE = "raise max_connections and restart the database"


@rule("KT701", Severity.WARNING)
def connection_budget(connections: Connections, limits: Limits, release: KineRelease | None) -> Iterator[Remark]:
    """
    The server has a connection for everything that Kine may ask for.

    Why it matters
        Kine opens as many connections as it likes unless it was given a bound. When the last is gone, `remaining
        connection slots are reserved`: the API server gets errors for reads and writes, leases cannot be renewed,
        controllers lose their leadership (k3s#9264, k3s#8216). Too many at once cost the server its memory.

    What to do
        Bound each Kine: 20 is plenty for a K3s server. K3s has no flag for it: write
        KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20 into /etc/systemd/system/k3s.service.env and restart it (Kine v0.14.1 or
        newer inside). Kine by itself takes --datastore-max-open-connections=20. v0.16.6 and v0.17.3 to v0.17.5 stop at
        a bound (KT603): there raise max_connections. Say bound and servers in kinetune.toml ([check.limits] pool and
        servers), and the gate does the sum: pool × servers beside what others use now, against max_connections without
        those reserved for superusers.

    When to ignore
        Kine's connections spread over several YugabyteDB nodes: max_connections is each node's own.

    Source
        pg_stat_activity and max_connections; docs/facts/kine.md §7 and §9.2.
    """
    usable = max(connections.most - connections.reserved, 1)
    do = _do(release)
    promised = _promised(connections, limits, usable, do)
    if promised:
        yield promised
    elif connections.used > FULL * usable:
        yield Remark(
            on="max_connections",
            says=f"{connections.used} of {usable} connections are in use now, {connections.in_store} of them in this "
            "database: the next K3s server may find none",
            do=do,
            severity=Severity.ERROR if connections.used >= usable else Severity.WARNING,
        )


def _do(kine: KineRelease | None) -> str:
    """A bound stops the writes of some releases (KT603)."""
    if kine and WRITES_OUTSIDE_ITS_TRANSACTION.of(kine) is not False:
        return f"{MORE}: {named(kine)} stops at a bound (KT603)"
    return f"{bound(ADVISED, kine=kine)}, or {MORE}"


def _promised(connections: Connections, limits: Limits, usable: int, do: str) -> Remark | None:
    """What all Kines may open at once, beside what others use now."""
    servers = max(limits.servers, 1)
    others = max(connections.used - connections.in_store, 0)
    needed = limits.pool * servers + others
    if not limits.pool or needed <= FULL * usable:
        return None
    return Remark(
        on="max_connections",
        says=f"{servers} × {limits.pool} connections of Kine and {others} of others are "
        f"{format_percent(needed, usable)} of the {usable} there are",
        do=do,
        severity=Severity.ERROR if needed > usable else Severity.WARNING,
    )
