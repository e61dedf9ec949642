"""Several connections draw ids in turn from a scratch sequence made as Kine's: the only sure way to see a cache."""

from __future__ import annotations

import contextlib

from psycopg import sql

from kinetune.database.session import visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.facts import Draw, Probe

CONNECTIONS = 3
ROUNDS = 4
NAME = "kinetune_probe"


def probe(endpoint: Endpoint) -> Probe:
    """Creates and drops one sequence, called kinetune_probe_<process>. Raises CouldNotLook without the right to."""
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(visit(endpoint, "probe", write=True)) for _ in range(CONNECTIONS)]
        first = sessions[0]
        name = f"{NAME}_{first.connection.info.backend_pid}"
        first.run(sql.SQL("CREATE SEQUENCE {} AS bigint CACHE 1").format(sql.Identifier(name)))
        try:
            (row,) = first.rows("SELECT seqcache FROM pg_sequence WHERE seqrelid = %s::regclass", name)
            draws = [
                Draw(number, session.rows("SELECT nextval(%s::regclass) AS id", name)[0]["id"])
                for _ in range(ROUNDS)
                for number, session in enumerate(sessions, 1)
            ]
        finally:
            first.run(sql.SQL("DROP SEQUENCE {}").format(sql.Identifier(name)))
    return Probe(tuple(draws), row["seqcache"])
