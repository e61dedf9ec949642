"""
The nodes of the server. YugabyteDB keeps sessions and statistics on each node alone; PostgreSQL is a single node.

Settings may differ between nodes too: a rolling restart, or a flag that was set on some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from kinetune.database.session import Row, Session, open_session
from kinetune.model.cluster import Cluster, ClusterNode
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import CouldNotLook
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown

_OF_ONE_HOST = ("hostaddr", "service", "load_balance_hosts", "target_session_attrs")


@dataclass(frozen=True)
class NodeAddress:
    """
    A node by its name in the cluster (`10.0.0.3:5433`), its location, and the endpoints to try in this order.

    The second endpoint is its public address: from outside the cluster's network its own address is often unreachable.
    """

    name: str
    cloud: str
    region: str
    zone: str
    endpoints: tuple[Endpoint, ...]

    @contextmanager
    def open_session(self, command: str, *, write: bool = False) -> Iterator[Session]:
        """A session on this node. CouldNotLook, with the first cause, if none of its endpoints accepts a connection."""
        failures: list[CouldNotLook] = []
        for endpoint in self.endpoints:
            visiting = open_session(endpoint, command, write=write)
            try:
                # The context manager is entered by hand: an error inside the caller's block must not be mistaken for a
                # node that cannot be reached.
                session = visiting.__enter__()
            except CouldNotLook as failure:
                failures.append(failure)
                continue
            try:
                yield session
            finally:
                visiting.__exit__(None, None, None)
            return
        raise CouldNotLook(f"cannot read node {self.name}: {failures[0].cause}")


def node_addresses(session: Session) -> tuple[NodeAddress, ...]:
    """All live nodes of a YugabyteDB cluster, ordered by name; empty for PostgreSQL."""
    if session.server.flavour is not Flavour.YUGABYTEDB:
        return ()
    return tuple(_parse_address(session.endpoint, row) for row in session.query_file("nodes"))


def _parse_address(endpoint: Endpoint, row: Row) -> NodeAddress:
    # Both addresses are often the same.
    hosts = dict.fromkeys(host for host in (row["host"], row["public_ip"]) if host)
    endpoints = tuple(_endpoint_at(endpoint, (host, row["port"])) for host in hosts)
    place = [row.get(part) or "" for part in ("cloud", "region", "zone")]
    return NodeAddress(f"{row['host']}:{row['port']}", place[0], place[1], place[2], endpoints)


class NodeSessions:
    """One session after the other, one on each node. `notices` says which nodes could not be read, and why."""

    def __init__(self, session: Session, command: str) -> None:
        self.notices: list[str] = []
        self._session, self._command = session, command

    def __iter__(self) -> Iterator[tuple[str, Session]]:
        """The node's name (`10.0.0.3:5433`) and a session on it."""
        if self._session.server.flavour is not Flavour.YUGABYTEDB:
            yield self._own_name(), self._session
            return
        addresses = node_addresses(self._session)
        self.notices += _missing_hosts(self._session.endpoint, addresses)
        for address in addresses:
            with ExitStack() as stack:
                try:
                    session = stack.enter_context(address.open_session(self._command))
                except CouldNotLook as failure:
                    self.notices.append(f"{failure.cause}; its data is missing")
                    continue
                yield address.name, session

    def _own_name(self) -> str:
        info = self._session.connection.info
        return f"{info.host}:{info.port}"


def _missing_hosts(endpoint: Endpoint, addresses: tuple[NodeAddress, ...]) -> Iterator[str]:
    """
    Hosts of the endpoint without a live node. yb_servers() omits a dead node, so only the endpoint may name it.

    Nothing if the endpoint has other names for the nodes, as those of DNS or of a load balancer.
    """
    alive = {host for address in addresses for node in address.endpoints for host, _ in node.hosts}
    named = dict.fromkeys(host for host, _ in endpoint.hosts)
    for host in named if not alive.isdisjoint(named) else ():
        if host not in alive:
            yield f"{host} of the endpoint is not in yb_servers(): if it is a node, it is down and its data is missing"


def _endpoint_at(endpoint: Endpoint, place: tuple[str, int]) -> Endpoint:
    # These parameters select the host. On this endpoint they would lead back to the node that the user named.
    parameters = {word: value for word, value in endpoint.parameters.items() if word not in _OF_ONE_HOST}
    return replace(endpoint, hosts=(place,), parameters=parameters)


NODE_SETTINGS = (
    "default_transaction_isolation",
    "yb_effective_transaction_isolation_level",
    "yb_bnl_batch_size",
    "yb_prefer_bnl",
    "yb_enable_optimizer_statistics",
    "yb_enable_base_scans_cost_model",
    "yb_enable_cbo",
    "yb_use_hash_splitting_by_default",
    "yb_fetch_row_limit",
)
"""Settings that affect plans of Kine's queries. A node that lacks one of them has another release."""


def observe_cluster(session: Session, command: str) -> Cluster | Unknown:
    """All live nodes. What could not be read on a node is Unknown with the reason."""
    found = node_addresses(session)
    if not found:
        return Unknown(f"{session.server} has no nodes to compare")
    return Cluster(tuple(_observe_node(address, command) for address in found))


def _observe_node(address: NodeAddress, command: str) -> ClusterNode:
    node = (address.name, address.cloud, address.region, address.zone)
    try:
        with address.open_session(command) as session:
            settings = {
                row["name"]: row["setting"] for row in session.query_file("settings") if row["name"] in NODE_SETTINGS
            }
            statistics = session.query_file("statistics")
            return ClusterNode(*node, session.server, settings, statistics[0]["analysed_at"] if statistics else None)
    except CouldNotLook as failure:
        # A node that cannot be read is listed all the same: rules that compare nodes are then skipped, not passed.
        nothing = Unknown(str(failure))
        return ClusterNode(*node, nothing, nothing, nothing)
