"""The cost of one INSERT of Kine with each profile: WAL, time, and the indexes that it updates."""

from __future__ import annotations

from statistics import median

import psycopg

from bench.bench_server import BenchServer, apply_profile
from bench.inserts import INSERTS, InsertCost, measure_inserts
from bench.progress import print_progress
from kinetune.kine.releases import find_era
from kinetune.model.endpoint import Endpoint
from kinetune.model.report import Cell, Paragraph, Report, Table

PROFILES = ("stock", "article", "tuned")
ERAS = ("E20", "E16")
ROUNDS = 3


def run(bench_server: BenchServer, rows: int) -> Report:
    """Medians of ROUNDS rounds of INSERTS inserts, for each profile, era and value of full_page_writes."""
    cells, data = [], []
    for profile in PROFILES:
        with bench_server.clone_store(bench_server.filled(rows)) as store:
            apply_profile(store, profile, find_era("E20"))
            size = _index_bytes(bench_server, store)
            for number in ERAS:
                for full in (False, True):
                    print_progress(f"writes: {profile}, {number}, full_page_writes {'on' if full else 'off'}")
                    bench_server.full_page_writes(full)
                    one = _median([measure_inserts(bench_server.dsn(store), find_era(number)) for _ in range(ROUNDS)])
                    cells.append(_row(profile, size, (number, full), one))
                    data.append(_data(profile, size, (number, full), one))
            bench_server.full_page_writes(False)
    columns = ("profile", "index MiB", "era", "full_page_writes", "WAL bytes an insert", "µs an insert")
    table = Table(columns, tuple(cells), frozenset(columns[1:2] + columns[4:]))
    note = Paragraph(f"Medians of {ROUNDS} × {INSERTS:,} inserts, each behind a CHECKPOINT; no disk waits (fsync off).")
    return Report("bench writes", f"Inserts, {rows:,} rows", (table, note), {"rows": rows, "inserts": data})


def _median(rounds: list[InsertCost]) -> InsertCost:
    return InsertCost(median(one.wal_bytes for one in rounds), median(one.microseconds for one in rounds))


def _index_bytes(bench_server: BenchServer, store: Endpoint) -> int:
    with psycopg.connect(bench_server.dsn(store)) as connection:
        row = connection.execute("SELECT pg_indexes_size('kine')").fetchone()
        assert row is not None
        return int(row[0])


def _row(profile: str, size: int, how: tuple[str, bool], one: InsertCost) -> tuple[Cell, ...]:
    number, full = how
    texts = (profile, f"{size / 2**20:.1f}", number, "on" if full else "off")
    return tuple(map(Cell, (*texts, f"{one.wal_bytes:,.0f}", f"{one.microseconds:.0f}")))


def _data(profile: str, size: int, how: tuple[str, bool], one: InsertCost) -> dict[str, object]:
    number, full = how
    return {
        "profile": profile,
        "index_bytes": size,
        "era": number,
        "full_page_writes": full,
        "wal_bytes": one.wal_bytes,
        "microseconds": one.microseconds,
    }
