"""What one insert of Kine's costs with each profile: WAL, time, and the indexes it has to keep."""

from __future__ import annotations

from statistics import median

import psycopg

from bench.ground import Ground, become
from bench.inserts import INSERTS, Written, written
from bench.say import say
from kinetune.kine.releases import era_named
from kinetune.model.endpoint import Endpoint
from kinetune.model.report import Cell, Paragraph, Report, Table

PROFILES = ("stock", "article", "tuned")
ERAS = ("E20", "E16")
ROUNDS = 3


def run(ground: Ground, rows: int) -> Report:
    """ROUNDS times INSERTS inserts for each profile, era and setting of full_page_writes; medians."""
    cells, data = [], []
    for profile in PROFILES:
        with ground.clone(ground.filled(rows)) as store:
            become(store, profile, era_named("E20"))
            size = _index_bytes(ground, store)
            for number in ERAS:
                for full in (False, True):
                    say(f"writes: {profile}, {number}, full_page_writes {'on' if full else 'off'}")
                    ground.full_page_writes(full)
                    one = _median([written(ground.dsn(store), era_named(number)) for _ in range(ROUNDS)])
                    cells.append(_row(profile, size, (number, full), one))
                    data.append(_data(profile, size, (number, full), one))
            ground.full_page_writes(False)
    columns = ("profile", "index MiB", "era", "full_page_writes", "WAL bytes an insert", "µs an insert")
    table = Table(columns, tuple(cells), frozenset(columns[1:2] + columns[4:]))
    note = Paragraph(f"Medians of {ROUNDS} × {INSERTS:,} inserts, each behind a CHECKPOINT; no disk waits (fsync off).")
    return Report("bench writes", f"Inserts, {rows:,} rows", (table, note), {"rows": rows, "inserts": data})


def _median(rounds: list[Written]) -> Written:
    return Written(median(one.wal_bytes for one in rounds), median(one.microseconds for one in rounds))


def _index_bytes(ground: Ground, store: Endpoint) -> int:
    with psycopg.connect(ground.dsn(store)) as connection:
        row = connection.execute("SELECT pg_indexes_size('kine')").fetchone()
        assert row is not None
        return int(row[0])


def _row(profile: str, size: int, how: tuple[str, bool], one: Written) -> tuple[Cell, ...]:
    number, full = how
    texts = (profile, f"{size / 2**20:.1f}", number, "on" if full else "off")
    return tuple(map(Cell, (*texts, f"{one.wal_bytes:,.0f}", f"{one.microseconds:.0f}")))


def _data(profile: str, size: int, how: tuple[str, bool], one: Written) -> dict[str, object]:
    number, full = how
    return {
        "profile": profile,
        "index_bytes": size,
        "era": number,
        "full_page_writes": full,
        "wal_bytes": one.wal_bytes,
        "microseconds": one.microseconds,
    }
