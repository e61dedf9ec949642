from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.table_shape import (
    describe_schema_fix,
    describe_unusable,
    find_deviations,
    find_unique_indexes,
    find_unknown_columns,
)
from kinetune.model.facts import Facts, Relation, Role
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule

FOLLOWS = "Kine does not start, or its first write fails"
ANOTHER = "use another database in Kine's endpoint"
BY_ITSELF = {
    Flavour.YUGABYTEDB: "shards its ids by hash and may cache 100 ids, which stops kube-apiserver during its bootstrap",
    Flavour.POSTGRESQL: "gives it seven indexes, which every write has to update",
}


@rule("KT101", Severity.ERROR)
def unusable_kine_table(facts: Facts) -> Iterator[Remark]:
    """
    The database has no table kine that Kine can use and kinetune can tune.

    Why it matters
        At its start Kine only checks whether a relation named kine exists, and then sends its statements. It does not
        start on a view, on a foreign table, or on a table that lacks a column; with other column types it may start,
        but K3s does not become ready. Tables that other tools created (pgloader, partitions by name) work, and kinetune
        does not change them. If there is no table, Kine creates it: on YugabyteDB with hash-sharded ids and a sequence
        cache of 100, where kube-apiserver 1.34.4 died after 36 s during its bootstrap (docs/facts/measured.md §1).

    What to do
        Run `kinetune init` before Kine starts for the first time. If another program owns the table, give Kine its own
        database in --endpoint or K3S_DATASTORE_ENDPOINT.

    When to ignore
        An additional column is harmless if it is nullable or has a default.

    Source
        docs/facts/kine.md §3: the columns of the table; CREATE TABLE IF NOT EXISTS does not compare them. §8.3: 24
        variants of the table, tried with Kine v0.10.1, v0.14.16 and v0.17.5.
    """
    # Each step is only meaningful if the one before found nothing, so there is at most one reason.
    if not facts.database_exists:
        says = f"the database does not exist{_describe_own_table(facts.server)}"
        yield Remark(on=facts.database, says=says, do="kinetune init")
    elif facts.table is None:
        says = f"database {facts.database} has no table kine{_describe_own_table(facts.server)}"
        yield Remark(on="kine", says=says, do="kinetune init")
    elif why := describe_unusable(facts.table):
        yield Remark(on="kine", says=f"{why}: {FOLLOWS}", do=ANOTHER)
    elif step := describe_schema_fix(facts):
        yield _wrong_schema(facts.table, facts.role, step)
    else:
        yield from _check_shape(facts.table)


def _wrong_schema(table: Relation, role: Role, step: str) -> Remark:
    return Remark(
        on="kine",
        says=f"is in schema {table.schema}, but role {role.name} uses schema {role.schema}, which has no table kine: "
        "at its next start Kine creates an empty table there, and the cluster loses all objects",
        do=step,
    )


def _describe_own_table(server: Server) -> str:
    return f"; at its first start Kine creates it and {BY_ITSELF[server.flavour]}"


def _check_shape(table: Relation) -> Iterator[Remark]:
    # Kine itself creates the index on a partitioned table, where a unique index must contain the partition key.
    if table.kind == "p" and not any(seen.valid for seen in find_unique_indexes(table)):
        says = "is partitioned and has no unique index on (name, prev_revision): Kine creates it at its start, "
        says += "which fails if the table is partitioned by id"
        yield Remark(on="kine", says=says, do=ANOTHER, severity=Severity.WARNING)
    elif odd := list(find_deviations(table)):
        says = f"{', and it '.join(odd)}: Kine can use this table, but kinetune does not tune it"
        yield Remark(
            on="kine",
            says=says,
            do="no action is necessary while Kine works",
            severity=Severity.INFO,
        )
    for column in find_unknown_columns(table):
        yield Remark(
            on=f"kine.{column.name}",
            says="is not one of Kine's columns, and Kine does not set it: NOT NULL without a default would fail "
            "every write",
            do=f"ALTER TABLE {qualified_table(table)} DROP COLUMN {identifier(column.name)}",
            severity=Severity.WARNING,
        )
