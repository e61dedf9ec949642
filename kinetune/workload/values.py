"""
Values that look to a database like Kubernetes objects: so large, and so compressible.

A stored object is protobuf: short field tags, words that come again (labels, f:metadata of managedFields) and parts
that do not (uids, hashes). pglz makes a half to a third of them; zeros or random bytes would make nothing or all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from kinetune.workload.resources import Resource

POOL = 1 << 20
SIZES = 1024
LARGEST = 1 << 17
VOCABULARY = (
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "pod-template-hash",
    "k3s",
    "Update",
    "v1",
    "apps/v1",
    "FieldsV1",
    '{"f:metadata":{"f:labels":{".":{},"f:app":{}}}}',
    '{"f:spec":{"f:containers":{"k:{\\"name\\":',
    '"f:lastTransitionTime":{}',
    "kube-controller-manager",
    "kubelet",
    "ReplicaSet",
    "IfNotPresent",
    "ClusterFirst",
    "default-scheduler",
    "node.kubernetes.io/not-ready",
    "NoExecute",
    "kube-api-access",
    "/var/run/secrets/kubernetes.io/serviceaccount",
    "ca.crt",
    "kube-root-ca.crt",
    "metadata.namespace",
    "ContainersReady",
    "PodScheduled",
    "Running",
    "containerd://",
    "docker.io/library/",
    "Burstable",
    "128Mi",
    "TCP",
)


class Values:
    """All values of a store, each a function of resource, object and revision: none is kept, each can be had again."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pool = b"".join(self._pieces())
        self._sizes: dict[Resource, list[int]] = {}

    def of(self, resource: Resource, number: int, revision: int) -> bytes:
        """Revisions of one object differ as an update does: in its time, a counter and a little of its length."""
        sizes = self._sizes.get(resource) or self._drawn(resource)
        head = f"k8s\0\n\x0c\n\x02v1\x12\x06{resource.kind}\x12{number:032x}\x42\x0c{revision:012d}".encode()
        size = sizes[number % SIZES] + revision % 16 - len(head)
        start = number * 1009 % (POOL - LARGEST)
        return head + self._pool[start : start + max(size, 0)]

    def _drawn(self, resource: Resource) -> list[int]:
        drawn = (resource.size * self._random.lognormvariate(0, resource.spread) for _ in range(SIZES))
        return self._sizes.setdefault(resource, [min(int(size), LARGEST - 16) for size in drawn])

    def _pieces(self) -> Iterator[bytes]:
        """Words, the first ones most often, each behind tag and length, a hash after every five; POOL bytes or more."""
        made, weights = 0, [1 / (place + 2) for place in range(len(VOCABULARY))]
        while made < POOL:
            hashed = f"{self._random.getrandbits(80):020x}"
            words = [*self._random.choices(VOCABULARY, weights, k=5), hashed]
            piece = b"".join(bytes((10 + 8 * at, len(word))) + word.encode() for at, word in enumerate(words))
            made += len(piece)
            yield piece
