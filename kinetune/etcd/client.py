"""
An etcd v3 client that sends what kube-apiserver sends (k8s.io/apiserver pkg/storage/etcd3, etcd client/v3/kubernetes).

Keys are text, revisions and leases are integers, values are bytes. The numbers of fields are those of
api/etcdserverpb/rpc.proto of etcd.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TypedDict, Unpack

from kinetune.etcd.codec import (
    KeyValue,
    decode_fields,
    decode_key_value,
    encode_fields,
    encode_key,
)
from kinetune.etcd.connection import Connection, connect
from kinetune.etcd.endpoints import EtcdEndpoints
from kinetune.etcd.failures import Conflict
from kinetune.etcd.watch import Watch, prefix_range
from kinetune.model.source_address import EtcdAccess

COMPACTION_KEY = b"compact_rev_key"
"""With which kube-apiserver's compactions exclude each other (etcd3/compact.go)."""
_VERSION, _MOD = 0, 2
"""Targets of a comparison."""
_GET, _PUT, _DELETE = 1, 2, 3
"""Fields of an operation in a transaction."""


class RangeOptions(TypedDict, total=False):
    """Options of a list. `revision` 0 is the current one. `min_mod_revision` leaves out what is older."""

    limit: int
    revision: int
    keys_only: bool
    count_only: bool
    min_mod_revision: int


@dataclass(frozen=True)
class Page:
    """
    Part of a list at `revision`, in the order of keys. `more` if the limit cut it. `count` of all keys in the range,
    whatever the options leave out; Kine up to v0.10 counts those of the page.
    """

    objects: tuple[KeyValue, ...]
    more: bool
    count: int
    revision: int


@dataclass(frozen=True)
class EtcdStatus:
    """`size` of its database in bytes. `cluster` is the id of its cluster, 0 for a Kine, which has none."""

    version: str
    size: int
    cluster: int


class EtcdClient:
    """A client; a context manager that closes its connection. All calls raise EtcdFailure."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def of_server(cls, server: str) -> EtcdClient:
        """A client of one server (HOST:PORT) without TLS, which need not run yet."""
        return cls(Connection(EtcdEndpoints((server,)), EtcdAccess()))

    def __enter__(self) -> EtcdClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def create(self, key: str, value: bytes, lease: int = 0) -> int:
        """The new revision; Conflict if the key exists."""
        succeeded, revision, _ = self._put(key, 0, (value, lease), read_on_conflict=False)
        if not succeeded:
            raise Conflict(key, None)
        return revision

    def update(self, old: KeyValue, value: bytes, lease: int = 0) -> int:
        """The new revision; Conflict if the key has changed since `old`."""
        succeeded, revision, current = self._put(old.key, old.revision, (value, lease), read_on_conflict=True)
        if not succeeded:
            raise Conflict(old.key, current)
        return revision

    def delete(self, old: KeyValue) -> int:
        """The revision of the deletion; Conflict if the key has changed since `old`."""
        delete = (_DELETE, encode_fields([(1, encode_key(old.key))]))
        succeeded, revision, current = self._change(old.key, old.revision, delete, read_on_conflict=True)
        if not succeeded:
            raise Conflict(old.key, current)
        return revision

    def get(self, key: str, revision: int = 0, keys_only: bool = False) -> KeyValue | None:
        objects = self._read_range((encode_key(key), None), {"revision": revision, "keys_only": keys_only}).objects
        return objects[0] if objects else None

    def list(self, prefix: str, **options: Unpack[RangeOptions]) -> Page:
        """The objects below a prefix; an empty prefix is every key."""
        return self._read_range(prefix_range(prefix), options)

    def list_next(self, prefix: str, page: Page, **options: Unpack[RangeOptions]) -> Page:
        """The page after `page`, at its revision, as the continue token of kube-apiserver requests it."""
        start = encode_key(page.objects[-1].key) + b"\0"
        return self._read_range((start, prefix_range(prefix)[1]), {**options, "revision": page.revision})

    def count(self, prefix: str, revision: int = 0) -> int:
        return self.list(prefix, revision=revision, count_only=True).count

    def watch(self, prefix: str, revision: int = 0, *, progress_notify: bool = False) -> Watch:
        """The changes below a prefix from `revision` on (0: from now on)."""
        return Watch(self._connection, prefix, revision, progress_notify)

    def grant_lease(self, seconds: int) -> int:
        """The id of a new lease."""
        answer = self._connection.call("Lease/LeaseGrant", encode_fields([(1, seconds)]))
        return int(dict(decode_fields(answer))[2])

    def read_lease(self, lease: int) -> int:
        """The remaining seconds of a lease; -1 if it has expired."""
        answer = self._connection.call("Lease/LeaseTimeToLive", encode_fields([(1, lease)]))
        return int(dict(decode_fields(answer)).get(3, 0))

    def compact(self, revision: int) -> int:
        """Compact up to `revision`. Kine does it from v0.13.16 on, and only without a compaction of its own."""
        return _read_revision(self._connection.call("KV/Compact", encode_fields([(1, revision), (2, True)])))

    def claim_compaction(self, version: int, revision: int) -> bool:
        """Whether this client may compact, as the API servers of a cluster decide it among themselves."""
        compare = encode_fields([(1, 0), (2, _VERSION), (3, COMPACTION_KEY), (4, version)])
        put = (_PUT, encode_fields([(1, COMPACTION_KEY), (2, str(revision).encode())]))
        get = (_GET, encode_fields([(1, COMPACTION_KEY)]))
        return self._run_transaction(compare, put, get)[0]

    def read_status(self) -> EtcdStatus:
        """Of the server that answers."""
        answer = self._connection.call("Maintenance/Status", b"")
        fields = dict(decode_fields(answer))
        cluster = dict(decode_fields(fields[1])).get(1, 0)
        return EtcdStatus(fields.get(2, b"").decode(), fields.get(3, 0), cluster)

    def _read_range(self, span: tuple[bytes, bytes | None], options: RangeOptions) -> Page:
        fields: list[tuple[int, int | bytes | None]] = [(1, span[0]), (2, span[1])]
        fields += [
            (3, options.get("limit") or None),
            (4, options.get("revision") or None),
            (8, options.get("keys_only") or None),
            (9, options.get("count_only") or None),
            (10, options.get("min_mod_revision") or None),
        ]
        answer = decode_fields(self._connection.call("KV/Range", encode_fields(fields)))
        rest = dict(answer)
        objects = tuple(decode_key_value(value) for number, value in answer if number == 2)
        revision = options.get("revision") or _read_header(rest[1])
        return Page(objects, bool(rest.get(3)), rest.get(4, 0), revision)

    def _put(
        self, key: str, revision: int, content: tuple[bytes, int], *, read_on_conflict: bool
    ) -> tuple[bool, int, KeyValue | None]:
        value, lease = content
        put = (_PUT, encode_fields([(1, encode_key(key)), (2, value), (3, lease or None)]))
        return self._change(key, revision, put, read_on_conflict=read_on_conflict)

    def _change(
        self, key: str, revision: int, change: tuple[int, bytes], *, read_on_conflict: bool
    ) -> tuple[bool, int, KeyValue | None]:
        """Change the key if its newest revision is `revision` (0: it does not exist)."""
        compare = encode_fields([(1, 0), (2, _MOD), (3, encode_key(key)), (6, revision)])
        get = (_GET, encode_fields([(1, encode_key(key))])) if read_on_conflict else None
        return self._run_transaction(compare, change, get)

    def _run_transaction(
        self, compare: bytes, success: tuple[int, bytes], failure: tuple[int, bytes] | None
    ) -> tuple[bool, int, KeyValue | None]:
        """Whether the comparison held, the revision of the answer, and what `failure` read."""
        branches = [(2, encode_fields([success])), (3, encode_fields([failure]) if failure else None)]
        answer = decode_fields(self._connection.call("KV/Txn", encode_fields([(1, compare), *branches])))
        fields = dict(answer)
        succeeded = bool(fields.get(2))
        current = None
        if not succeeded and 3 in fields:
            page = dict(decode_fields(dict(decode_fields(fields[3])).get(_GET, b"")))
            current = decode_key_value(page[2]) if 2 in page else None
        return succeeded, _read_header(fields[1]), current


def _read_revision(answer: bytes) -> int:
    return _read_header(dict(decode_fields(answer))[1])


def _read_header(header: bytes) -> int:
    """The revision in a ResponseHeader."""
    return int(dict(decode_fields(header)).get(3, 0))


@contextlib.contextmanager
def open_client(endpoints: EtcdEndpoints, access: EtcdAccess) -> Iterator[EtcdClient]:
    """A client of an etcd that answers now. Raises what `connect` raises."""
    with connect(endpoints, access) as connection:
        yield EtcdClient(connection)
