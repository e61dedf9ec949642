"""
Values with the size and the compressibility of Kubernetes objects.

A stored object is protobuf: short field tags, repeated words (labels, f:metadata of managedFields) and unique parts
(uids, hashes). pglz compresses it to a third or a half. Zeros would compress to nothing and random bytes not at all,
and the size of the table would be wrong.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from kinetune.workload.resources import Resource

POOL_BYTES = 1 << 20
SIZE_SAMPLES = 1024
LARGEST_VALUE = 1 << 17
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


class ObjectValues:
    """Values of a store, each computed from resource, object and revision. None is stored, and each can be repeated."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pool = b"".join(self._value_pieces())
        self._sizes: dict[Resource, list[int]] = {}

    def make_value(self, resource: Resource, number: int, revision: int) -> bytes:
        """The value of a revision. Revisions of an object differ as after an update: in a counter and a few bytes."""
        sizes = self._sizes.get(resource) or self._draw_sizes(resource)
        head = f"k8s\0\n\x0c\n\x02v1\x12\x06{resource.kind}\x12{number:032x}\x42\x0c{revision:012d}".encode()
        size = sizes[number % SIZE_SAMPLES] + revision % 16 - len(head)
        # Revisions of an object share their bytes, as after a small update: PostgreSQL compresses and stores them
        # alike.
        start = number * 1009 % (POOL_BYTES - LARGEST_VALUE)
        return head + self._pool[start : start + max(size, 0)]

    def _draw_sizes(self, resource: Resource) -> list[int]:
        drawn = (resource.size * self._random.lognormvariate(0, resource.spread) for _ in range(SIZE_SAMPLES))
        return self._sizes.setdefault(resource, [min(int(size), LARGEST_VALUE - 16) for size in drawn])

    def _value_pieces(self) -> Iterator[bytes]:
        """Words with tag and length, the first of VOCABULARY most often, and a hash after five: at least POOL_BYTES."""
        made, weights = 0, [1 / (place + 2) for place in range(len(VOCABULARY))]
        while made < POOL_BYTES:
            hashed = f"{self._random.getrandbits(80):020x}"
            words = [*self._random.choices(VOCABULARY, weights, k=5), hashed]
            piece = b"".join(bytes((10 + 8 * at, len(word))) + word.encode() for at, word in enumerate(words))
            made += len(piece)
            yield piece
