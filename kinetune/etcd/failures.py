"""What can go wrong between an etcd client and its server, as failures with their own classes."""

from __future__ import annotations

from kinetune.etcd.codec import KeyValue
from kinetune.model.failure import CouldNotLook


class EtcdFailure(CouldNotLook):
    """The server did not do what it was asked for."""


class Conflict(EtcdFailure):
    """The key is not at the revision that the caller expected. `current` is its state, None if that is unknown."""

    def __init__(self, key: str, current: KeyValue | None) -> None:
        super().__init__(f"{key} is at {f'revision {current.revision}' if current else 'an unknown revision'}")
        self.current = current


class CompactedRevision(EtcdFailure):
    """The revision was compacted: list again."""


class FutureRevision(EtcdFailure):
    """The store has not reached the revision."""


class UnsupportedCall(EtcdFailure):
    """The server, often a Kine, does not implement the call."""


class LoginRefused(EtcdFailure):
    """The server requires a user, or refuses this user or password."""


class AccessDenied(EtcdFailure):
    """The user has no permission for these keys."""


class ExpiredToken(EtcdFailure):
    """The token of the login has expired: log in again."""


class Unreachable(EtcdFailure):
    """No server answered, or not in time."""


class WatchEnded(EtcdFailure):
    """The server ended the watch. `compacted` is the revision it was compacted to, 0 for another reason."""

    def __init__(self, reason: str, compacted: int) -> None:
        super().__init__(f"the watch ended: {reason or 'the server gave no reason'}")
        self.compacted = compacted


class WatchSilent(EtcdFailure):
    """No event arrived in time."""
