"""A watch: an endless iterator of changes, with a time limit for each step."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from kinetune.etcd.codec import decode_fields, decode_key_value, encode_fields, encode_key
from kinetune.etcd.connection import Connection
from kinetune.etcd.failures import EtcdFailure, WatchEnded, WatchSilent

TIMEOUT = 30.0
"""Seconds until the next event counts as missing."""
_DELETE = 1


@dataclass(frozen=True)
class KeyEvent:
    """A change of a key. `created` distinguishes a new object from a changed one."""

    key: str
    revision: int
    deleted: bool
    created: bool
    value: bytes


def prefix_range(prefix: str) -> tuple[bytes, bytes]:
    """
    The first key of a prefix, and the key after its last (GetPrefixRangeEnd of etcd's client). A NUL is etcd's symbol
    for every key.
    """
    start = encode_key(prefix)
    kept = start.rstrip(b"\xff")
    return start or b"\0", kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\0"


class Watch:
    """
    A context manager; iterate over it for changes. The server has accepted it once `__enter__` returns.

    `progress` is the revision of the newest progress notification: every change up to it was delivered before.
    """

    def __init__(self, connection: Connection, prefix: str, revision: int, progress_notify: bool) -> None:
        start, end = prefix_range(prefix)
        options = [(3, revision or None), (4, progress_notify or None), (6, True)]
        self.progress = 0
        self._request = encode_fields([(1, encode_fields([(1, start), (2, end), *options]))])
        self._connection = connection
        self._requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bytes | EtcdFailure] = queue.SimpleQueue()
        self._waiting: list[KeyEvent] = []
        self._call: Any = None
        self._reader = threading.Thread(target=self._pump, daemon=True)

    def __enter__(self) -> Watch:
        self._call = self._connection.open_stream("Watch/Watch", iter(self._requests.get, None))
        self._requests.put(self._request)
        self._reader.start()
        try:
            self._read(TIMEOUT)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def __iter__(self) -> Iterator[KeyEvent]:
        while True:
            yield self.next()

    def next(self, timeout: float = TIMEOUT) -> KeyEvent:
        """The next change. Raises WatchEnded, or WatchSilent after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while not self._waiting:
            self._read(max(0.0, deadline - time.monotonic()))
        return self._waiting.pop(0)

    def take(self, number: int) -> list[KeyEvent]:
        return [self.next() for _ in range(number)]

    def _stop(self) -> None:
        self._call.cancel()
        self._requests.put(None)
        self._reader.join()

    def _pump(self) -> None:
        """Move answers into a queue: grpc has no time limit for one message of a stream, a queue has."""
        try:
            for answer in self._call:
                self._answers.put(answer)
            self._answers.put(WatchEnded("the server closed the stream", 0))
        except grpc.RpcError as error:
            self._answers.put(WatchEnded(str(self._call.details() or error), 0))

    def _read(self, timeout: float) -> None:
        try:
            answer = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise WatchSilent("no event in time") from None
        if isinstance(answer, EtcdFailure):
            raise answer
        parts = decode_fields(answer)
        fields = dict(parts)
        if fields.get(4):
            raise WatchEnded(fields.get(6, b"").decode(), fields.get(5, 0))
        events = [_decode_event(value) for number, value in parts if number == 11]
        if not events and not fields.get(3):
            self.progress = dict(decode_fields(fields[1])).get(3, 0)
        self._waiting += events


def _decode_event(data: bytes) -> KeyEvent:
    fields = dict(decode_fields(data))
    kv = decode_key_value(fields[2])
    return KeyEvent(kv.key, kv.revision, fields.get(1) == _DELETE, kv.created == kv.revision, kv.value)
