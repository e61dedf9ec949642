"""The HTTP pages of a YugabyteDB tserver: its flags, and the tablets it leads. JSON is served as text/plain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kinetune.http.read_text import read_text
from kinetune.model.cluster import Cluster, ClusterNode
from kinetune.model.failure import CouldNotLook
from kinetune.model.unknown import Unknown

NEXT_STEP = "set its port with --tserver-http, or run kinetune on a host that can reach it"
RELEVANT_FLAGS = (
    "ysql_sequence_cache_minval",
    "ysql_sequence_cache_method",
    "yb_enable_read_committed_isolation",
    "enable_wait_queues",
    "ysql_disable_index_backfill",
    "durable_wal_write",
)
"""Flags that matter to Kine. Other flags may contain secrets and are not read."""


def add_http_details(cluster: Cluster, database: str, port: int) -> Cluster:
    """
    The nodes of the cluster with flags and leader counts, and the replication factor of Kine's tablets.

    yb_servers() omits a node that is down if the master leader changed since. The tablets still list its replicas, so
    it is added, with Unknown for all that only the node itself can answer.
    """
    answers = [_read_node(node, port) for node in cluster.nodes]
    replicas = [(node, _kine_replicas(tablets, database)) for node, tablets in answers]
    copies = [copies for _, peers in replicas if not isinstance(copies := _replication_factor(peers), Unknown)]
    nodes = [node if peers is None else replace(node, leaders=_count_leaders(node, peers)) for node, peers in replicas]
    holders = {host for _, tablets in answers for one in _list_tablets(tablets) for host in _replica_roles(one)}
    none = Unknown("no tserver returned its tablets over HTTP")
    # The tablet with the fewest replicas decides what the cluster survives.
    return Cluster((*nodes, *_unlisted_nodes(cluster, holders)), min(copies) if copies else none)


def _node_host(node: ClusterNode) -> str:
    return node.name.rpartition(":")[0]


def _read_node(node: ClusterNode, port: int) -> tuple[ClusterNode, Any]:
    """The node with its flags, and its tablets as the page has them; None if the node does not answer."""
    host = _node_host(node)
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}/api/v1/"  # brackets for an IPv6 address
    try:
        return replace(node, flags=parse_flags(_read_json(f"{root}varz"))), _read_json(f"{root}tablets")
    except CouldNotLook as failure:
        nothing = Unknown(str(failure))
        return replace(node, flags=nothing, leaders=nothing), None


def _count_leaders(node: ClusterNode, peers: list[Mapping[str, str]]) -> int:
    return sum(roles.get(_node_host(node)) == "LEADER" for roles in peers)


def _unlisted_nodes(cluster: Cluster, holders: set[str]) -> Iterator[ClusterNode]:
    """Nodes that have replicas but are not in yb_servers(). None if the two use different names (private addresses)."""
    named = {_node_host(node): node.name.rpartition(":")[2] for node in cluster.nodes}
    if not holders & named.keys():
        return
    for host in sorted(holders - named.keys()):
        name = f"{host}:{next(iter(named.values()))}"
        down = Unknown(f"cannot read node {name}: it has replicas of tablets, and yb_servers() does not list it")
        yield ClusterNode(name, server=down, settings=down, analysed_at=down, flags=down, leaders=down)


def parse_flags(document: Any) -> dict[str, str]:
    """The RELEVANT_FLAGS on the page /api/v1/varz; a release that lacks a flag does not list it."""
    rows = document.get("flags", []) if isinstance(document, dict) else []
    return {row["name"]: str(row["value"]) for row in rows if row.get("name") in RELEVANT_FLAGS}


def _kine_replicas(tablets: Any, database: str) -> list[Mapping[str, str]] | None:
    """For each tablet of kine and its indexes in the database: host → LEADER or FOLLOWER. None without an answer."""
    if tablets is None:
        return None
    found = [one for one in _list_tablets(tablets) if one.get("namespace") == database and not one.get("hidden")]
    return [_replica_roles(one) for one in found if one.get("table_name", "").startswith("kine")]


def _list_tablets(document: Any) -> Iterable[Any]:
    return document.values() if isinstance(document, dict) else ()


def _replica_roles(tablet: Any) -> Mapping[str, str]:
    return {host: role for peer in tablet.get("raft_config", []) for role, host in peer.items()}


def _replication_factor(peers: list[Mapping[str, str]] | None) -> int | Unknown:
    return min(map(len, peers)) if peers else Unknown("the tservers that answered over HTTP have no tablet of kine")


def _read_json(place: str) -> Any:
    text = read_text(place, NEXT_STEP)
    try:
        return json.loads(text)
    except ValueError:
        raise CouldNotLook(f"{place} is not a tserver: the answer is not JSON", NEXT_STEP) from None
