"""Nodes of a YugabyteDB cluster on one machine: names, addresses and ports."""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.model.endpoint import Endpoint, parse
from kinetune.render.values import RenderValues


@dataclass(frozen=True)
class YugabyteNode:
    """Node `number`, from 1 on. The first has YugabyteDB's own ports, each further node the next ones."""

    number: int
    name: str

    @property
    def address(self) -> str:
        """The loopback address of a node that runs without a container."""
        return f"127.0.0.{self.number}"

    @property
    def ports(self) -> tuple[tuple[int, int], ...]:
        """Pairs of a port of the machine and one of the container: UI, master, tserver, YSQL, YSQL metrics."""
        return tuple((port + self.number - 1, port) for port in (15433, 7000, 9000, 5433, 13000))


def cluster_nodes(values: RenderValues) -> tuple[YugabyteNode, ...]:
    """The nodes, named by DNS labels: yugabyted --join rejects an underscore (docs/facts/yugabytedb.md §7)."""
    return tuple(YugabyteNode(number, f"{values.name}-node{number}") for number in range(1, values.nodes + 1))


def container_endpoint(values: RenderValues) -> str:
    """The endpoint inside the containers: every node, tried in order."""
    hosts = ",".join(f"{node.name}:5433" for node in cluster_nodes(values))
    return f"postgres://yugabyte@{hosts}/kubernetes"


def kubernetes_endpoint(values: RenderValues) -> str:
    """--endpoint, else the chart's headless service."""
    host = f"yb-tservers.{values.namespace}.svc.cluster.local"
    tls = "?sslmode=require" if values.secure else ""
    return values.endpoint or f"postgres://yugabyte@{host}:5433/kubernetes{tls}"


def ignored_rules(values: RenderValues) -> tuple[str, ...]:
    """The findings that the nightly check ignores, each with its reason: a check that always fails is not read."""
    reason = "KT801=the check connects as the administrator, and Kine has its own role"
    found = [reason] if _is_administrator(values) else []
    if not values.secure:
        found += [f"{code}=a trial without certificates and passwords" for code in ("KT802", "KT803")]
    return tuple(found)


def _is_administrator(values: RenderValues) -> bool:
    place = parse(kubernetes_endpoint(values))
    return isinstance(place, Endpoint) and place.user in ("yugabyte", "postgres")
