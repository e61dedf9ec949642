from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number
from kinetune.kine.schema import LIST_QUERY
from kinetune.kine.table_shape import describe_unusable
from kinetune.model.facts import Facts, Key, KineRelease, ObservedIndex, Order, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.model.unknown import Unknown
from kinetune.rules.remedies import init_command
from kinetune.rules.rule import rule

NEEDED_SINCE = "E19"
DEFINITION = "(name, id DESC, deleted)"


@rule("KT107", Severity.ERROR)
def missing_list_index(table: Relation, facts: Facts) -> Iterator[Remark | Unknown]:
    """
    kine_list_query_index on (name, id DESC, deleted) is missing or different.

    Why it matters
        Kine v0.16.5, v0.17.1 and newer stop reading a list after the first page, but only with this index. At 100,000
        rows, a page of 500 out of 8,000 pods took 2.4 ms with the index and 58 ms without it, because the whole table
        was read (docs/facts/kine.md §0.2). Every `kubectl get` and every start of an API server pays this for every
        page.

    What to do
        `kinetune init` builds the index while Kine runs. Kine v0.13.0 and newer would build it at the next start and
        block writes meanwhile; it does not replace a placeholder or another index of that name.

    When to ignore
        Kine up to v0.16.4 and v0.17.0 does not use the index on PostgreSQL: the severity is info, for the next upgrade.
        KT106 reports hash sharding.

    Source
        docs/facts/kine.md §0.2 and §4. On YugabyteDB with the PostgreSQL 11 base a limit does not end a list early
        (docs/facts/measured.md §5).
    """
    if why := describe_unusable(table):
        yield Unknown(f"kine {why}")
        return
    if wrong := _index_problem(table.index(LIST_QUERY.name)):
        kine = facts.kine if isinstance(facts.kine, KineRelease) else None
        yield Remark(
            on=LIST_QUERY.name,
            says=f"{wrong}: {_consequence(kine, facts.server, table)}",
            do=init_command(table),
            severity=_choose_severity(kine),
        )


def _index_problem(seen: ObservedIndex | None) -> str:
    """The problem in words that follow the index name. KT109 reports an invalid index."""
    if seen is None:
        return "is missing"
    if not seen.valid:
        return ""
    if seen.index.placeholder:
        return "is only a placeholder"
    return "" if _covers_lists(seen) else f"is not on {DEFINITION}"


def _covers_lists(seen: ObservedIndex) -> bool:
    """Additional columns at the end are harmless."""
    first = seen.index.keys[: len(LIST_QUERY.keys)]
    # KT106 reports hash sharding, so a HASH column counts as ASC here.
    ranged = tuple(Key(key.column, Order.ASC) if key.order is Order.HASH else key for key in first)
    return ranged == LIST_QUERY.keys and seen.index.predicate is None


def _requires_index(kine: KineRelease) -> bool:
    return kine.number >= NEEDED_SINCE


def _choose_severity(kine: KineRelease | None) -> Severity:
    if kine is None:
        return Severity.WARNING
    return Severity.ERROR if _requires_index(kine) else Severity.INFO


def _consequence(kine: KineRelease | None, server: Server, table: Relation) -> str:
    rows = f" ({format_number(table.size)} rows)" if table.size else ""
    reads = f"every page of a list reads the whole table{rows}"
    if server.flavour is Flavour.YUGABYTEDB:
        reads = "every page of a list uses a less suitable index"
    if kine is None:
        return f"with Kine v0.16.5, v0.17.1 or newer {reads}"
    if _requires_index(kine):
        return reads
    return "this Kine release does not use it, but v0.16.5, v0.17.1 and newer need it for every list"
