"""What forbids a move, from what was observed of source and target. Each is one line with its cause and next step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.kine.bootstrap_key import TOKEN_FILE, TokenCheck, TokenOutcome
from kinetune.model.failure import Failure, Refused
from kinetune.model.transfer import Census, SourceKind, SourceState

COPIES = frozenset({SourceKind.ETCD_SNAPSHOT, SourceKind.ARCHIVE})
"""Kinds that are copies of an earlier time."""
STOP_K3S = "systemctl stop k3s"
STOP_API_SERVER = "mv /etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/"
STOP_RKE2_API_SERVER = "mv /var/lib/rancher/rke2/agent/pod-manifests/kube-apiserver.yaml /root/"
K3S_ETCD = "/var/lib/rancher/k3s/server/db/etcd"


@dataclass(frozen=True)
class MoveOptions:
    """
    `live_only`: only the newest row of each key. `bump` is added to the current revision, None if it was not given; 0
    says that nothing was written after the source was saved. `token` is the text of a K3s server token, empty if none.
    """

    live_only: bool = False
    bump: int | None = None
    skip_gap_rows: bool = False
    follow: bool = False
    fence: bool = False
    token: str = ""

    @property
    def requires_stop(self) -> bool:
        """Whether the source must have stopped. Revisions that were raised are above those of later writes."""
        return not self.bump


def find_source_obstacles(
    state: SourceState, census: Census, writers: tuple[str, ...], options: MoveOptions
) -> Iterator[Failure]:
    """Everything in the source that forbids the move, the most important first."""
    if not census.live_keys:
        yield Refused(f"{state.place} has no keys", "check that this is the store of the cluster")
    if writers and options.requires_stop and not options.follow:
        yield Refused(
            f"{state.place} is in use: {writers[0]}",
            f"{describe_stop(state.kind, census)}; or add --follow to copy while it is in use",
        )
    # A cluster that ran on after its snapshot has clients that know higher revisions (kubernetes#107457).
    if state.kind in COPIES and not state.stopped and options.bump is None:
        yield Refused(
            f"a copy of an earlier time ({state.place}) cannot show whether the cluster was written to afterwards",
            "add --bump-revision 1000000 if it was, so that no client has seen a newer revision; "
            "--bump-revision 0 if it was not",
        )
    yield from _find_key_obstacles(state, census)


def _find_key_obstacles(state: SourceState, census: Census) -> Iterator[Failure]:
    if census.duplicates:
        name, previous = census.duplicates[0]
        yield Refused(
            f"{state.place} has a row for {name} that replaces revision {previous}, as an earlier row does: a write "
            "was lost (kine#408)",
            "move the newest row of each key with --live-only",
        )
    if census.unstorable:
        name, why = census.unstorable[0]
        yield Refused(f"the key {name!r} {why}: no target can hold it", "delete it in the source")
    for key in census.bootstrap:
        if not key.bytes:
            yield Refused(
                f"{key.name} is empty: the first start of a K3s server is in progress or was interrupted",
                "start K3s once more until it is ready, stop it, then run again",
            )


def find_token_obstacles(found: TokenCheck | None) -> Iterator[Failure]:
    """A server that starts with another token ends at once, or makes a new cluster."""
    if found is not None and found.outcome is TokenOutcome.OTHER_TOKEN:
        yield Refused(
            f"the token is not that of this cluster: {found.keys[0]} was encrypted with another one",
            f"use the token file of a server of this cluster, {TOKEN_FILE}",
        )


def find_target_obstacles(users: tuple[str, ...]) -> Iterator[Failure]:
    """A Kine that is connected to the target would create a table of its own, or has one in use."""
    if users:
        yield Refused(f"the target is in use: {users[0]}", "stop what is connected to it, then run again")


def describe_stop(kind: SourceKind, census: Census) -> str:
    """How to stop what writes to a source, with the command for each kind of cluster that it may be of."""
    if not kind.is_etcd:
        kine = f"{STOP_API_SERVER} (kubeadm), then systemctl stop kine; k0s: k0s stop"
        return f"stop it on every server: {STOP_K3S if census.bootstrap else kine}"
    if not census.bootstrap:
        return f"stop the API server on every server, and leave etcd running: {STOP_API_SERVER}"
    return (
        f"RKE2: stop the API server on every server, and leave etcd running: {STOP_RKE2_API_SERVER}; K3s, whose etcd "
        f"ends with it: {STOP_K3S} on every server, then move etcd-snapshot:{K3S_ETCD}/member/snap/db "
        "--bump-revision 0"
    )
