from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_percent
from kinetune.kine.pool_limit import describe_pool_limit
from kinetune.kine.releases import WRITES_OUTSIDE_ITS_TRANSACTION, describe_release
from kinetune.model.facts import Connections, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.rules.context import Limits
from kinetune.rules.rule import rule

ADVISED = 10
FULL = 0.8  # of what is not reserved; after a restart K3s opens a new pool while the old connections still close
MORE = "raise max_connections and restart the database"


@rule("KT701", Severity.WARNING)
def too_many_connections(connections: Connections, limits: Limits, release: KineRelease | None) -> Iterator[Remark]:
    """
    Kine may open more connections than the server has.

    Why it matters
        Kine opens any number of connections unless a limit is set. When none is left (`remaining connection slots are
        reserved`), the API server gets errors for reads and writes, leases are not renewed, and controllers lose their
        leadership (k3s#9264, k3s#8216). Too many connections at once also use up the memory of the server.

    What to do
        Limit each Kine: 20 is enough for a K3s server. K3s has no flag for it: add
        KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20 to /etc/systemd/system/k3s.service.env and restart K3s (with Kine v0.14.1
        or newer). Standalone Kine accepts --datastore-max-open-connections=20. v0.16.6 and v0.17.3 to v0.17.5 stop with
        a limit (KT603): raise max_connections instead. With pool and servers in [check.limits] of kinetune.toml the
        rule compares pool × servers, plus the connections of others, with max_connections without those reserved for
        superusers.

    When to ignore
        Kine's connections are distributed over several YugabyteDB nodes: max_connections applies to each node.

    Source
        pg_stat_activity and max_connections; docs/facts/kine.md §7 and §9.2.
    """
    usable = max(connections.most - connections.reserved, 1)
    do = _choose_remedy(release)
    # What Kine may open counts more than what it uses now: the pool grows during an incident.
    promised = _check_configured_limit(connections, limits, usable, do)
    if promised:
        yield promised
    elif connections.used > FULL * usable:
        yield Remark(
            on="max_connections",
            says=f"{connections.used} of {usable} connections are in use, {connections.in_store} of them in this "
            "database: a further K3s server may get none",
            do=do,
            severity=Severity.ERROR if connections.used >= usable else Severity.WARNING,
        )


def _choose_remedy(kine: KineRelease | None) -> str:
    """A limit stops the writes of some releases (KT603), so for them only max_connections helps."""
    if kine and WRITES_OUTSIDE_ITS_TRANSACTION.applies_to(kine) is not False:
        return f"{MORE}: {describe_release(kine)} stops with a limit (KT603)"
    return f"{describe_pool_limit(ADVISED, kine=kine)}, or {MORE}"


def _check_configured_limit(connections: Connections, limits: Limits, usable: int, do: str) -> Remark | None:
    """Compares the limits of all Kine processes, plus the connections of other programs, with those of the server."""
    servers = max(limits.servers, 1)
    others = max(connections.used - connections.in_store, 0)
    needed = limits.pool * servers + others
    if not limits.pool or needed <= FULL * usable:
        return None
    return Remark(
        on="max_connections",
        says=f"{servers} × {limits.pool} connections of Kine and {others} of other programs are "
        f"{format_percent(needed, usable)} of the {usable} available ones",
        do=do,
        severity=Severity.ERROR if needed > usable else Severity.WARNING,
    )
