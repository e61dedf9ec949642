from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Connections, IdleTransaction
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import literal
from kinetune.rules.rule import rule

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 minute'"
)
LONG = 60.0  # seconds; the longest transaction of Kine, a batch of compaction, ends after five


@rule("KT702", Severity.WARNING)
def idle_transactions(connections: Connections) -> Iterator[Remark]:
    """
    A session holds an open transaction and does nothing.

    Why it matters
        VACUUM keeps every row that the transaction may still read, so deleted revisions remain and lists become slower
        (KT405). An online index build waits for it: kinetune init hangs, on YugabyteDB it fails (`timed out waiting for
        postgres backends to catch up`). A transaction that has used kine also holds locks on it, which is an error.

    What to do
        Find the session by its application name and let it commit, or terminate it with the statement in the finding.
        To prevent it: ALTER ROLE … SET idle_in_transaction_session_timeout = '1min' for the role of that program, not
        for Kine's role.

    When to ignore
        A backup (pg_dump) is running: it is rarely idle, and ends.

    Source
        pg_stat_activity and pg_locks; docs/facts/yugabytedb.md §3.7. On YugabyteDB only the sessions of one node.
    """
    # One finding per program: its connections have the same cause and one statement ends them all.
    for application in dict.fromkeys(idle.application for idle in connections.idle if idle.seconds > LONG):
        yield _create_finding(application, [idle for idle in connections.idle if _is_idle_session(idle, application)])


def _is_idle_session(idle: IdleTransaction, application: str) -> bool:
    return idle.application == application and idle.seconds > LONG


def _create_finding(application: str, found: list[IdleTransaction]) -> Remark:
    on_table = any(idle.on_table for idle in found)
    sessions = "one session holds" if len(found) == 1 else f"{len(found)} sessions hold"
    locks = " with locks on kine" if on_table else ""
    seconds = max(idle.seconds for idle in found)
    return Remark(
        on=application or "(no application_name)",
        says=f"{sessions} an open transaction{locks}, idle for {seconds:,.0f} s: vacuum and index builds wait",
        do=f"{TERMINATE} AND application_name = {literal(application)}",
        severity=Severity.ERROR if on_table else Severity.WARNING,
    )
