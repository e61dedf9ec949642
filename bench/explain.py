"""explain's table for stock, article and tuned, an era at a time, side by side."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from bench.costs import RECORDED, Cost, How, costs
from bench.ground import Ground, become
from bench.say import say
from kinetune.kine.releases import Era
from kinetune.model.endpoint import Endpoint
from kinetune.model.report import Cell, Heading, Report, Section, Table, Tone
from kinetune.tuning.profiles import LIST_INDEX_SINCE

PROFILES = ("stock", "article", "tuned")
QUICK = 200_000
"""Above it one warm run has to do."""
CHANGE = 0.15
LEAST_BLOCKS = 8

Costs = dict[str, dict[str, dict[str, Cost]]]
"""By era, profile and scenario."""


def run(ground: Ground, rows: int) -> Report:
    """One clone goes through all profiles by `init`, so that heap and statistics are the same for all."""
    how = How(3 if rows <= QUICK else 1)
    found: Costs = {era.number: {} for era in RECORDED}
    with ground.clone(ground.filled(rows)) as store:
        for profile in PROFILES:
            for era in reversed(RECORDED):  # what `tuned` sets for old eras would stay
                become(store, profile, era)
                say(f"explain: {profile}, {era.releases}")
                found[era.number][profile] = costs(store, era, how)
                _clean(ground, store)
    sections = tuple(section for era in RECORDED for section in _era(era, found[era.number]))
    data = {
        era: {profile: {call: cost.data() for call, cost in calls.items()} for profile, calls in profiles.items()}
        for era, profiles in found.items()
    }
    return Report("bench explain", f"explain, {rows:,} rows: ms · blocks", sections, {"rows": rows, "eras": data})


def _clean(ground: Ground, store: Endpoint) -> None:
    """What writes that were rolled back left, for index-only scans to be so again."""
    with psycopg.connect(ground.dsn(store), autocommit=True) as connection:
        connection.execute("VACUUM (INDEX_CLEANUP on) kine")


def _era(era: Era, profiles: dict[str, dict[str, Cost]]) -> Iterator[Section]:
    yield Heading(f"{era.number}: Kine {era.releases}")
    stock = profiles["stock"]
    rows = tuple(_row(call, [profiles[profile][call] for profile in PROFILES]) for call in stock)
    note = "" if era.number >= LIST_INDEX_SINCE else " (no list_query)"
    yield Table(("call", f"stock{note}", "article", "tuned", "indexes, tuned"), rows, frozenset(PROFILES))


def _row(call: str, of: list[Cost]) -> tuple[Cell, ...]:
    cells = (Cell(f"{cost.ms:,.2f} · {cost.blocks:,}", _tone(of[0], cost)) for cost in of)
    return Cell(call), *cells, Cell(", ".join(of[-1].indexes), Tone.DIM)


def _tone(stock: Cost, cost: Cost) -> Tone:
    """By blocks: they are deterministic."""
    change = cost.blocks - stock.blocks
    if abs(change) <= max(LEAST_BLOCKS, CHANGE * stock.blocks):
        return Tone.PLAIN
    return Tone.BAD if change > 0 else Tone.GOOD
