from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import LIST_QUERY
from kinetune.kine.shape import stranger
from kinetune.model.facts import Facts, KineRelease, Relation, SeenIndex, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.schema import Key, Order
from kinetune.model.server import Flavour, Server
from kinetune.plans.numbers import count
from kinetune.rules.remedy import init
from kinetune.rules.rule import rule

NEEDED_SINCE = "E19"
DEFINITION = "(name, id DESC, deleted)"


@rule("KT107", Severity.ERROR)
def list_query_index(table: Relation, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    kine_list_query_index is there, on (name, id DESC, deleted).

    Why it matters
        Kine v0.16.5, v0.17.1 and newer stop a list after the first page, and this index alone lets them: a page of 500
        out of 8,000 pods took 2.4 ms with it and 58 ms without at 100,000 rows, because the whole table was read
        (docs/facts/kine.md §0.2). Each `kubectl get` and each start of an API server pays that, page by page.

    What to do
        `kinetune init` builds it while Kine runs. Kine v0.13.0 and newer would build it at the next start, and writes
        wait meanwhile; a placeholder or another index of that name is kept for ever.

    When to ignore
        Kine up to v0.16.4 and v0.17.0 makes no use of it on PostgreSQL: info there, for the day of the upgrade. Hash
        sharding is KT106's.

    Source
        docs/facts/kine.md §0.2 and §4; on YugabyteDB with the PostgreSQL 11 base a limit does not stop a list
        (docs/facts/measured.md §5).
    """
    if why := stranger(table):
        yield Unknown(f"kine {why}")
        return
    if wrong := _wrong(table.index(LIST_QUERY.name)):
        kine = facts.kine if isinstance(facts.kine, KineRelease) else None
        yield Remark(
            on=LIST_QUERY.name,
            says=f"{wrong}: {_follows(kine, facts.server, table)}",
            do=init(table),
            severity=_severity(kine),
        )


def _wrong(seen: SeenIndex | None) -> str:
    """An invalid index is KT109's."""
    if seen is None:
        return "is missing"
    if not seen.valid:
        return ""
    if seen.index.placeholder:
        return "is only a placeholder"
    return "" if _serves(seen) else f"is not on {DEFINITION}"


def _serves(seen: SeenIndex) -> bool:
    """More columns behind do no harm."""
    first = seen.index.keys[: len(LIST_QUERY.keys)]
    ranged = tuple(Key(key.column, Order.ASC) if key.order is Order.HASH else key for key in first)
    return ranged == LIST_QUERY.keys and seen.index.predicate is None


def _needs(kine: KineRelease) -> bool:
    return kine.number >= NEEDED_SINCE


def _severity(kine: KineRelease | None) -> Severity:
    if kine is None:
        return Severity.WARNING
    return Severity.ERROR if _needs(kine) else Severity.INFO


def _follows(kine: KineRelease | None, server: Server, table: Relation) -> str:
    rows = f" ({count(table.size)} rows)" if table.size else ""
    reads = f"every page of a list reads the whole table{rows}"
    if server.flavour is Flavour.YUGABYTEDB:
        reads = "every page of a list goes through an index that was not made for it"
    if kine is None:
        return f"if this Kine is v0.16.5, v0.17.1 or newer, {reads}"
    if _needs(kine):
        return reads
    return "this Kine does well without, but v0.16.5, v0.17.1 and newer need it for every list"
