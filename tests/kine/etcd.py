"""
A small etcd v3 client that speaks as kube-apiserver does (k8s.io/apiserver/pkg/storage/etcd3).

Keys are text, revisions and leases are integers, values bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import grpc

from kinetune.kine.keyspace import prefix_end
from tests.kine.messages import message
from tests.kine.watch import Watch

PATIENCE = 30.0  # seconds for one call
COMPACTION_MARK = b"compact_rev_key"
_TXN, _RANGE = message("TxnRequest"), message("RangeRequest")


class EtcdError(Exception):
    """The server's word for why it did not do as asked."""


class Conflict(EtcdError):
    """The object is not at the revision the caller thought; `current` is what it is, None where it is unknown."""

    def __init__(self, key: str, current: KeyValue | None) -> None:
        super().__init__(f"{key} is at {current.revision if current else 'no known revision'}")
        self.current = current


class Compacted(EtcdError):
    """The revision was compacted away: list again."""


class FutureRevision(EtcdError):
    """The revision does not exist yet."""


class Unsupported(EtcdError):
    """Kine, or this release of it, does not do that."""


class Unreachable(EtcdError):
    """No answer: not there, or not in time."""


_BY_WORDS = {"has been compacted": Compacted, "future revision": FutureRevision, "not supported": Unsupported}
_BY_CODE = {grpc.StatusCode.UNAVAILABLE: Unreachable, grpc.StatusCode.DEADLINE_EXCEEDED: Unreachable}


@dataclass(frozen=True)
class KeyValue:
    key: str
    value: bytes
    revision: int
    created: int
    lease: int


@dataclass(frozen=True)
class Page:
    """Part of a list at `revision`; `more` if the limit cut it, `count` of all there is (≤v0.10: of what was read)."""

    objects: tuple[KeyValue, ...]
    more: bool
    count: int
    revision: int


@dataclass(frozen=True)
class Status:
    version: str
    size: int


def _object(kv: Any) -> KeyValue:
    return KeyValue(kv.key.decode(), kv.value, kv.mod_revision, kv.create_revision, kv.lease)


def failure(error: Any) -> EtcdError:
    """What a gRPC error means."""
    words = str(error.details())
    for part, kind in _BY_WORDS.items():
        if part in words:
            return kind(words)
    return _BY_CODE.get(error.code(), EtcdError)(words)


class Etcd:
    """A client; a context manager that closes its connection."""

    def __init__(self, address: str) -> None:
        self.channel = grpc.insecure_channel(address)

    def __enter__(self) -> Etcd:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.channel.close()

    def create(self, key: str, value: bytes, lease: int = 0) -> int:
        """The new revision; Conflict if the key exists (as GuaranteedUpdate of nothing: no failure branch)."""
        put = {"request_put": {"key": key.encode(), "value": value, "lease": lease}}
        answer = self._transaction(key, 0, {"success": [put]})
        if not answer.succeeded:
            raise Conflict(key, None)
        return int(answer.header.revision)

    def update(self, old: KeyValue, value: bytes, lease: int = 0) -> int:
        """The new revision; Conflict if the key moved on from `old`."""
        put = {"request_put": {"key": old.key.encode(), "value": value, "lease": lease}}
        return self._change(old.key, old.revision, put)

    def delete(self, old: KeyValue) -> int:
        """The tombstone's revision; Conflict if the key moved on from `old`."""
        return self._change(old.key, old.revision, {"request_delete_range": {"key": old.key.encode()}})

    def get(self, key: str, revision: int = 0, keys_only: bool = False) -> KeyValue | None:
        answer = self.range(_RANGE(key=key.encode(), revision=revision, keys_only=keys_only))
        return _object(answer.kvs[0]) if answer.kvs else None

    def list(self, prefix: str, limit: int = 0, revision: int = 0, **options: bool) -> Page:
        """The objects below a prefix. Options: keys_only."""
        return self._page(prefix, _RANGE(key=prefix.encode(), limit=limit, revision=revision, **options))

    def following(self, prefix: str, page: Page, limit: int, keys_only: bool = False) -> Page:
        """The page after `page`, at its revision, as the apiserver's continue token asks for it."""
        key = page.objects[-1].key.encode() + b"\0"
        return self._page(prefix, _RANGE(key=key, limit=limit, revision=page.revision, keys_only=keys_only))

    def count(self, prefix: str, revision: int = 0) -> int:
        return self._page(prefix, _RANGE(key=prefix.encode(), revision=revision, count_only=True)).count

    def everything(self, keys_only: bool = False, revision: int = 0, count_only: bool = False) -> Page:
        """What `etcdctl get --prefix ""` asks for."""
        asked = _RANGE(key=b"\0", range_end=b"\0", revision=revision, keys_only=keys_only, count_only=count_only)
        return _answered(self.range(asked))

    def watch(self, prefix: str, revision: int = 0) -> Watch:
        """The changes below a prefix from `revision` on (0: from now on)."""
        return Watch(self.channel, prefix, revision)

    def lease(self, seconds: int) -> int:
        answer = self._call(
            "Lease/LeaseGrant", message("LeaseGrantRequest")(TTL=seconds), message("LeaseGrantResponse")
        )
        return int(answer.ID)

    def compact(self, revision: int) -> int:
        """Ask for compaction; Kine obeys from v0.13.16 on, and only with its own interval off."""
        asked = message("CompactionRequest")(revision=revision, physical=True)
        return int(self._call("KV/Compact", asked, message("CompactionResponse")).header.revision)

    def claim_compaction(self, version: int, revision: int) -> bool:
        """The apiserver's race for the right to compact (etcd3/compact.go); false if another one was there first."""
        compare = {"target": "VERSION", "key": COMPACTION_MARK, "version": version}
        put = {"request_put": {"key": COMPACTION_MARK, "value": str(revision).encode()}}
        get = {"request_range": {"key": COMPACTION_MARK}}
        asked = _TXN(compare=[compare], success=[put], failure=[get])
        return bool(self._call("KV/Txn", asked, message("TxnResponse")).succeeded)

    def status(self) -> Status:
        answer = self._call("Maintenance/Status", message("StatusRequest")(), message("StatusResponse"))
        return Status(answer.version, answer.dbSize)

    def range(self, asked: Any) -> Any:
        return self._call("KV/Range", asked, message("RangeResponse"))

    def _page(self, prefix: str, asked: Any) -> Page:
        asked.range_end = prefix_end(prefix).encode()
        return _answered(self.range(asked))

    def _change(self, key: str, revision: int, change: dict[str, Any]) -> int:
        get = {"request_range": {"key": key.encode()}}
        answer = self._transaction(key, revision, {"success": [change], "failure": [get]})
        if not answer.succeeded:
            found = answer.responses[0].response_range.kvs
            raise Conflict(key, _object(found[0]) if found else None)
        return int(answer.header.revision)

    def _transaction(self, key: str, revision: int, branches: dict[str, Any]) -> Any:
        """`branches` if the key's newest revision is `revision` (0: it does not exist)."""
        compare = {"target": "MOD", "key": key.encode(), "mod_revision": revision}
        return self._call("KV/Txn", _TXN(compare=[compare], **branches), message("TxnResponse"))

    def _call(self, method: str, asked: Any, answer: Any) -> Any:
        call: Callable[..., Any] = self.channel.unary_unary(
            f"/etcdserverpb.{method}",
            request_serializer=type(asked).SerializeToString,
            response_deserializer=answer.FromString,
        )
        try:
            return call(asked, timeout=PATIENCE, wait_for_ready=True)
        except grpc.RpcError as error:
            raise failure(error) from error


def _answered(answer: Any) -> Page:
    return Page(tuple(map(_object, answer.kvs)), answer.more, int(answer.count), int(answer.header.revision))
