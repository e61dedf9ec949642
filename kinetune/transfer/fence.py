"""
The fence of `move --fence`: Kine's roles lose the right to write to the source, and get it back by `move --unfence`.

It stays after the move, so that a server that is started with its former endpoint cannot write to a store that was
left. What was taken is noted as a comment on the column id before it is taken: a killed run leaves the note.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from kinetune.database.kine_stopped import observe_writes
from kinetune.database.session import Session, open_session, translate_errors
from kinetune.kine.idle_writes import OBSERVE_SECONDS
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.server import Flavour

MARK = "kinetune fence: "
LOCK_SECONDS = 30
"""How long a write that began before the fence may take. Kine's are statements of milliseconds."""
WITHOUT_FENCE = "stop Kine on every server instead, and move with --follow alone"


@dataclass(frozen=True)
class Fence:
    """
    The privileges that are taken, as (role, privilege); an empty role is PUBLIC. `obstacle` is why no fence can hold.
    """

    taken: tuple[tuple[str, str], ...] = ()
    obstacle: Refused | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(role or "PUBLIC" for role, _ in self.taken))


def read_fence(endpoint: Endpoint) -> Fence:
    """The fence that is there, in a session that may only read."""
    with open_session(endpoint, "move") as session:
        found = _read_state(session)
        return Fence(_parse_note(found["note"]), _find_obstacle(found))


def raise_fence(endpoint: Endpoint) -> Fence:
    """
    Wait for the writes that have begun, and revoke INSERT, UPDATE, DELETE and TRUNCATE on kine from every role that has
    them. A fence that exists is completed.

    Raises Refused where a role can write nevertheless, CouldNotLook where this role is not the owner. On YugabyteDB,
    where each statement is a transaction, a part of the fence may then be up.
    """
    with open_session(endpoint, "move", write=True, lock_timeout=f"{LOCK_SECONDS}s") as session:
        found = _read_state(session)
        if obstacle := _find_obstacle(found):
            raise obstacle
        taken = tuple(dict.fromkeys((*_parse_note(found["note"]), *map(_as_right, found["writers"]))))
        if session.server.flavour is Flavour.YUGABYTEDB:
            _revoke(session, found["address"], taken)
            # It has no table locks, and its nodes learn of a REVOKE within seconds.
            while observe_writes(session, OBSERVE_SECONDS):
                pass
        else:
            with translate_errors(session.connection.info.user), session.connection.transaction():
                _lock(session, found["address"])
                _revoke(session, found["address"], taken)
        return Fence(taken)


def lift_fence(endpoint: Endpoint) -> Fence:
    """Give back what `raise_fence` took; nothing if there is no fence."""
    with open_session(endpoint, "move", write=True) as session:
        found = _read_state(session)
        taken = _parse_note(found["note"])
        for role, privilege in taken:
            _change(session, "GRANT {} ON {} TO {}", (role, privilege), found["address"])
        if taken:
            _comment(session, found["address"], None)
        return Fence(taken)


def _read_state(session: Session) -> dict[str, Any]:
    rows = session.query_file("fence")
    if not rows:
        raise CouldNotLook(f"there is no table kine in {session.endpoint}", "name the database of the store")
    return rows[0]


def _find_obstacle(found: dict[str, Any]) -> Refused | None:
    if not found["superusers"]:
        return None
    name = found["superusers"][0]
    return Refused(
        f"no fence stops role {name}, which is a superuser and owns the source's table kine or is connected to it",
        WITHOUT_FENCE,
    )


def _lock(session: Session, address: str) -> None:
    """Wait until all transactions that have written to the table have ended; later ones wait, and find no privilege."""
    role = session.connection.info.user
    # A role that an earlier fence stops may not lock its own table. The transaction ends without this privilege.
    _change(session, "GRANT {} ON {} TO {}", (role, "UPDATE"), address)
    session.execute_repeatable(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.SQL(address)))
    _change(session, "REVOKE {} ON {} FROM {}", (role, "UPDATE"), address)


def _revoke(session: Session, address: str, taken: tuple[tuple[str, str], ...]) -> None:
    # The note is the first: what is taken can always be given back.
    _comment(session, address, MARK + json.dumps(taken))
    for right in taken:
        _change(session, "REVOKE {} ON {} FROM {}", right, address)
    if able := _read_state(session)["able"]:
        raise Refused(
            f"role {able[0]} can write to kine by another privilege than one on the table (pg_write_all_data, columns)",
            WITHOUT_FENCE,
        )


def _as_right(pair: list[str]) -> tuple[str, str]:
    role, privilege = pair
    return role, privilege


def _parse_note(note: str | None) -> tuple[tuple[str, str], ...]:
    if not (note or "").startswith(MARK):
        return ()
    return tuple(map(_as_right, json.loads((note or "")[len(MARK) :])))


def _comment(session: Session, address: str, note: str | None) -> None:
    text = sql.SQL("COMMENT ON COLUMN {}.id IS {}")
    session.execute_repeatable(text.format(sql.SQL(address), sql.Literal(note)))


def _change(session: Session, text: str, right: tuple[str, str], address: str) -> None:
    role, privilege = right
    who = sql.Identifier(role) if role else sql.SQL("PUBLIC")
    # The privilege is one of four words that the query names, the address is quoted by the server.
    parts = (sql.SQL(privilege), sql.SQL(address), who)
    session.execute_repeatable(sql.SQL(text).format(*parts))
