"""Kine's keys in Kubernetes terms: the resource of a key, and the end of a prefix."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REGISTRY = "/registry/"
GAP = "gap-"
COMPACTION_MARK = "compact_rev_key"

# Registry folders that hold two resources (kubernetes/pkg/registry/core/rest/storage_core.go).
_SHARED = ("services",)
# Folders with another name than the resource in kubectl
# (kubernetes/pkg/kubeapiserver/default_storage_factory_builder.go).
_KUBECTL: Mapping[str, str] = MappingProxyType(
    {
        "specs": "services",
        "minions": "nodes",
        "controllers": "replicationcontrollers",
        "ingress": "ingresses",
        "podsecuritypolicy": "podsecuritypolicies",
        "masterleases": "apiserver addresses",
        "ranges": "address and port ranges",
        "bootstrap": "K3s bootstrap data",
        GAP: "gap rows",
        COMPACTION_MARK: "compaction mark",
    }
)
_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def is_gap_row(name: str) -> bool:
    """Whether Kine inserted the row for a missing revision (docs/facts/kine.md, Fill)."""
    return name.startswith(GAP) and name[len(GAP) :].isdecimal()


def resource_prefix(key: str) -> str:
    """
    The prefix shared by all objects of the key's resource; always a prefix of the key itself.

    `/registry/pods/`; for custom resources and aggregated groups `/registry/<group>/<plural>/`; outside the registry
    the first folder (`/bootstrap/`); `gap-` for the rows that Kine inserts for missing revisions. A key without a
    folder (`compact_rev_key`, `/registry/health`) is its own prefix.
    """
    if is_gap_row(key):
        return GAP
    wanted = 2
    if key.startswith(REGISTRY):
        first = key[len(REGISTRY) :].split("/", 1)[0]
        # A folder with a dot is an API group, which contains a folder per resource.
        wanted = 4 if "." in first or first in _SHARED else 3
    parts = key.split("/")
    return "/".join(parts[:wanted]) + "/" if len(parts) > wanted else key


def resource_name(prefix: str) -> str:
    """The name in kubectl of the objects below a resource prefix: `pods`, `nodes`, `certificates.cert-manager.io`."""
    parts = prefix.removeprefix(REGISTRY).strip("/").split("/")
    last = _KUBECTL.get(parts[-1], parts[-1])
    return f"{last}.{parts[0]}" if len(parts) > 1 and "." in parts[0] else last


def prefix_end(prefix: str) -> str:
    """
    The smallest text that is larger than everything with that prefix, in the order of UTF-8 bytes (collation "C").

    Like GetPrefixRangeEnd of etcd (client/v3/op.go), but it increments the last code point instead of the last byte, so
    the end is valid text. An empty prefix has no end; etcd's symbol for that is NUL, which PostgreSQL cannot store or
    compare.
    """
    for at in range(len(prefix) - 1, -1, -1):
        following = ord(prefix[at]) + 1
        # Surrogates are no characters of UTF-8: the next character after U+D7FF is U+E000.
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= _LAST:
            return prefix[:at] + chr(following)
    return "\0"
