"""A watch: an endless iterator of changes, with a time limit for each step."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from kinetune.kine.keyspace import prefix_end
from tests.kine.messages import message

PATIENCE = 30.0  # seconds until the next change counts as missing
_REQUEST, _RESPONSE = message("WatchRequest"), message("WatchResponse")


class WatchEnded(Exception):
    """The server cancelled the watch; `compacted` is the revision it was compacted to, 0 for another reason."""

    def __init__(self, reason: str, compacted: int) -> None:
        super().__init__(reason or "cancelled without a reason")
        self.compacted = compacted


class WatchSilent(Exception):
    """Nothing came in time."""


@dataclass(frozen=True)
class Change:
    """One event; `created` tells a new object from a changed one."""

    key: str
    revision: int
    deleted: bool
    created: bool
    value: bytes


class Watch:
    """A context manager; iterate over it for changes. The server has accepted it once `__enter__` returns."""

    def __init__(self, channel: Any, prefix: str, revision: int) -> None:
        key, end = (prefix.encode(), prefix_end(prefix).encode()) if prefix else (b"\0", b"\0")
        wanted = {"key": key, "range_end": end, "start_revision": revision, "prev_kv": True}
        self._request = _REQUEST(create_request=wanted)
        self._stream = channel.stream_stream(
            "/etcdserverpb.Watch/Watch",
            request_serializer=_REQUEST.SerializeToString,
            response_deserializer=_RESPONSE.FromString,
        )
        self._asked: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._generated_statements: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting: list[Change] = []
        self._call: Any = None
        self._reader = threading.Thread(target=self._pump, daemon=True)

    def __enter__(self) -> Watch:
        self._call = self._stream(iter(self._asked.get, None), wait_for_ready=True)
        self._asked.put(self._request)
        self._reader.start()
        self._read()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._call.cancel()
        self._asked.put(None)
        self._reader.join()

    def __iter__(self) -> Iterator[Change]:
        while True:
            yield self.next()

    def next(self, patience: float = PATIENCE) -> Change:
        """The next change; WatchEnded, or WatchSilent after `patience` seconds."""
        while not self._waiting:
            self._read(patience)
        return self._waiting.pop(0)

    def take(self, number: int) -> list[Change]:
        return [self.next() for _ in range(number)]

    def _pump(self) -> None:
        """Move answers into a queue: grpc knows no time limit for one message of a stream, a queue does."""
        try:
            for answer in self._call:
                self._generated_statements.put(answer)
            self._generated_statements.put(WatchEnded("the server closed the stream", 0))
        except grpc.RpcError as error:
            self._generated_statements.put(WatchEnded(str(self._call.details() or error), 0))

    def _read(self, patience: float = PATIENCE) -> None:
        try:
            answer = self._generated_statements.get(timeout=patience)
        except queue.Empty:
            raise WatchSilent(f"no change within {patience} seconds") from None
        if isinstance(answer, WatchEnded):
            raise answer
        if answer.canceled:
            raise WatchEnded(answer.cancel_reason, answer.compact_revision)
        self._waiting += [_change(event) for event in answer.events]


def _change(event: Any) -> Change:
    kv = event.kv
    return Change(kv.key.decode(), kv.mod_revision, event.type == 1, kv.create_revision == kv.mod_revision, kv.value)
