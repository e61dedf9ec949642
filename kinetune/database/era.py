"""Which era of Kine writes to this store: from the statements the server remembers."""

from __future__ import annotations

from kinetune.database.session import Session
from kinetune.kine.recognise import era_of_statements
from kinetune.kine.releases import Era, EraInUse, assumed
from kinetune.model.failure import CouldNotLook


def era_in_use(session: Session) -> EraInUse:
    """The era that was seen, else the newest."""
    era, source = era_seen(session)
    return EraInUse(era, source) if era else assumed(source)


def era_seen(session: Session) -> tuple[Era | None, str]:
    """The era whose statements the server remembers, else None and why. Never asks without the right to."""
    (may,) = session.ask("statements_allowed")
    if not may["installed"]:
        return None, "pg_stat_statements is not installed here"
    if not may["allowed"]:
        return None, f"pg_stat_statements needs GRANT pg_read_all_stats TO {session.connection.info.user}"
    try:
        found = era_of_statements(row["query"] for row in session.ask("statements"))
    except CouldNotLook as failure:
        return None, str(failure)
    if found is None:
        return None, "pg_stat_statements has seen no statement of one era of Kine alone"
    return found, f"pg_stat_statements has seen the statements of Kine {found.releases}"
