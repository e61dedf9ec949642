from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_number
from kinetune.kine.schema import INDEXES, LIST_QUERY, UNIQUE
from kinetune.kine.table_shape import describe_unusable, find_deviations, find_unique_indexes
from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.model.unknown import Unknown
from kinetune.rules.remedies import init_command, is_hash_sharded
from kinetune.rules.rule import rule

LONGEST = 3.0
A_MILLION_ROWS = "0.6 to 3 s per million rows"
"""The time that PostgreSQL 15 needs to build one of Kine's indexes; measured, see the page."""


@rule("KT108", Severity.WARNING)
def unclaimed_index_names(table: Relation, server: Server) -> Iterator[Remark | Unknown]:
    """
    An index name that Kine creates at its start does not exist.

    Why it matters
        At every start Kine sends CREATE INDEX IF NOT EXISTS for its six index names. An index that was dropped because
        no query needs it is built again at the next restart of K3s. On PostgreSQL all creates, updates and lease
        renewals of the cluster wait for the build, 0.6 to 3 s per million rows. On YugabyteDB the start takes 3 to 9 s
        longer per index, and every write then sends one more request (docs/facts/measured.md §6).

    What to do
        `kinetune init` creates every name: the index itself if this Kine release needs it, otherwise a placeholder
        `WHERE false`, which contains no rows and costs no writes. Kine compares only the name, so it adds nothing.

    When to ignore
        The next start may take that long and you want Kine's own index. KT104 and KT107 report the unique index and
        kine_list_query_index.

    Source
        docs/facts/kine.md §0.3 and docs/facts/measured.md §1. The times on PostgreSQL were measured for this rule:
        PostgreSQL 15.18, 1,000,000 rows, two shared CPU cores, from 0.6 s for (id, deleted) to 3.0 s for (name, id
        DESC, deleted); a placeholder takes 0.25 s.
    """
    if why := describe_unusable(table):
        yield Unknown(f"kine {why}")
        return
    # KT107 reports the list index, KT104 a missing unique index.
    others = {LIST_QUERY.name} if find_unique_indexes(table) else {LIST_QUERY.name, UNIQUE.name}
    for index in INDEXES:
        if index.name not in others and table.index(index.name) is None:
            placeholder = f"CREATE INDEX {index.name} ON kine (id ASC) WHERE false"
            yield Remark(
                on=index.name,
                says=f"does not exist: Kine builds it at its next start, {_build_cost(table, server)}",
                do=placeholder if is_hash_sharded(table) else init_command(table),
                severity=Severity.INFO if any(find_deviations(table)) else None,
            )


def _build_cost(table: Relation, server: Server) -> str:
    if server.flavour is Flavour.YUGABYTEDB:
        return "which takes 3 to 9 s, and from then on every write sends one more request"
    if not table.size:
        return f"which blocks all writes ({A_MILLION_ROWS}), and from then on every write has to update it"
    seconds = LONGEST * table.size / 1_000_000
    time = f"{'less than 1 s' if seconds < 1 else f'up to {seconds:,.0f} s'} for {format_number(table.size)} rows"
    return f"which blocks all writes ({time}), and from then on every write has to update it"
