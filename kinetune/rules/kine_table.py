from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.shape import KINDS, overlooked, strange_columns, wrongs
from kinetune.model.facts import Facts, Relation, Role
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.rendering import identifier
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified

WORDS = {"v": "VIEW", "m": "MATERIALIZED VIEW", "f": "FOREIGN TABLE", "S": "SEQUENCE", "c": "TYPE"}
"""What ALTER … RENAME calls a pg_class.relkind; everything else is a TABLE."""
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
        Kine asks only whether something called kine is there, and then sends its statements. A view, or a table with
        other columns, is found at the first write: the API server cannot store an object, and K3s does not come up.
        Where nothing is there, Kine makes the table itself: on YugabyteDB with ids sharded by hash and cached by the
        hundred, where kube-apiserver 1.34.4 died after 36 s of its bootstrap (docs/facts/measured.md §1).

    What to do
        Run `kinetune init` before Kine's first start. Where another program owns the name, give Kine a database of its
        own in --endpoint or K3S_DATASTORE_ENDPOINT, or rename what is in the way.

    When to ignore
        A column more than Kine has does no harm while it may be NULL or has a default.

    Source
        docs/facts/kine.md §3: the table's shape, and that CREATE TABLE IF NOT EXISTS validates nothing.
    """
    if not facts.database_exists:
        yield Remark(on=facts.database, says=f"there is no such database{_made(facts.server)}", do="kinetune init")
    elif facts.table is None:
        yield Remark(on="kine", says=f"{facts.database} has no table kine{_made(facts.server)}", do="kinetune init")
    elif facts.table.kind != "r":
        kind = KINDS.get(facts.table.kind, "not a table")
        says = f"is {kind}: Kine takes it for its table, and does not start or fails at its first write"
        yield Remark(on="kine", says=says, do=_aside(facts.table))
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
    if found := tuple(wrongs(table)):
        says = f"is not the table Kine works with, and the API server cannot store an object: {'; '.join(found)}"
        yield Remark(on="kine", says=says, do=_aside(table))
        return
    for column in strange_columns(table):
        yield Remark(
            on=f"kine.{column.name}",
            says="is no column of Kine's, which never fills it: NOT NULL without a default would stop every write",
            do=f"ALTER TABLE {qualified(table)} DROP COLUMN {identifier(column.name)}",
            severity=Severity.WARNING,
        )


def _aside(table: Relation) -> str:
    kind = WORDS.get(table.kind, "TABLE")
    return (
        "name another database in Kine's endpoint, or move it away: "
        f"ALTER {kind} {qualified(table)} RENAME TO kine_of_another"
    )
