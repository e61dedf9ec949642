from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule


@rule("KT116", Severity.ERROR)
def unlogged_table(table: Relation) -> Iterator[Remark]:
    """
    kine is an UNLOGGED table.

    Why it matters
        PostgreSQL empties an UNLOGGED table when it starts after a crash, and a standby has none of its rows: the
        cluster loses all objects, and Kine starts with an empty store.

    What to do
        Stop Kine and run the statement of the finding. It rewrites the table and writes all rows to the WAL.

    When to ignore
        A store for tests that may be lost.

    Source
        PostgreSQL's documentation of CREATE TABLE, UNLOGGED; tests/kine/test_states.py crashes a server.
    """
    # SET LOGGED does not change the partitions of a partitioned table.
    if table.unlogged and table.kind == "r":
        yield Remark(
            on="kine",
            says="is UNLOGGED: after a crash of the server the table is empty, and the cluster loses all objects",
            do=f"stop Kine; ALTER TABLE {qualified_table(table)} SET LOGGED; start Kine",
        )
