"""Advice for what kinetune does not tune: other stores than PostgreSQL and YugabyteDB, and times of the API server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kinetune.model.hotspot import LogOrigin, StoreKind


@dataclass(frozen=True)
class AdviceParts:
    """
    The parts of an advice, each a clause without a full stop, or empty: the likely cause, what to check, what to
    change, a caveat, and the command that shows the plan of the query.
    """

    cause: str = ""
    check: str = ""
    fix: str = ""
    caveat: str = ""
    command: str = ""

    def __str__(self) -> str:
        """Cause, check, fix and caveat as one sentence without a full stop."""
        remedy = "; ".join(filter(None, (self.check, self.fix)))
        text = ": ".join(filter(None, (self.cause, remedy)))
        return f"{text} ({self.caveat})" if self.caveat else text


# Sources: docs.k3s.io/datastore/ha-embedded (existing single-node clusters); k3s-io/k3s discussion 4650: K3s moves
# SQLite to etcd, and has no way from one SQL store to another; Canonical Kubernetes, how to use an external datastore.
_MOVES: Mapping[StoreKind, str] = MappingProxyType(
    {
        StoreKind.SQLITE: "K3s itself moves SQLite to etcd only (restart the server with --cluster-init); to "
        "PostgreSQL or YugabyteDB it is moved by kinetune move sqlite:PATH ENDPOINT",
        StoreKind.MYSQL: "to PostgreSQL or YugabyteDB it is moved by kinetune move mysql://… ENDPOINT",
        StoreKind.SQLITE_OR_MYSQL: "to PostgreSQL or YugabyteDB it is moved by kinetune move SOURCE ENDPOINT, where "
        "the source is sqlite:PATH or mysql://…",
        StoreKind.DQLITE: "the store of k8s-dqlite can be chosen only when a cluster is created: there is no way to "
        "move it",
        StoreKind.NATS: "neither Kine nor kinetune moves a store from NATS to another database",
        StoreKind.ETCD: "kinetune has no advice for etcd: see its own log and metrics; to PostgreSQL or YugabyteDB it "
        "is moved by kinetune move etcd://HOST:2379 ENDPOINT",
    }
)
_SLOW_STORES: Mapping[StoreKind, str] = MappingProxyType(
    {
        StoreKind.SQLITE: "check the disk, and other programs that open the same file: SQLite has one writer at a time",
        StoreKind.DQLITE: "check the disks and the network of all nodes: k8s-dqlite has one writer at a time",
        StoreKind.ETCD: "check the disks and the network of its members",
    }
)


def advise_other_store(kind: StoreKind) -> AdviceParts:
    """For any store other than PostgreSQL and YugabyteDB: rules, explain and indexes of this program do not apply."""
    cause = f"the store is {kind}, which kinetune does not tune"
    return AdviceParts(cause, _SLOW_STORES.get(kind, "check the database server itself"), _MOVES[kind])


def advise_traces(origin: LogOrigin) -> AdviceParts:
    """For calls that the API server timed: they name the resource, and not the statement."""
    check = "set log_min_duration_statement on the database, and run kinetune hotspots on its log"
    cause = "the API server waited this long: for Kine, the database and the network between them"
    if origin.logs_slow_sql is False:
        return AdviceParts(
            f"{cause}; this release logs no slow SQL", check, "upgrade to a K3s with Kine v0.9.2 or later (v1.24.3)"
        )
    return AdviceParts(
        cause, f"compare with the slow SQL of the same time, or {check}", "follow the advice for that SQL"
    )
