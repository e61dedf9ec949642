"""
Which set of indexes is best on YugabyteDB, by the recorded requests: no server is asked.

An hour of a cluster that writes ten revisions a second, in storage requests: how often Kine sends each query (kine.md
§2.1) times what it took with each set (docs/yugabytedb-requests.csv, from facts/measured.md §3), and the requests of
the writes (§6). A read of the whole table inside the storage is one request and 50,001 rows: it grows with the table,
and is counted as the 49 pages that it reads.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.ground import Ground
from kinetune.kine.releases import era_named
from kinetune.model.report import Cell, Paragraph, Report, Table, Tone
from kinetune.servers.recognise import named
from kinetune.tuning.profiles import target

RECORDED = Path(__file__).parents[1] / "docs" / "yugabytedb-requests.csv"
ERAS = ("E07", "E11", "E16", "E18", "E20")
SETS = ("stock", "article", "range", "lean")
"""stock and article as the profiles; range: all by range; lean: range without the two name indexes."""
HOUR = 3600
WRITES = 10 * HOUR
AN_HOUR: Mapping[str, float] = {
    "get": WRITES,  # once per write
    "poll": HOUR + 0.6 * WRITES,  # once a second, and 0.3 to 0.9 times per write
    "MAX(id)": HOUR,  # per create and conflict: a tenth of the writes
    "list": 60,  # bursts when an apiserver starts; kubectl now and then
    "page": 60,
    "count": 60,  # once a minute per resource; of them one is large
    "compaction": 36,  # every 5 minutes, in batches of 1,000 revisions
}
STORM = 100
"""Times as many lists, pages and counts: apiservers that start again and again."""
SECONDARY = {"stock": 6, "article": 6, "range": 6, "lean": 4}
"""Indexes that hold rows; an insert sends one request for each, and one for the table (measured.md §6)."""
WHOLE_READS = {"stock": 1}
PAGES = 49
"""Of 1,024 rows, of the 50,001 in the recorded table: ids sharded by hash are read whole for MAX(id) and polls."""
SERVER = named("yugabytedb-2024.2")


@dataclass(frozen=True)
class Choice:
    """What an hour costs with each set, in requests; `missing` are queries that were not recorded for this era."""

    era: str
    statistics: bool
    costs: Mapping[str, float]
    missing: tuple[str, ...]

    @property
    def winner(self) -> str:
        return min(self.costs, key=lambda name: self.costs[name])


def recorded() -> dict[tuple[str, str, str], dict[str, int]]:
    """Requests by set, for each era, query and 'on' or 'off'; joins in batches of 1,024."""
    found: dict[tuple[str, str, str], dict[str, int]] = {}
    with RECORDED.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["batch"] == "1024":
                key = (row["kine"], row["query"], row["statistics"])
                found.setdefault(key, {})[row["indexes"]] = int(row["requests"])
    return found


def choice(era: str, *, statistics: bool, storm: bool = False) -> Choice:
    """The winner is the set with the fewest requests an hour."""
    costs = {name: float(WRITES * (1 + SECONDARY[name])) for name in SETS}
    seen = set()
    for query, requests in _of(era, "on" if statistics else "off"):
        kind = _kind(query)
        seen.add(kind)
        often = AN_HOUR[kind] * (STORM if storm and kind in ("list", "page", "count") else 1)
        for name in SETS:
            costs[name] += often * (requests[name] + PAGES * WHOLE_READS.get(name, 0))
    return Choice(era, statistics, costs, tuple(kind for kind in AN_HOUR if kind not in seen))


def _of(era: str, statistics: str) -> Iterator[tuple[str, dict[str, int]]]:
    """The era's own queries and those that are alike in all; polls were recorded of the first and the last era."""
    found = recorded()
    mine = {
        query: requests
        for kine in ("all", era)
        for (of, query, on), requests in found.items()
        if (of, on) == (kine, statistics)
    }
    mine.setdefault("poll", found.get(("E20", "poll", statistics), {}))
    yield from mine.items()


def _kind(query: str) -> str:
    return next(kind for kind in AN_HOUR if query.startswith(kind))


def tuned(era: str) -> str:
    """The set that the profile `tuned` is, for an era."""
    indexes = target("tuned", SERVER, era_named(era)).indexes
    lean = {index.name for index in indexes if index.placeholder}
    return {frozenset(): "range", frozenset({"kine_name_index", "kine_name_id_index"}): "lean"}[frozenset(lean)]


def choices(*, storm: bool = False) -> tuple[Choice, ...]:
    return tuple(choice(era, statistics=on, storm=storm) for on in (False, True) for era in ERAS)


def run(_ground: Ground | None = None, _rows: int = 0) -> Report:
    """The table of docs/yugabytedb-profiles.md."""
    rows = tuple(_row(one) for one in choices())
    table = Table(("Kine", "statistics", *SETS, "fewest", "tuned has", "not recorded"), rows, frozenset(SETS))
    storms = [one for one in choices(storm=True) if one.winner != choice(one.era, statistics=one.statistics).winner]
    moved = ", ".join(f"{one.era}: {one.winner}" for one in storms) or "none"
    words = f"With {STORM} times as many lists, pages and counts the winner changes for: {moved}."
    data: dict[str, object] = {
        "choices": [_data(one) for one in choices()],
        "storm": [_data(one) for one in choices(storm=True)],
    }
    return Report("bench sets", "Sets of indexes on YugabyteDB: requests an hour", (table, Paragraph(words)), data)


def _row(one: Choice) -> tuple[Cell, ...]:
    costs = (Cell(f"{one.costs[name]:,.0f}", Tone.GOOD if name == one.winner else Tone.PLAIN) for name in SETS)
    has = tuned(one.era)
    agrees = Tone.GOOD if has == one.winner else Tone.WARN
    on = "on" if one.statistics else "off"
    return Cell(one.era), Cell(on), *costs, Cell(one.winner), Cell(has, agrees), Cell(", ".join(one.missing))


def _data(one: Choice) -> dict[str, object]:
    return {
        "era": one.era,
        "statistics": one.statistics,
        "requests_an_hour": dict(one.costs),
        "winner": one.winner,
        "tuned": tuned(one.era),
        "missing": list(one.missing),
    }
