from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from kinetune.model.cluster import Cluster
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.model.unknown import Unknown
from kinetune.rules.rule import rule


@rule("KT408", Severity.WARNING)
def inconsistent_nodes(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    Nodes of the cluster differ in release, planner settings or flags.

    Why it matters
        Kine's connections use any node. If one node joins row by row, runs another release or has another flag, the
        same list is fast or 100 times slower depending on the connection, and a test on one node says nothing about the
        others. An unfinished upgrade also keeps new features disabled.

    What to do
        Finish the upgrade. Set planner settings with ALTER DATABASE (kinetune init does), which applies to all nodes,
        and set flags in the one place that starts all tservers.

    When to ignore
        During a rolling upgrade, with an expiry date in the baseline. PostgreSQL has a single node and always passes.

    Source
        yb_servers(); a session and /api/v1/varz of each node (docs/facts/yugabytedb.md §1.2, §6.12).
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    if isinstance(facts.cluster, Unknown):
        yield facts.cluster
        return
    yield from _find_differences(facts.cluster)
    for node in facts.cluster.nodes:
        if isinstance(node.server, Unknown):
            yield node.server


def _find_differences(cluster: Cluster) -> Iterator[Remark]:
    seen: dict[str, dict[str, str]] = defaultdict(dict)
    for node in cluster.nodes:
        if not isinstance(node.server, Unknown):
            seen["release"][node.name] = str(node.server)
        for values in (node.settings, node.flags):
            for name, value in values.items() if not isinstance(values, Unknown) else ():
                seen[name][node.name] = value
    # Only nodes that were reached are compared; the others are reported as unknown.
    for name, values in seen.items():
        if len(set(values.values())) > 1:
            do = "finish the upgrade" if name == "release" else f"set {name} to the same value on all nodes"
            yield Remark(on=name, says=f"differs between nodes: {_group_by_value(values)}", do=do)


def _group_by_value(values: Mapping[str, str]) -> str:
    """`1 on a, b; 1024 on c`."""
    nodes: dict[str, list[str]] = defaultdict(list)
    for node, value in values.items():
        nodes[value].append(node)
    return "; ".join(f"{value} on {', '.join(sorted(names))}" for value, names in sorted(nodes.items()))
