"""
A live etcd, read through its API: the newest revision of each key (docs/facts/moving.md §6).

The lease of a row is the remaining TTL in seconds, asked once for each lease, so that a second read gives equal rows.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Unpack

from kinetune.etcd.client import EtcdClient, Page, RangeOptions, open_client
from kinetune.etcd.codec import KeyValue
from kinetune.etcd.endpoints import EtcdEndpoints, parse_endpoints
from kinetune.etcd.failures import AccessDenied, CompactedRevision
from kinetune.formatting import format_list
from kinetune.kine.keyspace import REGISTRY
from kinetune.model.failure import CouldNotLook, UsageFailure
from kinetune.model.source_address import EtcdAccess
from kinetune.model.transfer import SourceKind, SourceState
from kinetune.transfer.live_keys import LiveKeys
from kinetune.transfer.live_rows import describe_renumbered
from kinetune.transfer.rows import Batch, batch_rows
from kinetune.transfer.scratch_folder import require_free_space, scratch_folder
from kinetune.transfer.source import Source

USUAL_PREFIXES = (REGISTRY, "/bootstrap/")
"""Where Kubernetes and K3s keep their keys: what is read if the role may not read all keys."""
PAGE_BYTES = 2 * 1024 * 1024
"""What a page should have. Its limit follows from the sizes of the page before, because values have up to 1.5 MiB."""
FIRST_LIMIT, LEAST_LIMIT = 500, 10
MOST_VALUES, MOST_NAMES = 1_000, 10_000
"""
Limits of a page. For each page etcd 3.4 looks at the index of all keys that follow, so few large pages are better; but
values of 500 KiB may follow a page of small ones.
"""
ATTEMPTS = 3
OBSERVED_SECONDS = 5.0
"""
How long the revision must rest. Leader election writes every 2 seconds; kubelets and API servers renew their leases
every 10, which is noticed by a later look, because the revision is compared with that of the view.
"""
LOOK_SECONDS = 0.25


@contextlib.contextmanager
def open_etcd(text: str, access: EtcdAccess) -> Iterator[Source]:
    """
    The etcd that an address names, read at its current revision.

    UsageFailure for a wrong address or file, and for a Kine; EtcdFailure if etcd cannot be reached or refuses.
    """
    endpoints = parse_endpoints(text, access)
    with (
        open_client(endpoints, access) as client,
        scratch_folder() as folder,
        contextlib.closing(LiveKeys(folder)) as keys,
    ):
        yield EtcdSource(client, endpoints, keys)


class EtcdSource(Source):
    """
    A view is a private copy of the live keys at one revision.

    refresh() asks for the keys that changed since, and for the names of all keys if some were deleted. Keys that share
    a revision with another key of their transaction get ids above the newest revision; refresh() numbers them again.
    """

    has_history = False

    def __init__(self, client: EtcdClient, endpoints: EtcdEndpoints, keys: LiveKeys) -> None:
        self._client, self._place, self._keys = client, endpoints.place, keys
        self._status = client.read_status()
        if not self._status.cluster:
            raise UsageFailure(f"{self._place} is a Kine, not an etcd", "name the database of that Kine as the source")
        self._prefixes, self._notes = _choose_prefixes(client, endpoints)
        self._leases: dict[int, int] = {}
        self._read_view(0)

    def refresh(self) -> None:
        self._read_view(self._revision)

    def find_writers(self) -> tuple[str, ...]:
        deadline = time.monotonic() + OBSERVED_SECONDS
        while (revision := self._read_revision()) == self._revision:
            if time.monotonic() > deadline:
                return ()
            time.sleep(LOOK_SECONDS)
        return (f"its revision has changed from {self._revision} to {revision} since it was read",)

    def read_rows(self, after: int = 0) -> Iterator[Batch]:
        return batch_rows(self._keys.read_rows(after))

    def read_changes(self, after: int = 0) -> Iterator[Batch]:
        # Without renumbered keys: while etcd is written to, their ids become those of other keys.
        return batch_rows(self._keys.read_own_rows(after))

    def _read_revision(self) -> int:
        return self._client.list(self._prefixes[0], limit=1, keys_only=True).revision

    def _read_view(self, known: int) -> None:
        """Read what changed after the revision `known` (0: all), at the current revision."""
        for _ in range(ATTEMPTS):
            revision = self._read_revision()
            if revision < known:
                raise CouldNotLook(
                    f"the revision of {self._place} has fallen from {known} to {revision}: it was replaced or restored",
                    "start again",
                )
            try:
                with self._keys.changing():
                    self._read_changes(known, revision)
                    renumbered = self._keys.renumber_shared(revision)
            except CompactedRevision:
                continue
            self._revision = revision
            self.state = SourceState(
                SourceKind.ETCD,
                self._place,
                f"etcd {self._status.version}",
                revision + renumbered,
                self._keys.count_keys(),
                notes=(*self._notes, *([describe_renumbered(renumbered)] if renumbered else ())),
            )
            return
        raise CouldNotLook(
            f"{self._place} was compacted while revision {revision} was read, {ATTEMPTS} times", "run again"
        )

    def _read_changes(self, known: int, revision: int) -> None:
        if not known:
            require_free_space(self._keys.folder, self._status.size, f"a private copy of the keys of {self._place}")
        for prefix in self._prefixes:
            for page in self._read_pages(prefix, revision=revision, min_mod_revision=known + 1 if known else 0):
                self._keys.put_keys(map(self._with_ttl, page.objects))
        # Each live key is either unchanged or was read just now. So with equal numbers none was deleted.
        if self._keys.count_keys() != sum(self._client.count(prefix, revision) for prefix in self._prefixes):
            self._keys.keep_keys(self._read_names(revision))

    def _read_names(self, revision: int) -> Iterator[str]:
        for prefix in self._prefixes:
            for page in self._read_pages(prefix, revision=revision, keys_only=True):
                yield from (key.key for key in page.objects)

    def _read_pages(self, prefix: str, **options: Unpack[RangeOptions]) -> Iterator[Page]:
        options["limit"] = FIRST_LIMIT
        page = self._client.list(prefix, **options)
        yield page
        while page.more:
            options["limit"] = _choose_limit(page.objects, MOST_NAMES if options.get("keys_only") else MOST_VALUES)
            page = self._client.list_next(prefix, page, **options)
            yield page

    def _with_ttl(self, key: KeyValue) -> KeyValue:
        """The key with the remaining seconds of its lease, at least 1: its deletion is left to the target."""
        if not key.lease:
            return key
        if key.lease not in self._leases:
            self._leases[key.lease] = max(1, self._client.read_lease(key.lease))
        return key._replace(lease=self._leases[key.lease])


def _choose_limit(objects: Sequence[KeyValue], most: int) -> int:
    """How many keys of the same sizes fill a page."""
    size = sum(len(key.key) + len(key.value) for key in objects)
    return max(LEAST_LIMIT, min(PAGE_BYTES * len(objects) // max(1, size), most))


def _choose_prefixes(client: EtcdClient, endpoints: EtcdEndpoints) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The prefixes to read, and a note about keys that are not read."""
    if endpoints.prefix:
        return (endpoints.prefix,), (f"keys outside {endpoints.prefix} are not read",)
    if _may_read(client, ""):
        return ("",), ()
    allowed = tuple(prefix for prefix in USUAL_PREFIXES if _may_read(client, prefix))
    if not allowed:
        raise AccessDenied(
            f"{endpoints.place}: the user may read neither all keys nor those below {REGISTRY}",
            f"add the prefix of its role: {endpoints.place}/PREFIX/",
        )
    return allowed, (f"keys outside {format_list(allowed)} are not read: the user has no permission for them",)


def _may_read(client: EtcdClient, prefix: str) -> bool:
    try:
        client.list(prefix, limit=1, keys_only=True)
    except AccessDenied:
        return False
    return True
