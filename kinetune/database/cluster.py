"""One look at each node of a YugabyteDB cluster: what is in force there."""

from __future__ import annotations

from kinetune.database.nodes import Address, addresses
from kinetune.database.session import Session
from kinetune.model.cluster import Cluster, Node
from kinetune.model.facts import Unknown
from kinetune.model.failure import CouldNotLook

SETTINGS = (
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
"""What of the planner decides Kine's plans; a node that lacks one is of another release."""


def cluster(session: Session, command: str) -> Cluster | Unknown:
    """Every node that yb_servers() names; what one does not tell is Unknown with the reason."""
    found = addresses(session)
    if not found:
        return Unknown(f"{session.server} has no nodes to compare")
    return Cluster(tuple(_node(address, command) for address in found))


def _node(address: Address, command: str) -> Node:
    node = (address.name, address.cloud, address.region, address.zone)
    try:
        with address.visit(command) as there:
            settings = {row["name"]: row["setting"] for row in there.ask("settings") if row["name"] in SETTINGS}
            statistics = there.ask("statistics")
            return Node(*node, there.server, settings, statistics[0]["analysed_at"] if statistics else None)
    except CouldNotLook as failure:
        nothing = Unknown(str(failure))
        return Node(*node, nothing, nothing, nothing)
