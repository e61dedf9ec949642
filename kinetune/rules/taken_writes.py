from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import identifier
from kinetune.rules.rule import rule

NAME = "default_transaction_read_only"


@rule("KT411", Severity.ERROR)
def taken_writes(facts: Facts) -> Iterator[Remark]:
    """
    The server that the endpoint names takes Kine's writes.

    Why it matters
        Kine makes its table and its first row when it starts. On a hot standby, or where default_transaction_read_only
        is on, it ends with `cannot execute … in a read-only transaction (SQLSTATE 25006)`; a Kine that was connected
        before answers each write with that error.

    What to do
        Name the primary in the endpoint, or all hosts with ?target_session_attrs=read-write (Kine v0.10.0 and newer).
        Where the setting is on by mistake, reset it, and restart Kine.

    When to ignore
        You check a standby on purpose.

    Source
        pg_is_in_recovery() and pg_settings.reset_val; docs/facts/kine.md §8.4, measured with v0.17.5 and v0.10.1.
    """
    if not facts.read_only:
        return
    standby = facts.read_only.startswith("it is a standby")
    yield Remark(
        on=facts.database,
        says=f"{facts.read_only}: Kine does not start on it (25006)",
        do="name the primary in Kine's endpoint, or all hosts with ?target_session_attrs=read-write"
        if standby
        else f"{_reset(facts.database)}; where the role or the server has it, reset it there; then restart Kine",
    )


def _reset(database: str) -> str:
    """The session that resets it has to be allowed to write."""
    return f"SET {NAME} = off; ALTER DATABASE {identifier(database)} RESET {NAME}"
