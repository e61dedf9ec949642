from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.shape import guards, oddities, overlooked, strange_columns, stranger
from kinetune.model.facts import Facts, Relation, Role
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.quoting import identifier
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified

FOLLOWS = "Kine does not start on it, or fails at its first write"
ANOTHER = "name another database in Kine's endpoint"
BY_ITSELF = {
    Flavour.YUGABYTEDB: "shards its ids by hash and may cache 100 at a time, of which a kube-apiserver dies while it "
    "bootstraps",
    Flavour.POSTGRESQL: "writes seven indexes for each object",
}


@rule("KT101", Severity.ERROR)
def kine_table(facts: Facts) -> Iterator[Remark]:
    """
    The database holds Kine's own table.

    Why it matters
        Kine asks only whether something called kine is there, and then sends its statements. On a view, a foreign
        table, or a table with a column less it does not start; with other types it starts or not, and K3s does not
        come up. Tables that other tools made (pgloader, partitions by name) serve as they are, and are left alone.
        Where nothing is there, Kine makes the table itself: on YugabyteDB with ids sharded by hash and cached by the
        hundred, where kube-apiserver 1.34.4 died after 36 s of its bootstrap (docs/facts/measured.md §1).

    What to do
        Run `kinetune init` before Kine's first start. Where another program owns the name, give Kine a database of its
        own in --endpoint or K3S_DATASTORE_ENDPOINT.

    When to ignore
        A column more than Kine has does no harm while it may be NULL or has a default.

    Source
        docs/facts/kine.md §3: the table's shape, and that CREATE TABLE IF NOT EXISTS validates nothing; §8.3: 24 shapes
        of it, tried with v0.10.1, v0.14.16 and v0.17.5.
    """
    if not facts.database_exists:
        yield Remark(on=facts.database, says=f"there is no such database{_made(facts.server)}", do="kinetune init")
    elif facts.table is None:
        yield Remark(on="kine", says=f"{facts.database} has no table kine{_made(facts.server)}", do="kinetune init")
    elif why := stranger(facts.table):
        yield Remark(on="kine", says=f"{why}: {FOLLOWS}", do=ANOTHER)
    elif step := overlooked(facts):
        yield _overlooked(facts.table, facts.role, step)
    else:
        yield from _shape(facts.table)


def _overlooked(table: Relation, role: Role, step: str) -> Remark:
    return Remark(
        on="kine",
        says=f"is in schema {table.schema}, but as {role.name} Kine makes its table in {role.schema}, where there is "
        "none: its next start begins an empty one, and the cluster looks empty",
        do=step,
    )


def _made(server: Server) -> str:
    return f"; Kine makes it at its first start and {BY_ITSELF[server.flavour]}"


def _shape(table: Relation) -> Iterator[Remark]:
    if table.kind == "p" and not any(seen.valid for seen in guards(table)):
        says = "is partitioned and has no unique index on (name, prev_revision): Kine makes it at its start, and does "
        yield Remark(on="kine", says=says + "not start where ids part the table", do=ANOTHER, severity=Severity.WARNING)
    elif odd := list(oddities(table)):
        says = f"{', and it '.join(odd)}: Kine works on it, and kinetune does not tune it"
        yield Remark(on="kine", says=says, do="nothing, as long as it serves", severity=Severity.INFO)
    for column in strange_columns(table):
        yield Remark(
            on=f"kine.{column.name}",
            says="is no column of Kine's, which never fills it: NOT NULL without a default would stop every write",
            do=f"ALTER TABLE {qualified(table)} DROP COLUMN {identifier(column.name)}",
            severity=Severity.WARNING,
        )
