"""What psycopg raises, as one line for the user: the thing, the cause, the next step."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from enum import StrEnum

import psycopg

from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook, Failure, Refused
from kinetune.quoting import identifier


class Reaction(StrEnum):
    """What an error asks for. `retry` only after looking again: the statement may have taken effect all the same."""

    RETRY = "retry"
    REFUSE = "refuse"
    EXPLAIN = "explain"


RETRY_CODES = frozenset({"40001", "40P01", "55P03"})
# YugabyteDB says so under XX000 and other codes (facts/yugabytedb.md §6.3; recorded in data/yugabytedb/errors, but for
# those marked: seen in its source and issues).
RETRY_WORDS = re.compile(
    r"schema version mismatch for table"
    r"|[Cc]atalog [Vv]ersion [Mm]ismatch"
    r"|catalog snapshot used for this transaction has been invalidated"
    r"|does not exist: OBJECT_NOT_FOUND"
    r"|Restart read required"
    r"|timed out waiting for postgres backends to catch up"  # §3.7, #18994
    r"|Timed out waiting for (?:Create|Alter|Delete) Table"
    r"|[Tt]ablet (?:has been )?split"  # §6.3
    r"|Keyspace with id '\w+' already exists"  # the first two sequences of a cluster, made at once (measured.md §11)
)
WRITTEN, DIFFERS, LATE, ALONE, USED = "KT001", "KT002", "KT003", "KT004", "KT005"
"""
Of kinetune's own making: the guard of a drop, templates/schema/compare_copy.sql, the guard of an exchange, that of
its end, and that of a table that should be empty.
"""
REFUSE_CODES = frozenset({"23505", WRITTEN, DIFFERS, LATE, ALONE, USED, "2BP01", "55006"})
"""Nothing is wrong with the server or the role: going on would cost something."""
REFUSE_WORDS = re.compile(r"duplicate key value violates unique constraint")


def reaction(sqlstate: str | None, message: str) -> Reaction:
    """
    What a server's error asks for, by its code and its primary message alone.

    Not by its CONTEXT: "Catalog Version Mismatch: A DDL occurred while processing this query" hangs on unrelated errors
    there (FINDINGS.md, Errors). An online build tells of duplicates under XX000.
    """
    if sqlstate in REFUSE_CODES or (sqlstate == "XX000" and REFUSE_WORDS.search(message)):
        return Reaction.REFUSE
    if sqlstate in RETRY_CODES or (sqlstate and RETRY_WORDS.search(message)):
        return Reaction.RETRY
    return Reaction.EXPLAIN


def reaction_to(error: BaseException | None) -> Reaction:
    """The same for what psycopg raised; anything else is to be explained."""
    if not isinstance(error, psycopg.Error):
        return Reaction.EXPLAIN
    return reaction(error.sqlstate, error.diag.message_primary or "")


NEXT_STEPS = {
    "42501": "connect as the owner of the table kine, or GRANT this role what the message names",
    "25006": "this session may only read",
    "57014": "raise --timeout, or look for what holds the server up: SELECT * FROM pg_stat_activity",
    "55P03": "another session holds the lock; run again when it is gone",
    "53300": "the server has no connection free; raise max_connections or lower Kine's pool",
    "53100": "the server's disk is full; free space, then run again",
    "57P01": "run again when the server is back: what was finished is kept",
    WRITTEN: "nothing was dropped; stop Kine and run again, or allow RECENT_WRITES by name",
    "2BP01": "drop or move away first what depends on it, then run again",
    "42P07": "is a Kine running that makes its own table? stop it, then run again",
    "55006": "stop what is connected to the database, then run again",
    LATE: "nothing is lost: stop Kine, ALTER TABLE kine_before_init RENAME TO kine; DROP TABLE kinetune_new_kine; then "
    "run again",
    ALONE: "somebody wrote to it after the exchange; look at it: SELECT id, name FROM kine_before_init ORDER BY id "
    "DESC LIMIT 10, and drop it yourself once nothing there is wanted",
    USED: "a Kine has written to it: nothing was dropped; run kinetune init again to see what its store needs",
    DIFFERS: "kine was written meanwhile, or --drop-gaps was not said in each run: stop Kine, "
    "DROP TABLE kinetune_new_kine, run again",
    "23505": "rows that share (name, prev_revision) are lost updates; find them: "
    "SELECT name, prev_revision, count(*) FROM kine GROUP BY 1, 2 HAVING count(*) > 1",
}
# What the server says where a right is missing, in English, and what gives it; else NEXT_STEPS has a general word.
GRANTS = {
    r"permission denied for (?:table|view|relation) (\S+)": "ask its owner for: GRANT SELECT ON {} TO {} "
    "(kinetune init has to be the owner itself)",
    r"permission denied for sequence (\S+)": "ask its owner for: GRANT SELECT ON SEQUENCE {} TO {}",
    r"permission denied for schema (\S+)": "ask its owner for: GRANT USAGE ON SCHEMA {} TO {}",
    r"permission denied for database (\S+)": "ask its owner for: GRANT CREATE ON DATABASE {} TO {}",
    r"must be owner of (?:table|index|sequence|relation) (\S+)": "connect as the owner of {}",
    r"permission denied to create database()": "ask the administrator for: ALTER ROLE {1} CREATEDB",
}
# The commonest causes and their next steps; texts are libpq's and the server's in English, else a general word.
WAYS_IN = {
    "password authentication failed": "check the password in the endpoint or in ~/.pgpass, and the user",
    "no password supplied": "put the password in ~/.pgpass or PGPASSWORD",
    "[Cc]ertificate": "check sslmode and sslrootcert in the endpoint",
    "does not support SSL": "check sslmode in the endpoint, or turn TLS on in the server",
    "sslmode": "check sslmode in the endpoint",
    'role ".*" does not exist': "check the user in the endpoint",
    'database ".*" does not exist': "kinetune init creates the database where it may; else ask for it",
    'service ".*" not found': "check the name, and ~/.pg_service.conf",
    "Connection refused|No such file or directory": "is the server running there, and on that port?",
    "resolve host|translate host name": "check the host name",
    "timeout expired|timed out|No route to host|unreachable": "is the host reachable from here?",
    "no pg_hba.conf entry": "the server does not let this user in from here: pg_hba.conf",
    "starting up|shutting down|not yet accepting|recovery mode": "run again in a moment",
    "remaining connection slots|too many clients|too many connections": "the server has no connection free; "
    "raise max_connections or lower Kine's pool",
    "permission denied for database": "ask its owner for: GRANT CONNECT ON DATABASE",
    "not permitted to log in": "ask the administrator for: ALTER ROLE … LOGIN",
}


@contextlib.contextmanager
def translated(role: str = "") -> Iterator[None]:
    """Turn a psycopg error inside into CouldNotLook (or Refused, for what the server forbids for safety)."""
    try:
        yield
    except psycopg.Error as error:
        raise failure_of(error, role) from error


def failure_of(error: psycopg.Error, role: str = "") -> Failure:
    """Never holds DETAIL, which may show a row; holds the server's primary message, which names objects only."""
    code = error.sqlstate or ""
    if not code:
        return CouldNotLook(f"the connection was lost: {first_line(error)}", "run again: what was finished is kept")
    said = error.diag.message_primary or ""
    kind = Refused if reaction(code, said) is Reaction.REFUSE else CouldNotLook
    key = "23505" if REFUSE_WORDS.search(said) else code
    next_step = _grant(said, role) or NEXT_STEPS.get(key, "run again with --debug to see the statement")
    return kind(f"the server refused: {said} ({code})", next_step)


def could_not_connect(endpoint: Endpoint, error: psycopg.Error) -> CouldNotLook:
    way = next((way for mark, way in WAYS_IN.items() if re.search(mark, str(error))), "check the endpoint")
    return CouldNotLook(f"cannot connect to {endpoint}: {first_line(error)}", way)


def first_line(error: psycopg.Error) -> str:
    """libpq's last word, without the address it repeats before each."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = next((line for line in lines if "failed:" in line), lines[0] if lines else type(error).__name__)
    cause = cause.rsplit("failed:", 1)[-1].strip().removeprefix("FATAL:").strip()
    return re.sub(r"\[Errno -?\d+\] ", "", cause.removeprefix("connection is bad: "))


def _grant(said: str, role: str) -> str:
    found = ((re.search(mark, said), grant) for mark, grant in GRANTS.items())
    return next((grant.format(match[1], identifier(role or "…")) for match, grant in found if match), "")
