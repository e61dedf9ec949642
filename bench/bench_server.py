"""A temporary PostgreSQL 15 for all benchmarks, with stores that are created once and cloned."""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from bench.progress import print_progress
from kinetune.commands.change import apply_change
from kinetune.commands.init import InitChange, InitOptions, plan_init
from kinetune.kine.releases import Era, EraInUse, newest_era
from kinetune.model.change import ChangeResult
from kinetune.model.endpoint import Endpoint, parse
from kinetune.workload.store import StoreSize, fill_store, rebuild_indexes
from tests.cluster import DEBIAN_15, Cluster

SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "1GB",
    "effective_cache_size": "4GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
}
"""No automatic checkpoint and no autovacuum, so that runs are comparable. fsync is off: times exclude the disk."""


class BenchServer:
    """A context manager. Stores of `filled` are never written to: work on a copy from `clone_store`."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._filled: dict[int, Endpoint] = {}

    def __enter__(self) -> BenchServer:
        self.cluster = Cluster.start(DEBIAN_15, **SETTINGS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cluster.remove()

    def new_database(self) -> Endpoint:
        """The endpoint of a database that does not exist yet."""
        return self._endpoint(f"bench{next(self._numbers)}")

    def filled(self, rows: int) -> Endpoint:
        """A store with the stock schema: analysed, all rows visible, and indexes as compact as those of `init`."""
        if rows not in self._filled:
            endpoint = self.new_database()
            apply_profile(endpoint, "stock", newest_era())
            print_progress(f"writing {rows:,} rows")
            fill_store(endpoint, StoreSize.of_rows(rows))
            rebuild_indexes(endpoint)
            self._filled[rows] = endpoint
        return self._filled[rows]

    @contextlib.contextmanager
    def clone_store(self, original: Endpoint) -> Iterator[Endpoint]:
        """A copy of its files, including statistics and visibility map. It is dropped at the end."""
        copy = self.new_database()
        with self.admin() as admin:
            admin.execute(f"CREATE DATABASE {copy.database} TEMPLATE {original.database} STRATEGY file_copy")
        try:
            yield copy
        finally:
            with self.admin() as admin:
                admin.execute(f"DROP DATABASE {copy.database} WITH (FORCE)")

    def full_page_writes(self, on: bool) -> None:
        with self.admin() as admin:
            admin.execute(f"ALTER SYSTEM SET full_page_writes = {'on' if on else 'off'}")
            admin.execute("SELECT pg_reload_conf(), pg_sleep(0.2)")

    def admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.cluster.dsn(), autocommit=True)

    def dsn(self, endpoint: Endpoint) -> str:
        return self.cluster.dsn(endpoint.database)

    def _endpoint(self, database: str) -> Endpoint:
        target = parse(self.cluster.dsn(database), "bench")
        assert isinstance(target, Endpoint)
        return target


def apply_profile(endpoint: Endpoint, profile: str, era: Era) -> ChangeResult | None:
    """What `kinetune init --yes --profile` does; None where nothing was to be done."""
    options = InitOptions(profile, EraInUse(era, "bench"))
    plan = plan_init(endpoint, options)
    return apply_change(InitChange(plan, options)) if plan.script else None


def describe_machine() -> str:
    """The machine and the server of the measurements, in one line."""
    kinds = (line.partition(":")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{next(kinds, platform.machine()).strip()}, {os.cpu_count()} cores, {memory:.0f} GiB, load {load:.1f}; "
        f"Python {platform.python_version()}; PostgreSQL 15, {', '.join(f'{k} {v}' for k, v in SETTINGS.items())}"
    )
