"""What a YugabyteDB tserver tells over HTTP: its flags, and which tablets it leads. JSON comes as text/plain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kinetune.http.read import read
from kinetune.model.cluster import Cluster, Node
from kinetune.model.failure import CouldNotLook
from kinetune.model.unknown import Unknown

PORT = 9000
REACH = "name its port with --tserver-http, or look from a host that reaches it"
TOLD = (
    "ysql_sequence_cache_minval",
    "ysql_sequence_cache_method",
    "yb_enable_read_committed_isolation",
    "enable_wait_queues",
    "ysql_disable_index_backfill",
    "durable_wal_write",
)
"""Flags that matter to Kine; whatever else a tserver tells may hold secrets and stays unread."""


def with_http(cluster: Cluster, database: str, port: int) -> Cluster:
    """The same nodes with flags and led tablets, and the copies of kine's tablets."""
    seen = [_node(node, database, port) for node in cluster.nodes]
    copies = [copies for _, copies in seen if not isinstance(copies, Unknown)]
    none = Unknown("no tserver told its tablets over HTTP")
    return replace(cluster, nodes=tuple(node for node, _ in seen), replication=min(copies) if copies else none)


def _node(node: Node, database: str, port: int) -> tuple[Node, int | Unknown]:
    host = node.name.rpartition(":")[0]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}/api/v1/"
    try:
        found = replace(node, flags=flags(_json(f"{root}varz")))
        tablets = _json(f"{root}tablets")
    except CouldNotLook as failure:
        nothing = Unknown(str(failure))
        return replace(node, flags=nothing, leaders=nothing), nothing
    peers = _peers(tablets, database)
    return replace(found, leaders=sum(roles.get(host) == "LEADER" for roles in peers)), _copies(peers)


def flags(document: Any) -> dict[str, str]:
    """Of /api/v1/varz those in TOLD that the release has."""
    rows = document.get("flags", []) if isinstance(document, dict) else []
    return {row["name"]: str(row["value"]) for row in rows if row.get("name") in TOLD}


def _peers(tablets: Any, database: str) -> list[Mapping[str, str]]:
    """Of each tablet of kine and its indexes in that database: host → LEADER or FOLLOWER."""
    found = tablets.values() if isinstance(tablets, dict) else []
    ours = [one for one in found if one.get("namespace") == database and one.get("table_name", "").startswith("kine")]
    return [
        {host: role for peer in one.get("raft_config", []) for role, host in peer.items()}
        for one in ours
        if not one.get("hidden")
    ]


def _copies(peers: list[Mapping[str, str]]) -> int | Unknown:
    return min(map(len, peers)) if peers else Unknown("no tablet of kine is on the nodes that answered over HTTP")


def _json(place: str) -> Any:
    text = read(place, REACH)
    try:
        return json.loads(text)
    except ValueError:
        raise CouldNotLook(f"{place} does not answer as a tserver does", REACH) from None
