"""Nodes of a YugabyteDB cluster on one machine: names, addresses and the ports each gets there."""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.model.endpoint import Endpoint, parse
from kinetune.render.values import Values

SEQUENCE_FLAG = "ysql_sequence_cache_minval"
"""1 on every tserver, before the sequence is created: facts/yugabytedb.md §2."""


@dataclass(frozen=True)
class Node:
    """The number-th node, from 1 on; the first has YugabyteDB's own ports, each further one the next ones up."""

    number: int
    name: str

    @property
    def address(self) -> str:
        """Its own loopback address, where nodes run without containers."""
        return f"127.0.0.{self.number}"

    @property
    def ports(self) -> tuple[tuple[int, int], ...]:
        """On the machine and in the container: UI, master, tserver, YSQL, YSQL's metrics."""
        return tuple((port + self.number - 1, port) for port in (15433, 7000, 9000, 5433, 13000))


def nodes(values: Values) -> tuple[Node, ...]:
    """Names are DNS labels with hyphens: yugabyted --join takes no underscore (facts/yugabytedb.md §7)."""
    return tuple(Node(number, f"{values.name}-node{number}") for number in range(1, values.nodes + 1))


def inside(values: Values) -> str:
    """The endpoint as the containers see it: every node, tried in order."""
    hosts = ",".join(f"{node.name}:5433" for node in nodes(values))
    return f"postgres://yugabyte@{hosts}/kubernetes"


def in_kubernetes(values: Values) -> str:
    """The endpoint of the chart's headless service, unless another is said."""
    host = f"yb-tservers.{values.namespace}.svc.cluster.local"
    tls = "?sslmode=require" if values.secure else ""
    return values.endpoint or f"postgres://yugabyte@{host}:5433/kubernetes{tls}"


def ignored(values: Values) -> tuple[str, ...]:
    """What the nightly check lets pass, each with its reason: an alarm that is red from the first day on is none."""
    reason = "KT801=the endpoint is the administrator's, and Kine has a role of its own"
    found = [reason] if _by_administrator(values) else []
    if not values.secure:
        found += [f"{code}=a trial without certificates and passwords" for code in ("KT802", "KT803")]
    return tuple(found)


def _by_administrator(values: Values) -> bool:
    place = parse(in_kubernetes(values))
    return isinstance(place, Endpoint) and place.user in ("yugabyte", "postgres")
