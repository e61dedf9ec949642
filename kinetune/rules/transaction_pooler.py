from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import PREPARES_STATEMENTS
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.rule import rule


@rule("KT407", Severity.WARNING)
def transaction_pooler(facts: Facts, limits: Limits) -> Iterator[Remark | Unknown]:
    """
    A connection pooler is between Kine and the server.

    Why it matters
        Kine v0.10.0 and newer keeps prepared statements on each connection. A pooler in transaction mode uses another
        server connection for each transaction and loses them: `prepared statement "stmtcache_56" does not exist`, and
        K3s does not start (k3s#7808).

    What to do
        Connect Kine directly: it has its own pool and needs few connections (KT701). Or add
        default_query_exec_mode=exec to its endpoint, or set the pooler to session mode. PgBouncer 1.21 and newer
        supports prepared statements with max_prepared_statements.

    When to ignore
        The pooler is in session mode or supports prepared statements, or Kine's endpoint contains the parameter above.
        See also KT604, which is worse.

    Source
        docs/facts/kine.md §1.2, §3 and §7. A pooler is detected by a backend process id that is not the server's, or
        configured ([check.limits] pgbouncer = true).
    """
    # A Kine without prepared statements cannot lose any.
    if not isinstance(facts.kine, Unknown) and PREPARES_STATEMENTS.applies_to(facts.kine) is False:
        return
    connections = facts.connections
    if limits.pgbouncer:
        pooler = "PgBouncer (from [check.limits])"
    elif isinstance(connections, Unknown):
        yield connections
        return
    else:
        pooler = connections.pooler
    if pooler:
        yield Remark(
            on="pooler",
            says=f"Kine connects through {pooler}: in transaction mode Kine's prepared statements are lost",
            do="connect Kine directly to the server, or add default_query_exec_mode=exec to its endpoint",
        )
