from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.table_shape import describe_search_path
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT117", Severity.WARNING)
def multiple_stores(facts: Facts) -> Iterator[Remark]:
    """
    The database contains a table kine that this endpoint does not use.

    Why it matters
        Kine uses the table kine that search_path selects, and creates an empty one if there is none. With another role
        or another endpoint the cluster then starts empty. Several stores may share a database, each in its own schema;
        then every endpoint must select its schema.

    What to do
        Add search_path to the endpoint, as the finding shows.

    When to ignore
        Several clusters share this database, and each endpoint selects its schema.

    Source
        docs/facts/kine.md §8.5, measured with v0.17.5 and v0.10.1.
    """
    for schema in facts.stores:
        here = f"the table kine in schema {facts.table.schema}" if facts.table else "no table kine"
        yield Remark(
            on=f"{schema}.kine",
            says=f"is another store; this endpoint uses {here}",
            do=f"to use it instead: {describe_search_path(schema)}",
            severity=Severity.INFO if facts.table else Severity.WARNING,
        )
