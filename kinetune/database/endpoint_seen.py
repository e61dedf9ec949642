"""What an endpoint asks of the server beside the store itself: settings at the start, and the database postgres."""

from __future__ import annotations

from kinetune.database.session import Session
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import EndpointSeen


def endpoint_seen(session: Session, endpoint: Endpoint) -> EndpointSeen:
    """Two questions to catalogs. Raises CouldNotLook."""
    return EndpointSeen(endpoint.written, _contexts(session, endpoint.written), _postgres(session))


def _contexts(session: Session, names: tuple[str, ...]) -> dict[str, str]:
    if not names:
        return {}
    wanted = [name.lower() for name in names]
    text = "SELECT lower(name) AS name, context FROM pg_settings WHERE lower(name) = ANY(%s)"
    return {row["name"]: row["context"] for row in session.rows(text, wanted)}


def _postgres(session: Session) -> str:
    """pg_hba.conf may refuse it too, which no catalog shows."""
    found = session.ask("postgres_database")
    if not found:
        return "it does not exist"
    if not found[0]["allows"]:
        return "it accepts no connections"
    return "" if found[0]["granted"] else "the role may not connect to it"
