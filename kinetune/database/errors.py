"""What psycopg raises, as one line for the user: the thing, the cause, the next step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook, Failure, Refused

GRANTS = {
    "42501": "connect as the owner of the table kine, or GRANT this role what the message names",
    "25006": "this session may only read; nothing was changed",
    "57014": "raise --timeout, or look for what holds the server up: SELECT * FROM pg_stat_activity",
    "55P03": "another session holds the lock; run again when it is gone",
    "53300": "the server has no connection free; raise max_connections or lower Kine's pool",
    "53100": "the server's disk is full; free space, then run again",
    "23505": "rows that share (name, prev_revision) are lost updates; find them: "
    "SELECT name, prev_revision, count(*) FROM kine GROUP BY 1, 2 HAVING count(*) > 1",
}


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn a psycopg error inside into CouldNotLook (or Refused, for what the server forbids for safety)."""
    try:
        yield
    except psycopg.Error as error:
        raise failure_of(error) from error


def failure_of(error: psycopg.Error) -> Failure:
    """Never holds DETAIL, which may show a row; holds the server's primary message, which names objects only."""
    code = error.sqlstate or ""
    if not code:
        return CouldNotLook(f"the connection was lost: {first_line(error)}", "run again: what was finished is kept")
    message = f"{error.diag.message_primary} ({code})"
    kind = Refused if code == "23505" else CouldNotLook
    return kind(f"the server refused: {message}", GRANTS.get(code, "run again with --debug to see the statement"))


def could_not_connect(endpoint: Endpoint, error: psycopg.Error) -> CouldNotLook:
    return CouldNotLook(f"cannot connect to {endpoint}: {first_line(error)}", _way_in(str(error)))


def first_line(error: psycopg.Error) -> str:
    """libpq's last word, without the address it repeats before each."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = next((line for line in lines if "failed:" in line), lines[0] if lines else type(error).__name__)
    return cause.rsplit("failed:", 1)[-1].removeprefix(" FATAL: ").strip()


def _way_in(text: str) -> str:
    """The next step for the commonest causes; texts are libpq's and the server's in English, else a general word."""
    ways = {
        "password authentication failed": "check the password in the endpoint or in ~/.pgpass",
        "no password supplied": "put the password in ~/.pgpass or PGPASSWORD",
        "does not exist": "kinetune init creates the database; or name another in the endpoint",
        "Connection refused": "is the server running there, and on that port?",
        "could not translate host name": "check the host name",
        "timeout expired": "is the host reachable from here?",
        "certificate": "check sslmode and sslrootcert in the endpoint",
        "no pg_hba.conf entry": "the server does not let this user in from here: pg_hba.conf",
        "remaining connection slots": "the server has no connection free; lower Kine's pool",
        "too many clients": "the server has no connection free; lower Kine's pool",
    }
    return next((way for mark, way in ways.items() if mark in text), "check the endpoint")
