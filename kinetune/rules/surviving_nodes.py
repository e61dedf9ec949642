from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.cluster import Cluster
from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule

COPIES = 3
"""A majority of three survives the loss of one."""


@rule("KT409", Severity.WARNING)
def surviving_nodes(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    The store survives the loss of a node, and of a zone where there are several.

    Why it matters
        That is what YugabyteDB is for here: with three copies a node was killed under 700 creates, and none was lost
        (docs/facts/measured.md §8). With one copy the loss of its node is the loss of the control plane; with all
        nodes in one zone, so is the loss of the zone.

    What to do
        Three nodes or more and replication factor 3: `yugabyted start --join=…` on each, then `yugabyted configure
        data_placement --fault_tolerance=zone`. kinetune render topology writes it for one machine, zones and regions.

    When to ignore
        A laptop, or a test. PostgreSQL is its only node and always passes.

    Source
        yb_servers(), and raft_config of kine's tablets in each tserver's /api/v1/tablets; docs/facts/yugabytedb.md §7.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    cluster = facts.cluster
    if isinstance(cluster, Unknown):
        yield cluster
        return
    if len(cluster.nodes) < COPIES:
        yield Remark(
            on="nodes",
            says=f"{len(cluster.nodes)} of the {COPIES} that survive the loss of one: then the control plane is gone",
            do="add nodes with yugabyted start --join=…, then yugabyted configure data_placement --rf=3",
        )
    else:
        yield from _copies(cluster)
        yield from _zones(cluster)


def _copies(cluster: Cluster) -> Iterator[Remark | Unknown]:
    if isinstance(cluster.replication, Unknown):
        yield cluster.replication
    elif cluster.replication < COPIES:
        yield Remark(
            on="replication",
            says=f"a tablet of kine has {cluster.replication} of {COPIES} copies: one lost node may take it along",
            do="yugabyted configure data_placement --rf=3",
        )


def _zones(cluster: Cluster) -> Iterator[Remark]:
    places = {node.place for node in cluster.nodes}
    if 1 < len(places) < COPIES:
        says = f"{len(cluster.nodes)} nodes stand in {len(places)} zones: the loss of the fuller one stops every write"
        yield Remark(on="zones", says=says, do="spread the nodes over three zones (yugabyted start --cloud_location=…)")
    elif len(places) == 1:
        says = f"all nodes stand in {places.pop()}: its loss is the loss of the control plane"
        yield Remark(
            on="zones",
            says=says,
            do="spread the nodes over three zones where there are several",
            severity=Severity.INFO,
        )
