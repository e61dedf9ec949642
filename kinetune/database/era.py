"""Which era of Kine writes to this store: from the statements the server remembers."""

from __future__ import annotations

from kinetune.database.session import Session
from kinetune.kine.recognise import era_of_statements
from kinetune.kine.releases import Era, newest
from kinetune.model.failure import CouldNotLook


def era_in_use(session: Session) -> tuple[Era, str]:
    """The era, and in words how it is known. Never asks pg_stat_statements without the right to."""
    (may,) = session.ask("statements_allowed")
    assumed = f"the newest era is taken, {newest().releases} (say another with --kine or --k3s)"
    if not may["installed"]:
        return newest(), f"pg_stat_statements is not installed here: {assumed}"
    if not may["allowed"]:
        return (
            newest(),
            f"pg_stat_statements needs GRANT pg_read_all_stats TO {session.connection.info.user}: {assumed}",
        )
    try:
        found = era_of_statements(row["query"] for row in session.ask("statements"))
    except CouldNotLook as failure:
        return newest(), f"{failure}: {assumed}"
    if found is None:
        return newest(), f"pg_stat_statements has seen no statement of Kine's: {assumed}"
    return found, f"pg_stat_statements has seen the statements of Kine {found.releases}"
