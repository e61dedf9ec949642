"""Settings tried in one session: which of them a guest may try, and whether the server takes them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import psycopg
from psycopg import sql

from kinetune.database.errors import failure_of
from kinetune.database.session import Session
from kinetune.model.failure import Refused, UsageFailure

PLANNING = ("Query Tuning", "Resource Usage / Memory", "Resource Usage / Asynchronous Behavior")
"""pg_settings.category of what plans depend on; YugabyteDB's planner settings too (data: identity/pg_settings.json)."""
HINTS = "pg_hint_plan."
NEVER = {
    "plan_cache_mode": "explain measures the plan for the arguments and the one for any, whatever it says",
    "role": "it is whose rights the session has",
    "session_authorization": "it is whose rights the session has",
}
"""Refused by name: what explain sets itself, so that a trial would show nothing, and what pg_settings does not list."""


def try_out(session: Session, settings: Mapping[str, str]) -> None:
    """
    See that all of them may be tried here, and change nothing.

    UsageFailure for a name or a value the server does not know. Refused for what is not about planning: time limits,
    READ ONLY, roles and paths are what keeps a guest harmless (DESIGN.md §6), and no plan becomes faster by them.
    """
    for name, value in settings.items():
        _refuse_unfit(session, name)
        _refuse_invalid(session, name, value)


def _refuse_unfit(session: Session, name: str) -> None:
    if name.lower() in NEVER:
        raise Refused(f"--with {name} is not tried: {NEVER[name.lower()]}", "leave it out")
    found = session.rows("SELECT name, category, context FROM pg_settings WHERE lower(name) = lower(%s)", name)
    if not found:
        raise UsageFailure(f"--with {name}: {session.server} has no such setting", _nearest(session, name))
    (setting,) = found
    if not (setting["category"].startswith(PLANNING) or setting["name"].startswith(HINTS)):
        raise Refused(
            f"--with {name} is not tried: it is no setting of the planner, and may weaken what keeps a session of "
            "kinetune harmless",
            f"settings of the planner and of memory may be tried, this one is of {setting['category']}",
        )
    if setting["context"] not in ("user", "superuser"):
        raise UsageFailure(f"--with {name} cannot be changed in a session", "it needs the server's configuration")


def _nearest(session: Session, name: str) -> str:
    names = [row["name"] for row in session.rows("SELECT name FROM pg_settings")]
    near = get_close_matches(name.lower(), names, n=3)
    return f"close to it {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else "SHOW ALL lists them"


def _refuse_invalid(session: Session, name: str, value: str) -> None:
    try:
        with session.connection.transaction(force_rollback=True):
            session.connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    except psycopg.Error as error:
        if session.connection.closed:
            raise failure_of(error) from error
        raise UsageFailure(
            f"--with {name}={value}: {error.diag.message_primary}", error.diag.message_hint or ""
        ) from error
