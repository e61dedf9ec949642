"""Several connections draw ids in turn from a scratch sequence made as Kine's: the only sure way to see a cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from kinetune.database.session import Session, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Draw, Probe
from kinetune.model.failure import CouldNotLook
from kinetune.rendering import identifier

CONNECTIONS = 3
ROUNDS = 4
NAME = "kinetune_probe"


def probe(endpoint: Endpoint) -> Probe:
    """Creates and drops one sequence, called kinetune_probe_<process>. Raises CouldNotLook without the right to."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(visit(endpoint, "probe", write=True)) for _ in range(CONNECTIONS)]
        name = stack.enter_context(_scratch(sessions[0]))
        (row,) = sessions[0].rows("SELECT seqcache FROM pg_sequence WHERE seqrelid = %s::regclass", name)
        draws = [
            Draw(number, session.rows("SELECT nextval(%s::regclass) AS id", name)[0]["id"])
            for _ in range(ROUNDS)
            for number, session in enumerate(sessions, 1)
        ]
    return Probe(tuple(draws), row["seqcache"])


@contextlib.contextmanager
def _scratch(session: Session) -> Iterator[str]:
    """Its name; gone afterwards, however that is. What a run that was killed has left goes too."""
    (row,) = session.rows("SELECT pg_backend_pid() AS process")
    name = f"{NAME}_{row['process']}"
    try:
        for left in session.ask("probe_left"):
            _drop(session, left["name"])
        _create(session, name)
        yield name
    finally:
        _drop(session, name)


def _create(session: Session, name: str) -> None:
    try:
        session.run(sql.SQL("CREATE SEQUENCE {} AS bigint CACHE 1").format(sql.Identifier(name)))
    except CouldNotLook as failure:
        if not isinstance(failure.__cause__, InsufficientPrivilege):
            raise
        (row,) = session.rows("SELECT current_schema() AS schema")
        grant = f"GRANT CREATE ON SCHEMA {identifier(row['schema'])} TO {identifier(session.connection.info.user)}"
        raise CouldNotLook(failure.cause, f"ask its owner for: {grant}") from failure


def _drop(session: Session, name: str) -> None:
    session.run(sql.SQL("DROP SEQUENCE IF EXISTS {}").format(sql.Identifier(name)))
