"""Settings that `explain --set` may try in its session, and whether the server accepts them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import psycopg
from psycopg import sql

from kinetune.database.session import Session, failure_from
from kinetune.model.failure import Refused, UsageFailure

PLANNING = ("Query Tuning", "Resource Usage / Memory", "Resource Usage / Asynchronous Behavior")
"""
Beginnings of pg_settings.category for settings that plans depend on, those of YugabyteDB's planner included
(tests/data/yugabytedb/identity/pg_settings.json).
"""
# Settings of this extension influence plans only, but belong to the category of all custom settings.
HINTS = "pg_hint_plan."
NOT_TRIABLE = {
    "plan_cache_mode": "explain always measures both the custom and the generic plan",
    "role": "it changes the privileges of the session",
    "session_authorization": "it changes the privileges of the session",
}
"""Refused by name, with the reason: explain overrides plan_cache_mode, and pg_settings does not list the others."""


def check_trial_settings(session: Session, settings: Mapping[str, str]) -> None:
    """
    Raise a failure unless all settings may be tried. Changes nothing.

    UsageFailure for an unknown name or an invalid value. Refused for a setting that does not belong to the planner:
    timeouts, read-only mode, roles and paths keep the session from doing harm, and no plan becomes faster by them.
    """
    for name, value in settings.items():
        _refuse_unsuitable(session, name)
        _refuse_invalid(session, name, value)


def _refuse_unsuitable(session: Session, name: str) -> None:
    if name.lower() in NOT_TRIABLE:
        raise Refused(f"--set {name} is not allowed: {NOT_TRIABLE[name.lower()]}", "remove it")
    found = session.query("SELECT name, category, context FROM pg_settings WHERE lower(name) = lower(%s)", name)
    if not found:
        raise UsageFailure(f"--set {name}: {session.server} has no such setting", _suggest_names(session, name))
    (setting,) = found
    if not (setting["category"].startswith(PLANNING) or setting["name"].startswith(HINTS)):
        raise Refused(
            f"--set {name} is not allowed: only planner and memory settings can be tried",
            f"{name} belongs to {setting['category']}; remove it",
        )
    # Others need a restart of the server or a new connection.
    if setting["context"] not in ("user", "superuser"):
        raise UsageFailure(
            f"--set {name} cannot be changed in a session", "change it in the server's configuration and restart it"
        )


def _suggest_names(session: Session, name: str) -> str:
    names = [row["name"] for row in session.query("SELECT name FROM pg_settings")]
    near = get_close_matches(name.lower(), names, n=3)
    return f"similar: {', '.join(near)}" if near else "SHOW ALL lists all settings"


def _refuse_invalid(session: Session, name: str, value: str) -> None:
    try:
        # SET LOCAL checks the value; the rollback removes it again.
        with session.connection.transaction(force_rollback=True):
            session.connection.execute(sql.SQL("SET LOCAL {} = {}").format(sql.Identifier(name), sql.Literal(value)))
    except psycopg.Error as error:
        if session.connection.closed:
            raise failure_from(error) from error
        raise UsageFailure(
            f"--set {name}={value}: {error.diag.message_primary}", error.diag.message_hint or ""
        ) from error
