"""The table of `explain` for the profiles stock, article and tuned side by side, for each era."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from bench.bench_server import BenchServer, apply_profile
from bench.costs import RECORDED, CallCost, CostOptions, measure_costs
from bench.progress import print_progress
from kinetune.kine.releases import Era
from kinetune.model.endpoint import Endpoint
from kinetune.model.report import Cell, Heading, Report, Section, Table, Tone
from kinetune.tuning.profiles import LIST_INDEX_SINCE

PROFILES = ("stock", "article", "tuned")
QUICK = 200_000
"""Calls that take longer are measured once, after the run that warms the caches."""
CHANGE = 0.15
LEAST_BLOCKS = 8

Costs = dict[str, dict[str, dict[str, CallCost]]]
"""By era, profile and scenario."""


def run(bench_server: BenchServer, rows: int) -> Report:
    """Apply all profiles to one clone by `init`, so that heap and statistics are the same for all of them."""
    how = CostOptions(3 if rows <= QUICK else 1)
    found: Costs = {era.number: {} for era in RECORDED}
    with bench_server.clone_store(bench_server.filled(rows)) as store:
        for profile in PROFILES:
            for era in reversed(RECORDED):  # what `tuned` sets for old eras would stay
                apply_profile(store, profile, era)
                print_progress(f"explain: {profile}, {era.releases}")
                found[era.number][profile] = measure_costs(store, era, how)
                _clean(bench_server, store)
    sections = tuple(section for era in RECORDED for section in _era(era, found[era.number]))
    data = {
        era: {profile: {call: cost.data() for call, cost in calls.items()} for profile, calls in profiles.items()}
        for era, profiles in found.items()
    }
    return Report("bench explain", f"explain, {rows:,} rows: ms · blocks", sections, {"rows": rows, "eras": data})


def _clean(bench_server: BenchServer, store: Endpoint) -> None:
    """VACUUM away the rows of writes that were rolled back: index-only scans would have to visit the heap for them."""
    with psycopg.connect(bench_server.dsn(store), autocommit=True) as connection:
        connection.execute("VACUUM (INDEX_CLEANUP on) kine")


def _era(era: Era, profiles: dict[str, dict[str, CallCost]]) -> Iterator[Section]:
    yield Heading(f"{era.number}: Kine {era.releases}")
    stock = profiles["stock"]
    rows = tuple(_row(call, [profiles[profile][call] for profile in PROFILES]) for call in stock)
    note = "" if era.number >= LIST_INDEX_SINCE else " (no list_query)"
    yield Table(("call", f"stock{note}", "article", "tuned", "indexes, tuned"), rows, frozenset(PROFILES))


def _row(call: str, of: list[CallCost]) -> tuple[Cell, ...]:
    cells = (Cell(f"{cost.ms:,.2f} · {cost.blocks:,}", _tone(of[0], cost)) for cost in of)
    return Cell(call), *cells, Cell(", ".join(of[-1].indexes), Tone.DIM)


def _tone(stock: CallCost, cost: CallCost) -> Tone:
    """Compared by blocks, because they are deterministic."""
    change = cost.blocks - stock.blocks
    if abs(change) <= max(LEAST_BLOCKS, CHANGE * stock.blocks):
        return Tone.PLAIN
    return Tone.BAD if change > 0 else Tone.GOOD
