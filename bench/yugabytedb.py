"""
Real Kine on a real YugabyteDB: a store with Kine's own schema, compared with one that `kinetune init` prepared.

Both are filled with the same rows in transactions of 500, flushed and compacted. Then, for each release of Kine and in
alternating rounds, four clients create objects and then read and update them for ten seconds. There is no manual
ANALYZE. Three nodes on one machine are slow, so only the ratios are meaningful.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median

import psycopg

from bench.bench_server import BenchServer, apply_profile
from bench.progress import print_progress
from kinetune.etcd.client import EtcdClient
from kinetune.etcd.failures import EtcdFailure
from kinetune.kine.releases import era_of_kine, newest_era
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.report import Cell, Paragraph, Report, Table, Tone
from tests.kine.process import Kine
from tests.yugabytedb.cluster import Ours, shared

RELEASES = ("v0.14.16", "v0.16.4", "v0.17.5")
"""Oldest first: v0.17.5 writes NULLs that the older ones do not read (docs/facts/kine.md)."""
ROUNDS, CLIENTS, CREATES, SECONDS = 3, 4, 200, 10.0
VALUE = b"v" * 500
REVISIONS, A_TRANSACTION = 5, 500
TARGETS = {"v0.17.5": (1.2, 2.8), "v0.16.4": (2.5, 2.8), "v0.14.16": (2.5, 2.8)}
"""Creates and updates, as ratios to the stock schema."""
HOLDING = ("kine", "kine_name_prev_revision_uindex", "kine_list_query_index")
FULL = ("kine_name_index", "kine_name_id_index", "kine_id_deleted_index", "kine_prev_revision_index")
FILL = """
INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
SELECT '/registry/' || (ARRAY['pods', 'pods', 'leases', 'secrets', 'events'])[1 + o % 5] || '/ns' || o % 50 || '/o-'
       || lpad(o::text, 6, '0'), ({revision} = 0)::int, 0, CASE WHEN {revision} = 0 THEN 0 ELSE o END,
       CASE WHEN {revision} = 0 THEN 0 ELSE o + ({revision} - 1) * {objects} END, 0, repeat('v', 500)::bytea, NULL
FROM generate_series({first}, {last}) AS o
"""


@dataclass(frozen=True)
class LoadRates:
    """Acknowledged writes per second, and the median of an update in milliseconds."""

    creates: float
    updates: float
    milliseconds: float
    errors: int


@dataclass
class LoadClient:
    """A client with its own keys."""

    etcd: EtcdClient
    prefix: str
    keys: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    errors: int = 0

    def create(self) -> None:
        for number in range(CREATES // CLIENTS):
            key = f"{self.prefix}{number:06}"
            if self._timed(lambda key=key: self.etcd.create(key, VALUE)):  # type: ignore[misc]
                self.keys.append(key)

    def update(self, until: float) -> None:
        """Read, then write, as leader election and most controllers do."""
        for key in itertools.cycle(self.keys):
            if time.monotonic() > until:
                return
            self._timed(lambda key=key: self._read_and_write(key))  # type: ignore[misc]

    def _read_and_write(self, key: str) -> int:
        old = self.etcd.get(key)
        if old is None:
            raise EtcdFailure(f"{key} is gone")
        return self.etcd.update(old, VALUE)

    def _timed(self, call: Callable[[], int]) -> int:
        started = time.monotonic()
        try:
            revision = call()
        except EtcdFailure:
            self.errors += 1
            return 0
        self.seconds.append(time.monotonic() - started)
        return revision


def run_load(dsn: str, tag: str, seconds: float = SECONDS) -> LoadRates:
    """Start a Kine of this release and measure creates, then updates for `seconds`."""
    with Kine(tag, dsn) as kine:
        run = f"/registry/configmaps/bench/{time.time_ns():x}"
        clients = [LoadClient(kine.client(), f"{run}-{number}-") for number in range(CLIENTS)]
        for client in clients:
            client.etcd.create(f"{client.prefix}warm", VALUE)
        took = _run_clients([client.create for client in clients])
        created = sum(len(client.seconds) for client in clients)
        for client in clients:
            client.seconds.clear()
        until = time.monotonic() + seconds
        lasted = _run_clients([lambda client=client: client.update(until) for client in clients])  # type: ignore[misc]
        every = [second for client in clients for second in client.seconds]
        errors = sum(client.errors for client in clients)
        return LoadRates(created / took, len(every) / lasted, median(every) * 1000 if every else 0.0, errors)


def _run_clients(calls: list[Callable[[], None]]) -> float:
    threads = [threading.Thread(target=call) for call in calls]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - started


def filled_store(dsn: str, rows: int) -> None:
    """Fill with objects of five revisions each, in the order of revisions, as in a store that has grown."""
    objects = rows // REVISIONS
    with psycopg.connect(dsn, autocommit=True) as connection:
        for revision in range(REVISIONS):
            for first in range(1, objects + 1, A_TRANSACTION):
                last = min(first + A_TRANSACTION - 1, objects)
                text = FILL.format(revision=revision, objects=objects, first=first, last=last)
                connection.execute(text.encode())


def run(_bench_server: BenchServer | None, rows: int) -> Report:
    """Medians of ROUNDS rounds, and each release's first page of 500 by `kinetune explain`."""
    with shared("bench", str(time.time_ns()), "--cache", "1") as cluster:
        stores = {"stock": _stock(cluster, rows), "prepared": _prepared(cluster, rows)}
        results = {tag: _measured(stores, tag) for tag in RELEASES}
        ceiling = measure_plain(stores["prepared"])
        pages = {tag: {name: _page(dsn, tag) for name, dsn in stores.items()} for tag in RELEASES}
    return _report(rows, results, pages, ceiling)


def measure_plain(dsn: str) -> float:
    """INSERTs per second of the same number of sessions without Kine: the limit of the database."""
    run, until = f"/registry/plain/{time.time_ns():x}", time.monotonic() + SECONDS
    done = [0] * CLIENTS
    text = b"INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value) "
    text += b"VALUES (%s, 1, 0, 0, 0, 0, %s)"

    def insert(number: int) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            while time.monotonic() < until:
                connection.execute(text, (f"{run}/{number}-{done[number]:06}", VALUE), prepare=True)
                done[number] += 1

    lasted = _run_clients([lambda number=number: insert(number) for number in range(CLIENTS)])  # type: ignore[misc]
    return sum(done) / lasted


def _stock(cluster: Ours, rows: int) -> str:
    """The schema that Kine creates at its first start, equal for all three releases; never analysed."""
    dsn = cluster.dsn("bench_stock")
    print_progress("stock: Kine's first start")
    with Kine(RELEASES[0], dsn):
        pass
    print_progress(f"stock: {rows:,} rows")
    filled_store(dsn, rows)
    cluster.flush("bench_stock", *HOLDING, *FULL)
    return dsn


def _prepared(cluster: Ours, rows: int) -> str:
    dsn = cluster.dsn("bench_prepared")
    endpoint = parse(dsn, "bench")
    assert isinstance(endpoint, Endpoint)
    print_progress("prepared: kinetune init")
    apply_profile(endpoint, "tuned", newest_era())
    print_progress(f"prepared: {rows:,} rows")
    filled_store(dsn, rows)
    cluster.flush("bench_prepared", *HOLDING)
    return dsn


def _measured(stores: dict[str, str], tag: str) -> dict[str, list[LoadRates]]:
    """
    Alternating, so that a machine that slows down slows both. The prepared store gets the release's settings first, as
    `kinetune init --kine TAG` would set them.
    """
    endpoint = parse(stores["prepared"], "bench")
    assert isinstance(endpoint, Endpoint)
    apply_profile(endpoint, "tuned", era_of_kine(tag))
    found: dict[str, list[LoadRates]] = {name: [] for name in stores}
    for number in range(ROUNDS):
        for name, dsn in stores.items():
            found[name].append(run_load(dsn, tag))
            print_progress(f"{tag} {name} {number + 1}: {found[name][-1]}")
    return found


def _page(dsn: str, tag: str) -> float:
    """Milliseconds of the first page of 500 pods."""
    from kinetune.commands.explain import ExplainOptions
    from kinetune.commands.explain import explain_store as explain
    from kinetune.kine.releases import EraInUse

    endpoint = parse(dsn, "bench")
    assert isinstance(endpoint, Endpoint)
    look = ExplainOptions(EraInUse(era_of_kine(tag), "bench"), "list-page", {"prefix": "/registry/pods/"})
    (call,) = explain(endpoint, look).calls
    return call.milliseconds or 0.0


Results = dict[str, dict[str, list[LoadRates]]]


def _report(rows: int, results: Results, pages: dict[str, dict[str, float]], ceiling: float) -> Report:
    columns = ("Kine", "creates/s stock", "prepared", "ratio", "updates/s stock", "prepared", "ratio", "page", "errors")
    cells, data = [], []
    for tag, found in results.items():
        one = _ratios(found)
        missed = one["creates"] < TARGETS[tag][0] or one["updates"] < TARGETS[tag][1]
        page = pages[tag]["stock"] / pages[tag]["prepared"]
        data.append({"kine": tag, **one, "page": page, "pages": pages[tag], "missed": missed})
        cells.append(tuple(_row(tag, found, one, (page, missed))))
    words = (
        f"Medians of {ROUNDS} alternating rounds; {CLIENTS} clients, {CREATES} creates, {SECONDS:.0f} s of updates, "
        f"each after reading its object; {len(VALUE)} bytes a value; {rows:,} rows. The page is the first one of 500 "
        "pods: how many times as long it takes on stock. Nothing was analysed by hand. Plain INSERTs of as many "
        f"sessions into the prepared table, without Kine: {ceiling:.0f} a second."
    )
    table = Table(columns, tuple(cells), frozenset(columns[1:]))
    missed_any = any(bool(one["missed"]) for one in data)
    whole: dict[str, object] = {"releases": data, "plain_inserts": ceiling, "missed": missed_any}
    return Report("bench yugabytedb", "Kine on YugabyteDB", (table, Paragraph(words)), whole)


def _ratios(found: dict[str, list[LoadRates]]) -> dict[str, float]:
    return {
        kind: median(getattr(one, kind) for one in found["prepared"])
        / median(getattr(one, kind) for one in found["stock"])
        for kind in ("creates", "updates")
    }


def _row(
    tag: str, found: dict[str, list[LoadRates]], one: dict[str, float], rest: tuple[float, bool]
) -> Iterator[Cell]:
    page, missed = rest
    yield Cell(tag)
    for kind in ("creates", "updates"):
        for name in ("stock", "prepared"):
            yield Cell(f"{median(getattr(each, kind) for each in found[name]):.0f}")
        yield Cell(f"{one[kind]:.1f}", Tone.BAD if missed else Tone.GOOD)
    yield Cell(f"{page:.1f}")
    yield Cell(str(sum(each.errors for rates in found.values() for each in rates)))
