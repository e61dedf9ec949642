"""The nodes of a YugabyteDB cluster, each as it showed itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kinetune.model.server import Server
from kinetune.model.unknown import NOT_ASKED, Unknown


@dataclass(frozen=True)
class Node:
    """
    `name` is host:port of its SQL. `server`, `settings` (what decides plans of Kine's queries) and `analysed_at` (the
    last ANALYZE of kine by hand that this node remembers) are of a session there. `flags` are the tserver's, as its
    HTTP server tells them: it may tell others than are in force after set_flag (docs/facts/yugabytedb.md §2.4).
    `leaders` counts kine's tablets, and those of its indexes, that this node leads.
    """

    name: str
    cloud: str = ""
    region: str = ""
    zone: str = ""
    server: Server | Unknown = NOT_ASKED
    settings: Mapping[str, str] | Unknown = NOT_ASKED
    analysed_at: datetime | Unknown | None = NOT_ASKED
    flags: Mapping[str, str] | Unknown = NOT_ASKED
    leaders: int | Unknown = NOT_ASKED

    @property
    def place(self) -> str:
        """`aws.us-east-1.us-east-1a`, as yugabyted's --cloud_location has it."""
        return ".".join((self.cloud, self.region, self.zone))


@dataclass(frozen=True)
class Cluster:
    """All nodes that yb_servers() names. `replication` is the number of copies of kine's tablets."""

    nodes: tuple[Node, ...]
    replication: int | Unknown = NOT_ASKED
