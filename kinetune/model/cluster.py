"""The nodes of a YugabyteDB cluster, each as observed in a session on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.server import Server
from kinetune.model.unknown import NOT_REQUESTED, Unknown


@dataclass(frozen=True)
class ClusterNode:
    """
    `name` is host:port of its SQL. `server`, `settings` (those that affect plans of Kine's queries) and `analysed_at`
    (the last manual ANALYZE of kine on this node) come from a session on the node. `flags` are the tserver's flags as
    its HTTP server returns them; after set_flag they may differ from those in force (docs/facts/yugabytedb.md §2.4).
    `leaders` is the number of tablets of kine and its indexes that this node leads.
    """

    name: str
    cloud: str = ""
    region: str = ""
    zone: str = ""
    server: Server | Unknown = NOT_REQUESTED
    settings: Mapping[str, str] | Unknown = NOT_REQUESTED
    analysed_at: datetime | Unknown | None = NOT_REQUESTED
    flags: Mapping[str, str] | Unknown = NOT_REQUESTED
    leaders: int | Unknown = NOT_REQUESTED

    @property
    def place(self) -> str:
        """`aws.us-east-1.us-east-1a`, as yugabyted's --cloud_location has it."""
        return ".".join((self.cloud, self.region, self.zone))


@dataclass(frozen=True)
class Cluster:
    """All nodes that yb_servers() names. `replication` is the number of copies of kine's tablets."""

    nodes: tuple[ClusterNode, ...]
    replication: int | Unknown = NOT_REQUESTED


@dataclass(frozen=True)
class ServerState:
    """A server, and the settings and nodes that a session in `database` saw; without one only the release is known."""

    server: Server
    database: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    cluster: Cluster | Unknown = NOT_REQUESTED
