from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration
from kinetune.model.facts import OutOfScope, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.cluster import NO_NODES, Cluster, clusters, location
from kinetune.rules.rule import rule


@rule("KT616", Severity.WARNING)
def odd_nodes(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The cluster has an odd number of nodes, and an odd number of copies.

    Why it matters
        A write needs the majority. Two nodes have a majority of two: the loss of either stops every write, so two
        survive less than one does. The fourth node survives no failure that three do not, and costs one.

    What to do
        Three nodes, or five; replicas.master of the Helm chart is 3 or 5.

    When to ignore
        The fourth node is there for its capacity and the replication factor stays 3. Nodes in three or five zones are
        not told of: the zones have the majority then.

    Source
        Raft's majority; docs/facts/yugabytedb.md §7.
    """
    found = tuple(clusters(configuration))
    if not found:
        yield absent(NO_NODES, configuration)
    elif not any(cluster.whole for cluster in found):
        yield OutOfScope(f"one node alone, or not all of {found[0].name}, is in the files read")
    for cluster in found:
        nodes, factor = cluster.count, cluster.factor
        place = cluster.nodes[-1].place
        if factor and factor.value.isdecimal() and int(factor.value) and int(factor.value) % 2 == 0:
            says = f"{factor.value} copies survive the loss of no more than {(int(factor.value) - 1) // 2}"
            yield Remark(on=f"{cluster.name} copies", says=says, do="keep 3 or 5", place=factor.place)
        elif nodes is None:
            yield Unknown(f"a variable or a loop decides the number of {cluster.name}")
        elif cluster.whole and not _odd_zones(cluster) and nodes % 2 == 0:
            says = f"{nodes} nodes survive the loss of {(nodes - 1) // 2 or 'none'}, no more than {nodes - 1} would"
            yield Remark(on=cluster.name, says=says, do=f"start {nodes + 1}, or {nodes - 1}", place=place)


def _odd_zones(cluster: Cluster) -> bool:
    """Six nodes in three zones survive the loss of one: it is the zones that must be odd."""
    zones = {location(node) for node in cluster.nodes}
    return "" not in zones and len(zones) > 2 and len(zones) % 2 == 1 and (cluster.count or 0) > len(zones)
