"""What a YugabyteDB tserver tells over HTTP: its flags, and which tablets it leads. JSON comes as text/plain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
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
    """
    The same nodes with flags and led tablets, and the copies of kine's tablets.

    A node that is down and that yb_servers() names no more (a new master leader does not know it) still stands among
    the holders of some tablet: it joins the nodes, as one that could not be asked.
    """
    seen = [_node(node, port) for node in cluster.nodes]
    told = [(node, _peers(tablets, database)) for node, tablets in seen]
    copies = [copies for _, peers in told if not isinstance(copies := _copies(peers), Unknown)]
    nodes = [replace(node, leaders=_led(node, peers)) if peers is not None else node for node, peers in told]
    holders = {host for _, tablets in seen for one in _tablets(tablets) for host in _roles(one)}
    none = Unknown("no tserver told its tablets over HTTP")
    return Cluster((*nodes, *_unnamed(cluster, holders)), min(copies) if copies else none)


def _host(node: Node) -> str:
    return node.name.rpartition(":")[0]


def _node(node: Node, port: int) -> tuple[Node, Any]:
    """The node with its flags, and its tablets as they came; None where it does not tell."""
    host = _host(node)
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}/api/v1/"
    try:
        return replace(node, flags=flags(_json(f"{root}varz"))), _json(f"{root}tablets")
    except CouldNotLook as failure:
        nothing = Unknown(str(failure))
        return replace(node, flags=nothing, leaders=nothing), None


def _led(node: Node, peers: list[Mapping[str, str]]) -> int:
    return sum(roles.get(_host(node)) == "LEADER" for roles in peers)


def _unnamed(cluster: Cluster, holders: set[str]) -> Iterator[Node]:
    """None where copies go by other names than yb_servers() uses (private addresses)."""
    named = {_host(node): node.name.rpartition(":")[2] for node in cluster.nodes}
    if not holders & named.keys():
        return
    for host in sorted(holders - named.keys()):
        name = f"{host}:{next(iter(named.values()))}"
        down = Unknown(f"node {name} could not be asked: it has copies of tablets, and yb_servers() does not name it")
        yield Node(name, server=down, settings=down, analysed_at=down, flags=down, leaders=down)


def flags(document: Any) -> dict[str, str]:
    """Of /api/v1/varz those in TOLD that the release has."""
    rows = document.get("flags", []) if isinstance(document, dict) else []
    return {row["name"]: str(row["value"]) for row in rows if row.get("name") in TOLD}


def _peers(tablets: Any, database: str) -> list[Mapping[str, str]] | None:
    """Of each tablet of kine and its indexes in that database host → LEADER or FOLLOWER; None where nothing is told."""
    if tablets is None:
        return None
    found = [one for one in _tablets(tablets) if one.get("namespace") == database and not one.get("hidden")]
    return [_roles(one) for one in found if one.get("table_name", "").startswith("kine")]


def _tablets(document: Any) -> Iterable[Any]:
    return document.values() if isinstance(document, dict) else ()


def _roles(tablet: Any) -> Mapping[str, str]:
    return {host: role for peer in tablet.get("raft_config", []) for role, host in peer.items()}


def _copies(peers: list[Mapping[str, str]] | None) -> int | Unknown:
    return min(map(len, peers)) if peers else Unknown("no tablet of kine is on the nodes that answered over HTTP")


def _json(place: str) -> Any:
    text = read(place, REACH)
    try:
        return json.loads(text)
    except ValueError:
        raise CouldNotLook(f"{place} does not answer as a tserver does", REACH) from None
