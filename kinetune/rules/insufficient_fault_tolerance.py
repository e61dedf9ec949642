from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_count
from kinetune.model.cluster import Cluster
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule

COPIES = 3
"""Two of three copies are still a majority."""


@rule("KT409", Severity.WARNING)
def insufficient_fault_tolerance(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    The store does not survive the loss of a node or of a zone.

    Why it matters
        Fault tolerance is the reason to use YugabyteDB here: with three copies a node was killed during 700 creates,
        and none was lost (docs/facts/measured.md §8). With one copy, losing its node means losing the control plane;
        with all nodes in one zone, so does losing the zone.

    What to do
        Run three nodes or more with replication factor 3: `yugabyted start --join=…` on each, then `yugabyted configure
        data_placement --fault_tolerance=zone`. kinetune render topology writes the files for one machine, zones or
        regions.

    When to ignore
        A laptop or a test. PostgreSQL has a single node and always passes.

    Source
        yb_servers(), and raft_config of kine's tablets in /api/v1/tablets of each tserver; docs/facts/yugabytedb.md §7.
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    cluster = facts.cluster
    if isinstance(cluster, Unknown):
        yield cluster
        return
    if len(cluster.nodes) < COPIES:
        count = format_count(len(cluster.nodes), "node")
        yield Remark(
            on="nodes",
            says=f"{count} instead of {COPIES}: the loss of one stops the control plane",
            do="add nodes with yugabyted start --join=…, then yugabyted configure data_placement --rf=3",
        )
    else:
        yield from _check_copies(cluster)
        yield from _check_zones(cluster)


def _check_copies(cluster: Cluster) -> Iterator[Remark | Unknown]:
    if isinstance(cluster.replication, Unknown):
        yield cluster.replication
    elif cluster.replication < COPIES:
        yield Remark(
            on="replication",
            says=f"a tablet of kine has {cluster.replication} of {COPIES} copies: the loss of one node may lose it",
            do="yugabyted configure data_placement --rf=3",
        )


def _check_zones(cluster: Cluster) -> Iterator[Remark]:
    places = {node.place for node in cluster.nodes}
    if 1 < len(places) < COPIES:
        says = f"{len(cluster.nodes)} nodes are in {len(places)} zones: the loss of the larger one stops all writes"
        yield Remark(
            on="zones", says=says, do="distribute the nodes over three zones (yugabyted start --cloud_location=…)"
        )
    elif len(places) == 1:
        says = f"all nodes are in {places.pop()}: its loss stops the control plane"
        yield Remark(
            on="zones",
            says=says,
            do="distribute the nodes over three zones, if there are several",
            severity=Severity.INFO,
        )
