from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.cluster_layout import NO_NODES, find_clusters
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule


@rule("KT615", Severity.ERROR)
def too_few_nodes(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The replication factor is higher than the number of nodes.

    Why it matters
        With a replication factor of 3 on two nodes every tablet lacks its third copy: YugabyteDB either does not create
        tables, or runs with two copies, where the loss of one node stops all writes and with them the API server.

    What to do
        Start as many nodes as the replication factor, in as many zones; or lower the factor.

    When to ignore
        The other nodes are described elsewhere.

    Source
        docs/facts/yugabytedb.md §7 (--rf, replicas.master of the Helm chart).
    """
    found = tuple(find_clusters(configuration))
    if not found:
        yield explain_absence(NO_NODES, configuration)
    for cluster in found:
        nodes, factor = cluster.count, cluster.factor
        if factor is None:
            continue
        if nodes is None or factor.value == "…":
            yield Unknown(f"the number of {cluster.name} depends on a variable or a loop")
        elif factor.value.isdecimal() and cluster.whole and int(factor.value) > nodes:
            says = f"the replication factor is {factor.value} with {nodes} nodes: the loss of one stops all writes"
            yield Remark(on=cluster.name, says=says, do=f"start {factor.value} nodes", place=factor.place)
