from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Connections, Idle
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import literal
from kinetune.rules.rule import rule

TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND state LIKE 'idle in transaction%' AND state_change < now() - interval '1 minute'"
)
LONG = 60.0  # seconds; Kine's longest transaction, a batch of compaction, ends after five


@rule("KT702", Severity.WARNING)
def idle_transactions(connections: Connections) -> Iterator[Remark]:
    """
    Nobody holds a transaction open in this database without working.

    Why it matters
        VACUUM keeps every row that such a transaction might still read, so deleted revisions stay and lists slow down
        (KT405). An online index build waits for it without end: kinetune init stands still, on YugabyteDB it fails
        (`timed out waiting for postgres backends to catch up`). One that has touched kine also holds locks there: an
        error.

    What to do
        Find the session by its application name and let it commit, or end it with the statement shown. Against the
        next one: ALTER ROLE … SET idle_in_transaction_session_timeout = '1min', for the role of that program; not for
        Kine's.

    When to ignore
        A backup (pg_dump) is running: it is seldom idle, and ends.

    Source
        pg_stat_activity and pg_locks; docs/facts/yugabytedb.md §3.7. On YugabyteDB one node's sessions alone.
    """
    for application in dict.fromkeys(idle.application for idle in connections.idle if idle.seconds > LONG):
        yield _remark(application, [idle for idle in connections.idle if _is_of(idle, application)])


def _is_of(idle: Idle, application: str) -> bool:
    return idle.application == application and idle.seconds > LONG


def _remark(application: str, found: list[Idle]) -> Remark:
    on_table = any(idle.on_table for idle in found)
    sessions = "a session holds" if len(found) == 1 else f"{len(found)} sessions hold"
    locks = " with locks on kine" if on_table else ""
    seconds = max(idle.seconds for idle in found)
    return Remark(
        on=application or "(no application_name)",
        says=f"{sessions} a transaction open{locks} and does nothing, for {seconds:,.0f} s: vacuum and index builds "
        "wait",
        do=f"{TERMINATE} AND application_name = {literal(application)}",
        severity=Severity.ERROR if on_table else Severity.WARNING,
    )
