from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.quoting import identifier
from kinetune.rules.rule import rule

NAME = "default_transaction_read_only"


@rule("KT411", Severity.ERROR)
def read_only_server(facts: Facts) -> Iterator[Remark]:
    """
    The endpoint's server does not accept writes.

    Why it matters
        Kine writes its table and its first row when it starts. On a hot standby, or if default_transaction_read_only is
        on, it exits with `cannot execute … in a read-only transaction (SQLSTATE 25006)`; a Kine that was connected
        before returns this error for each write.

    What to do
        Use the primary in the endpoint, or all hosts with ?target_session_attrs=read-write (Kine v0.10.0 and newer). If
        the setting is on by mistake, reset it and restart Kine.

    When to ignore
        You check a standby on purpose.

    Source
        pg_is_in_recovery() and pg_settings.reset_val; docs/facts/kine.md §8.4, measured with v0.17.5 and v0.10.1.
    """
    if not facts.read_only:
        return
    # A standby cannot be made writable by a setting.
    standby = "standby" in facts.read_only
    yield Remark(
        on=facts.database,
        says=f"{facts.read_only}: Kine does not start (25006)",
        do="use the primary in Kine's endpoint, or all hosts with ?target_session_attrs=read-write"
        if standby
        else f"{_reset_statement(facts.database)}; if the role or server sets it, reset it there; then restart Kine",
    )


def _reset_statement(database: str) -> str:
    """The session that resets it is read-only because of the same setting, so SET comes first."""
    return f"SET {NAME} = off; ALTER DATABASE {identifier(database)} RESET {NAME}"
