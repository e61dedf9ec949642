from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.shape import way_to
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule


@rule("KT117", Severity.WARNING)
def other_stores(facts: Facts) -> Iterator[Remark]:
    """
    One table kine is in the database, and the endpoint leads to it.

    Why it matters
        Kine works with the table that search_path leads to, and makes an empty one where it leads to none: with
        another role or another endpoint a cluster starts empty beside its own objects. Several stores may share a
        database, a schema each; then each endpoint has to name its own.

    What to do
        Put search_path into the endpoint, as the finding writes it.

    When to ignore
        Several clusters share this database and each endpoint names its schema.

    Source
        docs/facts/kine.md §8.5, measured with v0.17.5 and v0.10.1.
    """
    for schema in facts.stores:
        here = f"kine of schema {facts.table.schema}" if facts.table else "no kine"
        yield Remark(
            on=f"{schema}.kine",
            says=f"is a store too, and this endpoint leads to {here}",
            do=f"if it is the one that is meant: {way_to(schema)}",
            severity=Severity.INFO if facts.table else Severity.WARNING,
        )
