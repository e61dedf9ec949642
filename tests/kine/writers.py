"""Clients that write through Kine's etcd API, each on keys of its own, and keep count of what they were promised."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from kinetune.etcd.client import EtcdClient
from kinetune.etcd.failures import Conflict, EtcdFailure
from tests.kine.process import Kine

PREFIX = "/registry/writers/"
UPDATES = 3
CLIENTS = 8


@dataclass(frozen=True)
class Written:
    """An acknowledged write: when it was asked for (time.monotonic()) and how many seconds it took."""

    key: str
    value: bytes
    revision: int
    started: float
    seconds: float


@dataclass
class Writer:
    """
    One client: it creates a key, changes it three times, takes the next.

    `spurious` are conflicts on keys that nobody else writes (docs/facts/kine.md §0.9); such a key is read again, as an
    apiserver would. `errors` are all other failures.
    """

    number: int
    written: list[Written] = field(default_factory=list)
    spurious: list[str] = field(default_factory=list)
    errors: list[EtcdFailure] = field(default_factory=list)

    def run(self, kine: Kine, stop: threading.Event) -> None:
        with kine.client() as etcd:
            for count in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
                self._object(etcd, f"{PREFIX}c{self.number}/k{count:06}")

    def _object(self, etcd: EtcdClient, key: str) -> None:
        self._write(key, b"0", partial(etcd.create, key, b"0"))
        for number in range(1, UPDATES + 1):
            try:
                old = etcd.get(key)
            except EtcdFailure as error:
                self.errors.append(error)
                continue
            if old is not None:
                self._write(key, b"%d" % number, partial(etcd.update, old, b"%d" % number))

    def _write(self, key: str, value: bytes, call: Callable[[], int]) -> None:
        started = time.monotonic()
        try:
            revision = call()
        except Conflict:
            self.spurious.append(key)
        except EtcdFailure as error:
            self.errors.append(error)
        else:
            self.written.append(Written(key, value, revision, started, time.monotonic() - started))


@contextmanager
def writing(kine: Kine, clients: int = CLIENTS) -> Iterator[list[Writer]]:
    """Clients at work within the block; afterwards they have stopped, and their counts are final."""
    stop = threading.Event()
    writers = [Writer(number) for number in range(clients)]
    threads = [threading.Thread(target=writer.run, args=(kine, stop)) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        yield writers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def longest(writers: list[Writer], since: float, until: float) -> float:
    """The longest that a client waited for a write (seconds), of those under way between two moments."""
    every = (one for writer in writers for one in writer.written)
    return max((one.seconds for one in every if one.started + one.seconds > since and one.started < until), default=0.0)
