from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import PREPARES_STATEMENTS
from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule


@rule("KT407", Severity.WARNING)
def transaction_pooler(facts: Facts, limits: Limits) -> Iterator[Remark | Unknown]:
    """
    No pooler between Kine and the server takes its prepared statements away.

    Why it matters
        Kine from v0.10.0 on keeps prepared statements on each connection. A pooler that gives every transaction
        another server connection loses them: `prepared statement "stmtcache_56" does not exist`, and K3s does not
        start (k3s#7808).

    What to do
        Connect Kine directly: it pools by itself, and needs few connections (KT701). Or add
        default_query_exec_mode=exec to its endpoint, or let the pooler pool by session. PgBouncer 1.21 and newer keeps
        prepared statements with max_prepared_statements.

    When to ignore
        The pooler pools by session or keeps prepared statements, or Kine's endpoint has the parameter above. See KT604
        too, which is worse.

    Source
        docs/facts/kine.md §1.2, §3 and §7. A pooler shows by a process number that is not the server's; PgBouncer is
        also believed when said ([check.limits] pgbouncer = true).
    """
    if not isinstance(facts.kine, Unknown) and PREPARES_STATEMENTS.of(facts.kine) is False:
        return
    connections = facts.connections
    if limits.pgbouncer:
        seen = "PgBouncer, as you said"
    elif isinstance(connections, Unknown):
        yield connections
        return
    else:
        seen = connections.pooler
    if seen:
        yield Remark(
            on="pooler",
            says=f"between Kine and the server stands {seen}: pooling by transaction loses Kine's prepared statements",
            do="connect Kine directly, or add default_query_exec_mode=exec to its endpoint",
        )
