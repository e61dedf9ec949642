from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration
from kinetune.model.facts import OutOfScope
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.cluster_layout import NO_NODES, ClusterLayout, find_clusters, node_location
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule


@rule("KT616", Severity.WARNING)
def even_node_count(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The cluster has an even number of nodes or copies.

    Why it matters
        A write needs a majority. Two nodes have a majority of two: the loss of either one stops all writes, so two
        nodes are less reliable than one. A fourth node tolerates no additional failure.

    What to do
        Use three or five nodes; replicas.master of the Helm chart is 3 or 5.

    When to ignore
        The fourth node adds capacity, and the replication factor stays 3. Nodes in three or five zones are not
        reported, because the zones then have the majority.

    Source
        The majority rule of Raft; docs/facts/yugabytedb.md §7.
    """
    found = tuple(find_clusters(configuration))
    if not found:
        yield explain_absence(NO_NODES, configuration)
    elif not any(cluster.whole for cluster in found):
        yield OutOfScope(f"the files read describe a single node, or only a part of {found[0].name}")
    for cluster in found:
        nodes, factor = cluster.count, cluster.factor
        place = cluster.nodes[-1].place
        if factor and factor.value.isdecimal() and int(factor.value) and int(factor.value) % 2 == 0:
            says = f"{factor.value} copies tolerate the loss of at most {(int(factor.value) - 1) // 2}"
            yield Remark(on=f"{cluster.name} copies", says=says, do="use 3 or 5 copies", place=factor.place)
        elif nodes is None:
            yield Unknown(f"the number of {cluster.name} depends on a variable or a loop")
        elif cluster.whole and not _has_odd_zones(cluster) and nodes % 2 == 0:
            says = f"{nodes} nodes tolerate the loss of {(nodes - 1) // 2 or 'none'}, the same as {nodes - 1}"
            yield Remark(on=cluster.name, says=says, do=f"start {nodes + 1} or {nodes - 1} nodes", place=place)


def _has_odd_zones(cluster: ClusterLayout) -> bool:
    """Six nodes in three zones tolerate the loss of one zone: the number of zones counts then."""
    zones = {node_location(node) for node in cluster.nodes}
    return "" not in zones and len(zones) > 2 and len(zones) % 2 == 1 and (cluster.count or 0) > len(zones)
