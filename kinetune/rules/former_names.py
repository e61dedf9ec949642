"""Names that rules had while they were named after the healthy state. Accepted for one release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

# Codes are the stable identifiers; they did not change.
FORMER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "kine-table": "unusable-kine-table",
        "primary-key-name": "misnamed-primary-key",
        "range-sharded-ids": "hash-sharded-ids",
        "unique-revisions": "missing-unique-index",
        "covering-unique-index": "non-covering-unique-index",
        "range-sharded-indexes": "hash-sharded-indexes",
        "list-query-index": "missing-list-index",
        "index-names": "unclaimed-index-names",
        "valid-indexes": "invalid-indexes",
        "used-indexes": "unused-indexes",
        "key-collation": "unsuitable-key-column",
        "wide-ids": "integer-ids",
        "compaction-row": "broken-compaction-row",
        "schema-migration": "unsafe-schema-migration",
        "logged-table": "unlogged-table",
        "other-stores": "multiple-stores",
        "sequence-cache": "cached-sequence",
        "sequence-owner": "unowned-sequence",
        "sequence-increment": "wrong-sequence-increment",
        "ordered-ids": "unordered-ids",
        "sequence-flag": "unset-sequence-flag",
        "call-budgets": "exceeded-budgets",
        "generic-plans": "slow-generic-plans",
        "slower-than-before": "query-regression",
        "unbound-lists": "unbounded-lists",
        "batched-nested-loops": "unbatched-joins",
        "analysed-statistics": "stale-statistics",
        "planner-settings": "missing-planner-settings",
        "isolation": "wrong-isolation-level",
        "maintained-server": "unmaintained-server",
        "equal-nodes": "inconsistent-nodes",
        "surviving-nodes": "insufficient-fault-tolerance",
        "former-settings": "stale-session-settings",
        "taken-writes": "read-only-server",
        "supported-server": "unsupported-server",
        "store-size": "oversized-store",
        "largest-resource": "dominant-resource",
        "acknowledged-creates": "lost-creates",
        "single-connection": "too-few-connections",
        "configured-sequence-flag": "unconfigured-sequence-flag",
        "known-names": "unknown-settings",
        "endpoint-form": "invalid-endpoint",
        "clear-password": "plaintext-password",
        "emulated-etcd": "outdated-emulated-etcd",
        "metrics-address": "exposed-metrics",
        "pinned-images": "unpinned-images",
        "node-names": "invalid-node-names",
        "replication-factor": "too-few-nodes",
        "odd-nodes": "even-node-count",
        "zone-loss": "unsafe-zone-placement",
        "postgres-database": "unreachable-postgres-database",
        "connection-budget": "too-many-connections",
        "encrypted-connection": "unencrypted-connection",
        "password-asked": "trust-authentication",
    }
)
"""Former name → name. Rules that are not listed kept their name."""


def describe_former_names(patterns: Iterable[str]) -> list[str]:
    """A note for each former name among the patterns of a selection or the keys of a configuration."""
    names = [pattern.strip() for pattern in patterns]
    return [f"{name} is now called {FORMER_NAMES[name]}" for name in names if name in FORMER_NAMES]
