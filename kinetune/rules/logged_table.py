from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified


@rule("KT116", Severity.ERROR)
def logged_table(table: Relation) -> Iterator[Remark]:
    """
    A crash of the server leaves kine as it was.

    Why it matters
        An UNLOGGED table is emptied when PostgreSQL starts after a crash, and a standby has none of its rows: the
        cluster is gone, and Kine begins an empty one.

    What to do
        Stop Kine and run the statement of the finding: it rewrites the table, and logs all of it.

    When to ignore
        A store for tests that may be lost.

    Source
        PostgreSQL's documentation of CREATE TABLE, UNLOGGED; tests/kine/test_states.py crashes a server.
    """
    if table.unlogged and table.kind == "r":
        yield Remark(
            on="kine",
            says="is UNLOGGED: a crash of the server empties it, and the cluster with it",
            do=f"stop Kine; ALTER TABLE {qualified(table)} SET LOGGED; start Kine",
        )
