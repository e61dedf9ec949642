"""The way to a store that may not be there yet: its database, or the one to create it from."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from psycopg.errors import ConnectionTimeout

from kinetune.database.observe import observe, settings
from kinetune.database.session import Session, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Facts, Role
from kinetune.model.failure import CouldNotLook

MAINTENANCE = ("postgres", "yugabyte", "template1")
"""Where a database is created from; Kine itself goes to `postgres` (pgsql.go, createDBIfNotExist)."""


@contextlib.contextmanager
def store(endpoint: Endpoint, command: str, *, write: bool = False) -> Iterator[tuple[Session, Facts]]:
    """
    A session in the endpoint's database, and what is there.

    Where the database does not exist: a session in a maintenance database, and facts that say so. Raises CouldNotLook.
    """
    with place(endpoint, command, write=write) as (session, there):
        yield session, observe(session) if there else _absent(session, endpoint.database)


@contextlib.contextmanager
def place(endpoint: Endpoint, command: str, *, write: bool = False) -> Iterator[tuple[Session, bool]]:
    """
    A session in the endpoint's database, or in a maintenance database where it does not exist; and whether it does.

    That is asked of pg_database, so that no message of the server has to be understood. Raises CouldNotLook.
    """
    with contextlib.ExitStack() as stack:

        def enter(place: Endpoint) -> Session:
            return stack.enter_context(visit(place, command, write=write))

        try:
            session = enter(endpoint)
        except CouldNotLook as failure:
            session = _maintenance(endpoint, enter, failure)
            yield session, False
            return
        yield session, True


@contextlib.contextmanager
def beside(endpoint: Endpoint, command: str) -> Iterator[Session]:
    """A writing session on the same server, in a maintenance database: from where the endpoint's own can be dropped."""
    failure = CouldNotLook("there is no maintenance database", f"create one of {', '.join(MAINTENANCE)}")
    with contextlib.ExitStack() as stack:
        for database in MAINTENANCE:
            try:
                session = stack.enter_context(visit(replace(endpoint, database=database), command, write=True))
            except CouldNotLook as found:
                failure = found
                continue
            yield session
            return
        raise failure


def _maintenance(endpoint: Endpoint, enter: Callable[[Endpoint], Session], failure: CouldNotLook) -> Session:
    """Raises the first failure again where no maintenance database lets us in, or where the database does exist."""
    if isinstance(failure.__cause__, ConnectionTimeout):
        raise failure  # a host that does not answer would let us wait for each of them
    for database in MAINTENANCE:
        try:
            session = enter(replace(endpoint, database=database))
        except CouldNotLook:
            continue
        if session.rows("SELECT 1 FROM pg_database WHERE datname = %s", endpoint.database):
            break
        return session
    raise failure


def _absent(session: Session, database: str) -> Facts:
    (role,) = session.ask("role")
    return Facts(
        observed_at=datetime.now(UTC),
        server=session.server,
        database=database,
        database_exists=False,
        role=replace(Role(**role), may_create=True, owns_database=True),  # the owner of a new database may
        table=None,
        settings=settings(session),
    )
