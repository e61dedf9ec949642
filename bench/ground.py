"""The ground all parts stand on: one throw-away PostgreSQL 15, and stores in it that are made once and cloned."""

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

from bench.say import say
from kinetune.commands.init import Outcome, Wish, carry_out, look
from kinetune.kine.releases import Era, EraInUse, newest
from kinetune.model.endpoint import Endpoint, parse
from kinetune.workload.store import Store, fill, rebuild
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
"""No checkpoint and no vacuum but the ones asked for; fsync off: times of writes are without the disk's."""
NOTHING: frozenset[str] = frozenset()


class Ground:
    """A context manager. `filled` stores are never written to: work on a `clone`."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._filled: dict[int, Endpoint] = {}

    def __enter__(self) -> Ground:
        self.cluster = Cluster.start(DEBIAN_15, **SETTINGS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.cluster.remove()

    def fresh(self) -> Endpoint:
        """The endpoint of a database that does not exist yet."""
        return self._endpoint(f"bench{next(self._numbers)}")

    def filled(self, rows: int) -> Endpoint:
        """A store with stock schema: analysed, all visible, and indexes as compact as `init` builds them."""
        if rows not in self._filled:
            endpoint = self.fresh()
            become(endpoint, "stock", newest())
            say(f"writing {rows:,} rows")
            fill(endpoint, Store.of_rows(rows))
            rebuild(endpoint)
            self._filled[rows] = endpoint
        return self._filled[rows]

    @contextlib.contextmanager
    def clone(self, original: Endpoint) -> Iterator[Endpoint]:
        """A copy, file by file, with its statistics and visibility map; dropped afterwards."""
        copy = self.fresh()
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


def become(endpoint: Endpoint, profile: str, era: Era) -> Outcome | None:
    """What `kinetune init --yes --profile` does; None where nothing was to be done."""
    wish = Wish(profile, EraInUse(era, "bench"), NOTHING, NOTHING)
    seen = look(endpoint, wish)
    return carry_out(endpoint, seen, wish, yes=True) if seen.script else None


def machine() -> str:
    """One line about where the numbers come from."""
    kinds = (line.partition(":")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{next(kinds, platform.machine()).strip()}, {os.cpu_count()} cores, {memory:.0f} GiB, load {load:.1f}; "
        f"Python {platform.python_version()}; PostgreSQL 15, {', '.join(f'{k} {v}' for k, v in SETTINGS.items())}"
    )
