from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from kinetune.model.cluster import Cluster
from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Flavour
from kinetune.rules.rule import rule


@rule("KT408", Severity.WARNING)
def equal_nodes(facts: Facts) -> Iterator[Remark | Unknown]:
    """
    All nodes of the cluster run the same release with the same planner settings and flags.

    Why it matters
        Kine's connections land on any node. Where one joins row by row, has another release or another flag, the same
        list is quick or a hundred times dearer by the luck of the connection, and a test on one node proves nothing for
        the others. A half-finished upgrade also keeps new features, and the advisories they mend, switched off.

    What to do
        Finish the upgrade; set planner settings with ALTER DATABASE (kinetune init does), which all nodes share, and
        flags in the one place that starts all tservers.

    When to ignore
        During a rolling upgrade, with an expiry in the baseline. PostgreSQL is its only node and always passes.

    Source
        yb_servers(); a session and /api/v1/varz of each node (docs/facts/yugabytedb.md §1.2, §6.12).
    """
    if facts.server.flavour is not Flavour.YUGABYTEDB:
        return
    if isinstance(facts.cluster, Unknown):
        yield facts.cluster
        return
    yield from _differences(facts.cluster)
    for node in facts.cluster.nodes:
        if isinstance(node.server, Unknown):
            yield node.server


def _differences(cluster: Cluster) -> Iterator[Remark]:
    seen: dict[str, dict[str, str]] = defaultdict(dict)
    for node in cluster.nodes:
        if not isinstance(node.server, Unknown):
            seen["release"][node.name] = str(node.server)
        for values in (node.settings, node.flags):
            for name, value in values.items() if not isinstance(values, Unknown) else ():
                seen[name][node.name] = value
    for name, values in seen.items():
        if len(set(values.values())) > 1:
            do = "finish the upgrade" if name == "release" else f"give all nodes the same {name}"
            yield Remark(on=name, says=f"differs between nodes: {_by_value(values)}", do=do)


def _by_value(values: Mapping[str, str]) -> str:
    """`1 on a, b; 1024 on c`."""
    nodes: dict[str, list[str]] = defaultdict(list)
    for node, value in values.items():
        nodes[value].append(node)
    return "; ".join(f"{value} on {', '.join(sorted(names))}" for value, names in sorted(nodes.items()))
