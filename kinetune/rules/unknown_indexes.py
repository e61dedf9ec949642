from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes
from kinetune.kine.table_shape import NAMES, describe_unusable, find_unique_indexes, is_leftover
from kinetune.model.facts import ObservedIndex, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.model.unknown import Unknown
from kinetune.quoting import identifier
from kinetune.rules.remedies import drop_index_statement, needs_manual_change, qualified_table
from kinetune.rules.rule import rule


@rule("KT110", Severity.INFO)
def unknown_indexes(table: Relation, server: Server) -> Iterator[Remark | Unknown]:
    """
    kine has an index that neither Kine nor kinetune created.

    Why it matters
        Every create, update, delete and lease renewal of the cluster has to update every additional index: on
        YugabyteDB one more write request each (docs/facts/measured.md §6). An index that an interrupted kinetune left
        behind is a warning. A unique index is an error unless it contains id or (name, prev_revision): an update is a
        new row with the same name, so the index rejects it, and Kine reports a conflict.

    What to do
        `kinetune init` finishes or drops its own leftovers. Drop other indexes if no program needs them; kinetune never
        does.

    When to ignore
        You created the index on purpose and have seen a plan that uses it (`kinetune explain`): ignore KT110:<name>
        with that reason.

    Source
        docs/facts/kine.md §3: the index names of Kine. KT109 reports invalid indexes.
    """
    if why := describe_unusable(table):
        yield Unknown(f"kine {why}")
        return
    kept = {seen.index.name for seen in find_unique_indexes(table)}
    for seen in table.indexes:
        name = seen.index.name
        if is_leftover(name):
            says = "was left behind by an interrupted kinetune, and writes may have to update it"
            do = drop_index_statement(name, server, table) if needs_manual_change(table) else "kinetune init"
            yield Remark(on=name, says=says, do=do, severity=Severity.WARNING)
        elif name not in NAMES and seen.valid:
            refuses = seen.index.unique and name not in kept and not _is_harmless(seen)
            yield Remark(
                on=name,
                says=f"was created by neither Kine nor kinetune{_describe_size(seen)}: {_consequence(refuses)}",
                do=_drop_statement(table, seen, server),
                severity=Severity.ERROR if refuses else None,
            )


def _consequence(refuses: bool) -> str:
    if refuses:
        return "it is unique and rejects rows that Kine writes"
    return "every write has to update it"


def _is_harmless(seen: ObservedIndex) -> bool:
    """An index that contains a unique key of Kine rejects no additional rows."""
    keys = {key.column for key in seen.index.keys}
    return "id" in keys or {"name", "prev_revision"} <= keys or seen.index.placeholder


def _describe_size(seen: ObservedIndex) -> str:
    return f" ({format_bytes(seen.bytes)})" if seen.bytes else ""


def _drop_statement(table: Relation, seen: ObservedIndex, server: Server) -> str:
    if seen.constraint:
        return f"ALTER TABLE {qualified_table(table)} DROP CONSTRAINT {identifier(seen.constraint)}"
    return drop_index_statement(seen.index.name, server, table)
