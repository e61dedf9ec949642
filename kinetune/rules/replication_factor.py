from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Configuration
from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.cluster import NO_NODES, clusters
from kinetune.rules.rule import rule


@rule("KT615", Severity.ERROR)
def replication_factor(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    There is a node for every copy.

    Why it matters
        A replication factor of 3 on two nodes leaves each tablet without its third copy: YugabyteDB either refuses to
        create tables, or runs with two copies, where the loss of one node stops every write and with it the API server.

    What to do
        Start as many nodes as the replication factor says, in as many zones; or lower it.

    When to ignore
        The other nodes are described elsewhere.

    Source
        docs/facts/yugabytedb.md §7 (--rf, replicas.master of the Helm chart).
    """
    found = tuple(clusters(configuration))
    if not found:
        yield absent(NO_NODES, configuration)
    for cluster in found:
        nodes, factor = cluster.count, cluster.factor
        if factor is None:
            continue
        if nodes is None or factor.value == "…":
            yield Unknown(f"a variable or a loop decides the number of {cluster.name}")
        elif factor.value.isdecimal() and cluster.whole and int(factor.value) > nodes:
            says = f"{factor.value} copies are asked for and there are {nodes} nodes: the loss of one stops every write"
            yield Remark(on=cluster.name, says=says, do=f"start {factor.value} nodes", place=factor.place)
