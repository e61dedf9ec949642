"""Whether Kine is stopped: nobody of it is connected, and the newest revision stands still."""

from __future__ import annotations

import time

from kinetune.database.nodes import Nodes
from kinetune.database.session import Session
from kinetune.model.failure import Refused

SECONDS = 3.0
"""Between two looks at the newest revision: leader elections of an idle cluster renew a lease every 2 s."""


def refuse_running(session: Session) -> None:
    """
    Raise Refused while Kine may still write.

    Each node of YugabyteDB shows its own sessions only; one that cannot be reached is made up for by the second look.
    """
    seen = [(name, row) for name, node in Nodes(session, "init") for row in node.ask("clients")]
    if seen:
        name, row = seen[0]
        who = f"process {row['process']} of {row['application'] or 'a client without a name'}"
        others = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        raise Refused(
            f"nothing was changed: Kine has to be stopped, and {who} from {row['address'] or 'this host'} is connected "
            f"to {name}{others}",
            "stop Kine on every server; a session that is left: "
            f"SELECT pg_terminate_backend({row['process']}) on {name}",
        )
    before = _newest(session)
    time.sleep(SECONDS)
    if (after := _newest(session)) != before:
        raise Refused(
            f"nothing was changed: Kine has to be stopped, and the newest revision went from {before} to {after} in "
            f"{SECONDS:.0f} s",
            "stop Kine on every server",
        )


def _newest(session: Session) -> int | None:
    """None where there is no table kine at the moment, or no row in it."""
    if not session.rows("SELECT to_regclass('kine') AS there")[0]["there"]:
        return None
    newest: int | None = session.ask("last_id")[0]["max_id"]
    return newest
