"""
The experiment that led to the profile `tuned` on PostgreSQL: each index of Kine in turn becomes an empty placeholder.

It shows which index the queries of each era need, what each index costs per write, and the effect of INCLUDE (id).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psycopg

from bench.bench_server import BenchServer
from bench.costs import RECORDED, CallCost, CostOptions, measure_costs, short_name
from bench.inserts import InsertCost, measure_inserts
from bench.progress import print_progress
from kinetune.database.session import open_session
from kinetune.kine.releases import find_era
from kinetune.kine.schema import INDEXES, UNIQUE
from kinetune.model.endpoint import Endpoint
from kinetune.model.report import Cell, Heading, Paragraph, Report, Section, Table, Tone
from kinetune.tuning.statements import create_index

NAME, NAME_ID, ID_DELETED, PREV, _, LISTS = (index.name for index in INDEXES)
LEAN = (NAME, NAME_ID, PREV)
PREFIXES = ("/registry/pods/", "/registry/leases/")
"""Many objects of few revisions, and few objects of many."""
RUNS = 3
CHANGE = 0.15
LEAST_BLOCKS = 8
EVERY_INDEX = ("create", "fill")
"""Calls that touch a few blocks of each index that is not empty: the inserts tell it better."""
WRITERS = ("E20", "E16")


@dataclass(frozen=True)
class Variant:
    """Kine's six indexes. Those in `empty` are placeholders; `include` adds id to the unique one."""

    name: str
    empty: tuple[str, ...] = ()
    include: bool = False


VARIANTS = (
    Variant("all six"),
    Variant("all + INCLUDE", include=True),
    *(Variant(f"no {short_name(name)}", (name,)) for name in (NAME, NAME_ID, PREV, ID_DELETED, LISTS)),
    Variant("no name, name_id", (NAME, NAME_ID)),
    Variant("lean", LEAN),
    Variant("lean + INCLUDE", LEAN, include=True),
    Variant("lean, no id_deleted", (*LEAN, ID_DELETED)),
    Variant("lean + INCLUDE, no id_deleted", (*LEAN, ID_DELETED), include=True),
    Variant("lean + INCLUDE, no list_query", (*LEAN, LISTS), include=True),
)


@dataclass
class VariantResult:
    """Results of one variant: costs by era, prefix and scenario; inserts by era and full_page_writes."""

    index_bytes: int = 0
    costs: dict[tuple[str, str, str], CallCost] = field(default_factory=dict)
    writes: dict[tuple[str, bool], InsertCost] = field(default_factory=dict)


def run(bench_server: BenchServer, rows: int) -> Report:
    """Measure all variants on the same heap and statistics; only the indexes are rebuilt."""
    results = {variant.name: _result(bench_server, bench_server.filled(rows), variant) for variant in VARIANTS}
    sections: list[Section] = [
        _index_sizes(results),
        Heading("Read calls and compaction that a variant changes, against all six (blocks, ms)"),
        *_changed_calls(results),
        Heading("Which indexes the plans use with all six"),
        _used(results["all six"]),
    ]
    data = {name: _data(result) for name, result in results.items()}
    return Report("bench indexes", f"Indexes, {rows:,} rows", tuple(sections), {"rows": rows, "variants": data})


def _result(bench_server: BenchServer, original: Endpoint, variant: Variant) -> VariantResult:
    result = VariantResult()
    print_progress(f"indexes: {variant.name}")
    with bench_server.clone_store(original) as store:
        result.index_bytes = _create_indexes(bench_server.dsn(store), store, variant)
        for era in RECORDED:
            for prefix in PREFIXES:
                found = measure_costs(store, era, CostOptions(RUNS, {"prefix": prefix}))
                result.costs |= {(era.number, prefix, scenario): cost for scenario, cost in found.items()}
                with psycopg.connect(bench_server.dsn(store), autocommit=True) as connection:
                    connection.execute("VACUUM (INDEX_CLEANUP on) kine")
        for full in (False, True):
            bench_server.full_page_writes(full)
            for number in WRITERS:
                result.writes[number, full] = measure_inserts(bench_server.dsn(store), find_era(number))
        bench_server.full_page_writes(False)
    return result


def _create_indexes(dsn: str, store: Endpoint, variant: Variant) -> int:
    """Build all indexes of the variant. Returns their bytes, including the primary key."""
    with open_session(store, "bench") as session:
        server = session.server
    with psycopg.connect(dsn, autocommit=True) as connection:
        for index in INDEXES:
            wanted = replace(index, predicate="false") if index.name in variant.empty else index
            if index.name == UNIQUE.name and variant.include:
                wanted = replace(index, include=("id",))
            connection.execute(f"DROP INDEX {index.name}")
            connection.execute(create_index(wanted, server).encode())
        row = connection.execute("SELECT pg_indexes_size('kine')").fetchone()
        assert row is not None
        return int(row[0])


def _index_sizes(results: dict[str, VariantResult]) -> Table:
    headings = [f"{number} {what}" for number in WRITERS for what in ("WAL", "WAL, full pages", "µs")]
    rows = []
    for name, result in results.items():
        cells = [name, f"{result.index_bytes / 2**20:.1f}"]
        for number in WRITERS:
            plain, full = result.writes[number, False], result.writes[number, True]
            cells += [f"{plain.wal_bytes:,.0f}", f"{full.wal_bytes:,.0f}", f"{plain.microseconds:.0f}"]
        rows.append(tuple(map(Cell, cells)))
    columns = ("variant", "index MiB", *headings)
    return Table(columns, tuple(rows), frozenset(columns[1:]))


def _changed_calls(results: dict[str, VariantResult]) -> Iterator[Section]:
    base = results["all six"].costs
    for name, result in results.items():
        if name == "all six":
            continue
        read = (pair for pair in base.items() if pair[0][2] not in EVERY_INDEX)
        rows = [_row(key, cost, result.costs[key]) for key, cost in read if _differs(cost, result.costs[key])]
        yield Paragraph(f"{name}: {len(rows)} of {len(base)} calls change" + (":" if rows else "."))
        if rows:
            columns = ("era", "prefix", "call", "blocks", "then", "ms", "then ", "indexes", "then  ")
            yield Table(columns, tuple(rows), frozenset(columns[3:7]))


def _differs(before: CallCost, after: CallCost) -> bool:
    """By blocks, which are deterministic."""
    change = abs(after.blocks - before.blocks)
    return change > LEAST_BLOCKS and change > CHANGE * before.blocks


def _row(key: tuple[str, str, str], before: CallCost, after: CallCost) -> tuple[Cell, ...]:
    era, prefix, scenario = key
    tone = Tone.GOOD if after.blocks < before.blocks else Tone.BAD
    texts = (era, prefix.split("/")[2], scenario, f"{before.blocks:,}", f"{after.blocks:,}")
    times = (f"{before.ms:.2f}", f"{after.ms:.2f}", ", ".join(before.indexes), ", ".join(after.indexes))
    return tuple(Cell(text, tone if place == 4 else Tone.PLAIN) for place, text in enumerate((*texts, *times)))


def _used(result: VariantResult) -> Table:
    """For each index, the calls whose plan uses it."""
    users: dict[str, dict[str, set[str]]] = {}
    for (era, _, scenario), cost in result.costs.items():
        for index in cost.indexes:
            users.setdefault(index, {}).setdefault(scenario, set()).add(era)
    rows = []
    for index, scenarios in sorted(users.items()):
        calls = (f"{scenario} ({' '.join(sorted(eras))})" for scenario, eras in sorted(scenarios.items()))
        rows.append((Cell(index), Cell("; ".join(calls))))
    return Table(("index", "calls"), tuple(rows), fold="calls")


def _data(result: VariantResult) -> dict[str, object]:
    return {
        "index_bytes": result.index_bytes,
        "costs": [
            {"era": era, "prefix": prefix, "call": call} | cost.data()
            for (era, prefix, call), cost in result.costs.items()
        ],
        "inserts": [
            {"era": era, "full_page_writes": full, "wal_bytes": one.wal_bytes, "microseconds": one.microseconds}
            for (era, full), one in result.writes.items()
        ],
    }
