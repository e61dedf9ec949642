from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import CRASHES_BEHIND_PGBOUNCER, named
from kinetune.model.facts import Facts, KineRelease, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule


@rule("KT604", Severity.ERROR)
def pooler_crash(kine: KineRelease, limits: Limits, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    No Kine from v0.16.1 on stands behind PgBouncer.

    Why it matters
        K3s with such a Kine panics some twenty seconds after its start when its datastore is a PgBouncer, on a new
        database as on an old one, and although that PgBouncer (1.25) kept prepared statements (k3s#14525). The server
        never becomes ready, so an upgrade of K3s stops at the first one.

    What to do
        Connect K3s to the server directly. Or stay on a Kine up to v0.15.0 (K3s v1.34.8, v1.35.5, v1.36.1) until it
        is mended.

    When to ignore
        It runs, and has been restarted since the upgrade. A pooler that is not PgBouncer is a warning only.

    Source
        docs/facts/kine.md §7: k3s#14525 and what its reporter ran; not reproduced here. A pooler shows by a process
        number that is not the server's; which one it is, only you can say ([check.limits] pgbouncer = true).
    """
    crashes = CRASHES_BEHIND_PGBOUNCER.of(kine)
    if crashes is False:
        return
    seen = facts.connections
    if not limits.pgbouncer and isinstance(seen, Unknown):
        yield seen
    elif limits.pgbouncer or (not isinstance(seen, Unknown) and seen.pooler):
        maybe = "if it is v0.16.1 or newer (say it with --kine): " if crashes is None else ""
        pooler = "PgBouncer" if limits.pgbouncer else "a pooler, perhaps PgBouncer"
        yield Remark(
            on=named(kine),
            says=f"{maybe}stands behind {pooler}, where K3s panics shortly after its start (k3s#14525)",
            do="let --datastore-endpoint name the server itself",
            severity=Severity.ERROR if limits.pgbouncer and crashes else Severity.WARNING,
        )
