"""Writers at work through a real Kine: how many writes it takes, and whether each acknowledged one is there."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.codec import KeyValue
from kinetune.etcd.failures import EtcdFailure
from tests.database.stores import ask
from tests.kine.process import Kine


@dataclass
class Ledger:
    """
    What one client was promised: key → revision of its last acknowledged write, which is an update for `updated` keys
    and a create for the others. `moments` are the times of all acknowledgements.
    """

    etcd: EtcdClient
    prefix: str
    promised: dict[str, int] = field(default_factory=dict)
    updated: set[str] = field(default_factory=set)
    moments: list[float] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            key = f"{self.prefix}{number:06}"
            for _ in range(2):
                self._write(key)

    def _write(self, key: str) -> None:
        old = self.promised.get(key)
        try:
            if old is None:
                self.promised[key] = self.etcd.create(key, b"0")
            else:
                self.promised[key] = self.etcd.update(KeyValue(key, b"", old, 0, 0), b"1")
                self.updated.add(key)
        except EtcdFailure:
            return
        self.moments.append(time.monotonic())


def written_while(kine: Kine, act: Callable[[], None], clients: int = 4) -> list[Ledger]:
    """Clients write before, while and after `act` runs."""
    stop = threading.Event()
    prefix = f"/registry/configmaps/ledger-{time.time_ns():x}"
    ledgers = [Ledger(kine.client(), f"{prefix}/{number}-") for number in range(clients)]
    threads = [threading.Thread(target=ledger.run, args=(stop,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    try:
        act()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return ledgers


def lost(dsn: str, ledgers: list[Ledger]) -> tuple[list[str], list[str]]:
    """Keys whose acknowledged create, and whose acknowledged update, has no row."""
    there = {name: int(newest) for name, newest in ask(dsn, "SELECT name, MAX(id) FROM kine GROUP BY name")}
    creates: list[str] = []
    updates: list[str] = []
    for ledger in ledgers:
        for key, revision in ledger.promised.items():
            if there.get(key, 0) < revision:
                (updates if key in ledger.updated else creates).append(key)
    return creates, updates


def longest_silence(ledgers: list[Ledger]) -> float:
    """Seconds without any acknowledged write."""
    moments = sorted(moment for ledger in ledgers for moment in ledger.moments)
    return max((later - before for before, later in itertools.pairwise(moments)), default=0.0)
