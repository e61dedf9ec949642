"""Whether Kine is stopped: it has no session, and the newest revision does not change."""

from __future__ import annotations

import time

from kinetune.database.nodes import NodeSessions
from kinetune.database.session import Session
from kinetune.model.failure import Refused

OBSERVE_SECONDS = 3.0
"""Time between two reads of the newest revision. An idle cluster writes every 2 s: leader elections renew leases."""


def require_kine_stopped(session: Session) -> None:
    """
    Raise Refused if Kine may still write.

    A node of YugabyteDB shows only its own sessions, and some nodes may be unreachable from here. So the newest
    revision is compared too.
    """
    clients = [(name, row) for name, node in NodeSessions(session, "init") for row in node.query_file("clients")]
    if clients:
        name, row = clients[0]
        who = f"process {row['process']} of {row['application'] or 'a client without a name'}"
        others = f" and {len(clients) - 1} more" if len(clients) > 1 else ""
        raise Refused(
            f"nothing was changed: Kine must be stopped, but {who} from {row['address'] or 'this host'} is connected "
            f"to {name}{others}",
            "stop Kine on every server; end a session that remains: "
            f"SELECT pg_terminate_backend({row['process']}) on {name}",
        )
    before = _newest_revision(session)
    time.sleep(OBSERVE_SECONDS)
    if (after := _newest_revision(session)) != before:
        raise Refused(
            f"nothing was changed: Kine must be stopped, but the newest revision rose from {before} to {after} in "
            f"{OBSERVE_SECONDS:.0f} s",
            "stop Kine on every server",
        )


def _newest_revision(session: Session) -> int | None:
    """None if there is no table kine (between two renames of a rebuild) or if it is empty."""
    if not session.query("SELECT to_regclass('kine') AS oid")[0]["oid"]:
        return None
    newest: int | None = session.query_file("last_id")[0]["max_id"]
    return newest
