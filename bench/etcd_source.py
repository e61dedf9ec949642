"""How fast the keys of a live etcd and of its snapshot are read as rows, and how long a later look at it takes."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable

from bench.bench_server import BenchServer
from bench.progress import print_progress
from kinetune.etcd.client import EtcdClient
from kinetune.model.report import Cell, Paragraph, Report, Table
from kinetune.model.source_address import EtcdAccess
from kinetune.transfer.etcd_source import open_etcd
from kinetune.transfer.snapshot_source import open_snapshot
from tests.etcd.server import EtcdServer

WRITERS = 8
VALUE_BYTES = 1_300
CHANGES = 100


def run(_: BenchServer, rows: int) -> Report:
    """On an etcd of its own with `rows` keys, a quarter of them with a lease."""
    with EtcdServer() as server, EtcdClient.of_server(server.address) as client:
        print_progress(f"etcd: {rows:,} keys")
        _fill(server.address, rows)
        steps, megabytes = _measure(server.url, client)
        steps |= _measure_snapshot(server)
    columns = ("step", "seconds", "all keys/s", "MB/s")
    cells = tuple(
        tuple(map(Cell, (step, f"{seconds:.2f}", f"{rows / seconds:,.0f}", f"{megabytes / seconds:,.0f}")))
        for step, seconds in steps.items()
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    note = Paragraph(f"Values of {VALUE_BYTES:,} bytes; the process of this benchmark needed {memory:,} MiB at most.")
    data = {"rows": rows, "seconds": steps, "megabytes": megabytes, "memory_mib": memory}
    return Report(
        "bench etcd", f"Live etcd, {rows:,} keys", (Table(columns, cells, frozenset(columns[1:])), note), data
    )


def _measure(url: str, client: EtcdClient) -> tuple[dict[str, float], float]:
    """Seconds of each step, and the megabytes of all values."""
    started = time.perf_counter()
    with open_etcd(url, EtcdAccess()) as source:
        steps = {"open (read all keys)": time.perf_counter() - started}

        def measure(step: str, call: Callable[[], float]) -> float:
            started = time.perf_counter()
            result = call()
            steps[step] = time.perf_counter() - started
            return result

        megabytes = measure("read rows", lambda: sum(len(r[7] or b"") for batch in source.read_rows() for r in batch))
        measure("digests", lambda: sum(1 for _ in source.read_digests()))
        for number in range(CHANGES):
            client.create(f"/registry/new/{number}", b"v")
        measure(f"refresh after {CHANGES} creates", lambda: source.refresh() or 0)
        for key in client.list("/registry/new/").objects:
            client.delete(key)
        measure(f"refresh after {CHANGES} deletes", lambda: source.refresh() or 0)
    return steps, megabytes / 1e6


def _measure_snapshot(server: EtcdServer) -> dict[str, float]:
    """Seconds of each step. The sum of the file is verified when it is opened."""
    path = server.folder / "bench.snap"
    server.run("snapshot", "save", str(path))
    started = time.perf_counter()
    with open_snapshot(path) as source:
        opened = time.perf_counter()
        for _ in source.read_rows():
            pass
        return {"open its snapshot": opened - started, "read rows of its snapshot": time.perf_counter() - opened}


def _fill(address: str, rows: int) -> None:
    def write(first: int) -> None:
        with EtcdClient.of_server(address) as client:
            lease = client.grant_lease(3600)
            for number in range(first, rows, WRITERS):
                key = f"/registry/pods/namespace-{number % 97}/object-{number:08}"
                client.create(key, b"%d " % number * (VALUE_BYTES // 7), 0 if number % 4 else lease)

    threads = [threading.Thread(target=write, args=(first,)) for first in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
