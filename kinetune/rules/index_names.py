from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.schema import INDEXES, LIST_QUERY, UNIQUE
from kinetune.kine.shape import guards, oddities, stranger
from kinetune.model.facts import Relation, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour, Server
from kinetune.plans.numbers import count
from kinetune.rules.remedy import hashed, init
from kinetune.rules.rule import rule

LONGEST = 3.0
A_MILLION_ROWS = "0.6 to 3 s a million rows"
"""Seconds PostgreSQL 15 takes to build one of Kine's indexes on a million rows; see the page."""


@rule("KT108", Severity.WARNING)
def index_names(table: Relation, server: Server) -> Iterator[Remark | Unknown]:
    """
    Every index name that Kine would take is taken.

    Why it matters
        At each start Kine sends CREATE INDEX IF NOT EXISTS for its six names. Whoever dropped an index that no query
        needs gets it back at the next restart of K3s: on PostgreSQL all creates, updates and lease renewals of the
        cluster wait while it is built, 0.6 to 3 s a million rows; on YugabyteDB the start takes 3 to 9 s longer for
        each, and every write pays one more request ever after (docs/facts/measured.md §6).

    What to do
        `kinetune init` takes each name: with the index where the Kine in use needs it, else with a placeholder `WHERE
        false`, which holds no rows and costs no write. Kine compares names only and adds nothing.

    When to ignore
        When the next start may take that long and you want Kine's own index there. The names of the unique guard and of
        kine_list_query_index are KT104's and KT107's.

    Source
        docs/facts/kine.md §0.3 and docs/facts/measured.md §1. Seconds on PostgreSQL were measured for this rule: 15.18,
        1,000,000 rows, two shared cores, 0.6 s (id, deleted) to 3.0 s (name, id DESC, deleted); a placeholder 0.25 s.
    """
    if why := stranger(table):
        yield Unknown(f"kine {why}")
        return
    others = {LIST_QUERY.name} if guards(table) else {LIST_QUERY.name, UNIQUE.name}
    for index in INDEXES:
        if index.name not in others and table.index(index.name) is None:
            placeholder = f"CREATE INDEX {index.name} ON kine (id ASC) WHERE false"
            yield Remark(
                on=index.name,
                says=f"is free: Kine builds it at its next start, {_cost(table, server)}",
                do=placeholder if hashed(table) else init(table),
                severity=Severity.INFO if any(oddities(table)) else None,
            )


def _cost(table: Relation, server: Server) -> str:
    if server.flavour is Flavour.YUGABYTEDB:
        return "3 to 9 s each, and every write sends one request more from then on"
    if not table.size:
        return f"no object can be written meanwhile ({A_MILLION_ROWS}), and every write feeds it from then on"
    seconds = LONGEST * table.size / 1_000_000
    time = f"{'under a second' if seconds < 1 else f'up to {seconds:,.0f} s'} for {count(table.size)} rows"
    return f"no object can be written meanwhile ({time}), and every write feeds it from then on"
