from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_bytes
from kinetune.kine.shape import NAMES, guards, leftover, stranger
from kinetune.model.facts import Relation, SeenIndex, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.quoting import identifier
from kinetune.rules.remedy import by_hand, drop_index
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified


@rule("KT110", Severity.INFO)
def unknown_indexes(table: Relation, server: Server) -> Iterator[Remark | Unknown]:
    """
    Kine has no index that neither Kine nor kinetune knows.

    Why it matters
        Each further index is fed by every create, update, delete and lease renewal of the cluster: on YugabyteDB one
        more write request each (docs/facts/measured.md §6). One that an interrupted kinetune left is a warning. A
        unique one is an error unless it holds id or (name, prev_revision): an update is a new row of the same name, so
        it is refused, and Kine takes every refusal for a conflict.

    What to do
        `kinetune init` finishes or drops what it left. Drop the others where nobody needs them; kinetune never does.

    When to ignore
        When you made it on purpose and have seen a plan that uses it (`kinetune explain`): ignore KT110:<name> with
        that reason.

    Source
        docs/facts/kine.md §3: the names Kine takes. Invalid indexes are KT109's.
    """
    if why := stranger(table):
        yield Unknown(f"kine {why}")
        return
    kept = {seen.index.name for seen in guards(table)}
    for seen in table.indexes:
        name = seen.index.name
        if leftover(name):
            says = "was left by an interrupted run of kinetune, and every write may feed it"
            do = drop_index(name, server, table) if by_hand(table) else "kinetune init"
            yield Remark(on=name, says=says, do=do, severity=Severity.WARNING)
        elif name not in NAMES and seen.valid:
            refuses = seen.index.unique and name not in kept and not _harmless(seen)
            yield Remark(
                on=name,
                says=f"is neither Kine's nor kinetune's{_size(seen)}: {_follows(refuses)}",
                do=_drop(table, seen, server),
                severity=Severity.ERROR if refuses else None,
            )


def _follows(refuses: bool) -> str:
    if refuses:
        return "it is unique, and refuses rows that Kine has to write"
    return "every write feeds it"


def _harmless(seen: SeenIndex) -> bool:
    """What holds a unique key of Kine's is unique anyway."""
    keys = {key.column for key in seen.index.keys}
    return "id" in keys or {"name", "prev_revision"} <= keys or seen.index.placeholder


def _size(seen: SeenIndex) -> str:
    return f" ({format_bytes(seen.bytes)})" if seen.bytes else ""


def _drop(table: Relation, seen: SeenIndex, server: Server) -> str:
    if seen.constraint:
        return f"ALTER TABLE {qualified(table)} DROP CONSTRAINT {identifier(seen.constraint)}"
    return drop_index(seen.index.name, server, table)
