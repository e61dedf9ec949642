"""
Several connections take ids in turn from a temporary sequence, created as Kine creates its own.

It is the only certain way to see the cache that new sequences get: on YugabyteDB a flag of each server process sets it,
and no SQL shows the flag.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from kinetune.database.nodes import node_addresses
from kinetune.database.session import Session, open_session
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import DrawnId, SequenceProbe
from kinetune.model.failure import CouldNotLook
from kinetune.quoting import identifier

CONNECTIONS = 3
ON_EACH_NODE = 2
ROUNDS = 4
PROBE_PREFIX = "kinetune_probe"

NodeSessionList = list[tuple[str, Session]]
"""Sessions that take ids in turn, each with the name of its node ('' on PostgreSQL)."""


def probe_sequence(endpoint: Endpoint) -> SequenceProbe:
    """
    Ids in the order in which they were taken, and the cache that sequences get on each node.

    Creates and drops sequences kinetune_probe_<time>_<process>: one to take ids from, and on a cluster one on each
    node. Unreachable nodes are missing in `caches`. Raises CouldNotLook if the role may not create sequences.
    """
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(open_session(endpoint, "probe", write=True))
        sessions = _open_node_sessions(first, stack) or _open_local_sessions(first, endpoint, stack)
        name, cache = stack.enter_context(scratch_sequence(first))
        # In turn, so that with a cache of more than 1 consecutive ids come from different blocks.
        draws = [
            DrawnId(number, session.query("SELECT nextval(%s::regclass) AS id", name)[0]["id"], node)
            for _ in range(ROUNDS)
            for number, (node, session) in enumerate(sessions, 1)
        ]
        nodes = {node: session for node, session in sessions if node}
        return SequenceProbe(tuple(draws), cache, {node: read_least_cache(session) for node, session in nodes.items()})


def read_least_cache(session: Session) -> int:
    """
    The cache of a sequence that is created with CACHE 1 on the node of this session.

    On YugabyteDB it is the value of ysql_sequence_cache_minval with which the server process was started
    (docs/facts/yugabytedb.md §2.5).
    """
    with scratch_sequence(session) as (_, cache):
        return cache


def _open_local_sessions(first: Session, endpoint: Endpoint, stack: contextlib.ExitStack) -> NodeSessionList:
    more = [stack.enter_context(open_session(endpoint, "probe", write=True)) for _ in range(CONNECTIONS - 1)]
    return [("", session) for session in (first, *more)]


def _open_node_sessions(first: Session, stack: contextlib.ExitStack) -> NodeSessionList:
    """Two sessions on each reachable node. Neighbours are on different nodes, as the writes of several Kines may be."""
    found: NodeSessionList = []
    for address in node_addresses(first) * ON_EACH_NODE:
        with contextlib.suppress(CouldNotLook):
            found.append((address.name, stack.enter_context(address.open_session("probe", write=True))))
    return found


@contextlib.contextmanager
def scratch_sequence(session: Session) -> Iterator[tuple[str, int]]:
    """The name and cache of a temporary sequence, dropped at the end. Drops those of killed runs first."""
    (row,) = session.query(
        "SELECT pg_backend_pid() AS process, floor(extract(epoch FROM clock_timestamp()))::bigint AS at"
    )
    # Time and process make it unique, and let a later run decide whether its owner still runs.
    name = f"{PROBE_PREFIX}_{row['at']}_{row['process']}"
    try:
        for left in session.query_file("leftover_probes"):
            _drop_sequence(session, left["name"])
        _create_sequence(session, name)
        (made,) = session.query("SELECT seqcache FROM pg_sequence WHERE seqrelid = %s::regclass", name)
        yield name, made["seqcache"]
    finally:
        _drop_sequence(session, name)


def _create_sequence(session: Session, name: str) -> None:
    # IF NOT EXISTS: the statement is repeated if the answer to the first try was an error.
    text = sql.SQL("CREATE SEQUENCE IF NOT EXISTS {} AS bigint CACHE 1").format(sql.Identifier(name))
    try:
        session.execute_repeatable(text)
    except CouldNotLook as failure:
        raise _name_missing_grant(session, failure) from failure


def _name_missing_grant(session: Session, failure: CouldNotLook) -> CouldNotLook:
    """The failure with the GRANT that helps, if a privilege is missing."""
    if not isinstance(failure.__cause__, InsufficientPrivilege):
        return failure
    (row,) = session.query("SELECT current_schema() AS schema")
    grant = f"GRANT CREATE ON SCHEMA {identifier(row['schema'])} TO {identifier(session.connection.info.user)}"
    return CouldNotLook(failure.cause, f"ask its owner for: {grant}")


def _drop_sequence(session: Session, name: str) -> None:
    session.execute_repeatable(sql.SQL("DROP SEQUENCE IF EXISTS {}").format(sql.Identifier(name)))
