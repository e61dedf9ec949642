"""Whether Kine is stopped: it has no session, and neither the newest revision nor the sequence changes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kinetune.database.holdings import read_indicators, watch_for_writes
from kinetune.database.nodes import NodeSessions
from kinetune.database.session import Session
from kinetune.kine.idle_writes import LISTED_SECONDS, OBSERVE_SECONDS
from kinetune.model.failure import Refused
from kinetune.model.server import Flavour


@dataclass(frozen=True)
class KineClient:
    """A session that may be Kine's: its process on a node (`10.0.0.3:5433`), its name and its address."""

    process: int
    application: str
    address: str
    node: str

    def __str__(self) -> str:
        return f"process {self.process} of {self.application or 'a client without a name'} from " + (
            f"{self.address or 'this host'} is connected to {self.node}"
        )


def require_kine_stopped(session: Session) -> None:
    """Raise Refused if Kine may still write."""
    if clients := find_clients(session, "init"):
        others = f" and {len(clients) - 1} more" if len(clients) > 1 else ""
        raise Refused(
            f"nothing was changed: Kine must be stopped, but {clients[0]}{others}",
            "stop Kine on every server; end a session that remains: "
            f"SELECT pg_terminate_backend({clients[0].process}) on {clients[0].node}",
        )
    if moved := observe_writes(session, OBSERVE_SECONDS):
        raise Refused(
            f"nothing was changed: Kine must be stopped, but within {OBSERVE_SECONDS:.0f} s {moved}",
            "stop Kine on every server",
        )


def find_writers(session: Session, command: str) -> tuple[str, ...]:
    """
    Who may still write to kine, in words: the sessions, or else what changed while it was observed; empty if none.

    A node of YugabyteDB shows only its own sessions, and some nodes may be unreachable from here, so it is observed
    for longer.
    """
    if clients := find_clients(session, command):
        return tuple(map(str, clients))
    listed = session.server.flavour is Flavour.POSTGRESQL
    moved = observe_writes(session, LISTED_SECONDS if listed else OBSERVE_SECONDS)
    return (moved,) if moved else ()


def find_clients(session: Session, command: str) -> tuple[KineClient, ...]:
    """Sessions on all nodes that may be Kine's (sql/facts/clients.sql)."""
    nodes = NodeSessions(session, command)
    return tuple(KineClient(**row, node=name) for name, node in nodes for row in node.query_file("clients"))


def observe_writes(session: Session, seconds: float) -> str:
    """What changed within that time, in words; empty if nothing did, or between two renames of a rebuild."""
    if not session.query("SELECT to_regclass('kine') AS oid")[0]["oid"]:
        return ""
    return watch_for_writes(session, read_indicators(session), time.monotonic() + seconds)
