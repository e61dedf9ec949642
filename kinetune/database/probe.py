"""Several connections draw ids in turn from a scratch sequence made as Kine's: the only sure way to see a cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from kinetune.database.nodes import addresses
from kinetune.database.session import Session, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Draw, Probe
from kinetune.model.failure import CouldNotLook
from kinetune.quoting import identifier

CONNECTIONS = 3
ON_EACH_NODE = 2
ROUNDS = 4
NAME = "kinetune_probe"

Drawing = list[tuple[str, Session]]
"""Sessions that draw in turn, each with the name of its node ('' on PostgreSQL)."""


def probe(endpoint: Endpoint) -> Probe:
    """
    Creates and drops sequences kinetune_probe_<time>_<process>: one to draw from, on a cluster one more on each node.

    Nodes that cannot be reached are missing in `caches`. Raises CouldNotLook without the right to create.
    """
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(visit(endpoint, "probe", write=True))
        sessions = _on_each_node(first, stack) or _here(first, endpoint, stack)
        name, cache = stack.enter_context(scratch(first))
        draws = [
            Draw(number, session.rows("SELECT nextval(%s::regclass) AS id", name)[0]["id"], node)
            for _ in range(ROUNDS)
            for number, (node, session) in enumerate(sessions, 1)
        ]
        nodes = {node: session for node, session in sessions if node}
        return Probe(tuple(draws), cache, {node: least_cache(session) for node, session in nodes.items()})


def least_cache(session: Session) -> int:
    """
    What a CACHE of 1 becomes on the node of this session, in which nothing else is made or changed.

    On YugabyteDB that is the flag ysql_sequence_cache_minval as the server process got it (facts/yugabytedb.md §2.5).
    """
    with scratch(session) as (_, cache):
        return cache


def _here(first: Session, endpoint: Endpoint, stack: contextlib.ExitStack) -> Drawing:
    more = [stack.enter_context(visit(endpoint, "probe", write=True)) for _ in range(CONNECTIONS - 1)]
    return [("", session) for session in (first, *more)]


def _on_each_node(first: Session, stack: contextlib.ExitStack) -> Drawing:
    """Two sessions on each node that lets us in, one of each node first: the order in which Kine's writes may come."""
    found: Drawing = []
    for address in addresses(first) * ON_EACH_NODE:
        with contextlib.suppress(CouldNotLook):
            found.append((address.name, stack.enter_context(address.visit("probe", write=True))))
    return found


@contextlib.contextmanager
def scratch(session: Session) -> Iterator[tuple[str, int]]:
    """Its name and cache; gone afterwards, however that is. What a run that was killed has left goes too."""
    (row,) = session.rows(
        "SELECT pg_backend_pid() AS process, floor(extract(epoch FROM clock_timestamp()))::bigint AS at"
    )
    name = f"{NAME}_{row['at']}_{row['process']}"
    try:
        for left in session.ask("probe_left"):
            _drop(session, left["name"])
        _create(session, name)
        (made,) = session.rows("SELECT seqcache FROM pg_sequence WHERE seqrelid = %s::regclass", name)
        yield name, made["seqcache"]
    finally:
        _drop(session, name)


def _create(session: Session, name: str) -> None:
    text = sql.SQL("CREATE SEQUENCE IF NOT EXISTS {} AS bigint CACHE 1").format(sql.Identifier(name))
    try:
        session.repeat(text)
    except CouldNotLook as failure:
        raise _refused(session, failure) from failure


def _refused(session: Session, failure: CouldNotLook) -> CouldNotLook:
    """With the GRANT that would allow it, where a right is missing."""
    if not isinstance(failure.__cause__, InsufficientPrivilege):
        return failure
    (row,) = session.rows("SELECT current_schema() AS schema")
    grant = f"GRANT CREATE ON SCHEMA {identifier(row['schema'])} TO {identifier(session.connection.info.user)}"
    return CouldNotLook(failure.cause, f"ask its owner for: {grant}")


def _drop(session: Session, name: str) -> None:
    session.repeat(sql.SQL("DROP SEQUENCE IF EXISTS {}").format(sql.Identifier(name)))
