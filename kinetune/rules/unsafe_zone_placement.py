from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Component, Configuration, Setting
from kinetune.model.facts import OutOfScope
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.cluster_layout import LEVELS, NO_NODES, ClusterLayout, find_clusters, node_location
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule


@rule("KT617", Severity.ERROR)
def unsafe_zone_placement(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The loss of one zone may stop all writes.

    Why it matters
        With three copies in two zones one zone has two of them. If that zone is lost, so is the majority, and all
        writes of the API server stop: the second zone adds no reliability. If zones are named but no fault tolerance is
        set, two copies may be in one zone.

    What to do
        Use one zone (or region) for each copy: --cloud_location=CLOUD.REGION.ZONE on every node, then yugabyted
        configure data_placement --fault_tolerance=zone.

    When to ignore
        The nodes of the other zones are described elsewhere, or an outage during the loss of a zone is acceptable.

    Source
        docs/facts/yugabytedb.md §7 (multi zone).
    """
    found = tuple(find_clusters(configuration))
    if not found:
        yield explain_absence(NO_NODES, configuration)
    zoned = [cluster for cluster in found if any(node_location(node) for node in cluster.nodes)]
    if found and not zoned:
        yield OutOfScope("no node in the files read has a zone")
    for cluster in zoned:
        places = {place for node in cluster.nodes if (place := node_location(node))}
        if any("…" in place for place in places):
            yield Unknown(f"the zones of {cluster.name} depend on a variable")
        elif cluster.whole:
            yield from _check_cluster(cluster, places)


def _check_cluster(cluster: ClusterLayout, places: set[str]) -> Iterator[Remark]:
    tolerance = _find_fault_tolerance(cluster)
    level = tolerance.value if tolerance else ""
    zones = {".".join(place.split(".")[: LEVELS.get(level, 3)]) for place in places}
    line = (tolerance or cluster.factor or cluster.nodes[-1]).place
    unknown_zone = _find_unknown_zone(cluster, places)
    unplaced = next((node for node in cluster.nodes if not node_location(node)), None)
    # In this order, because each problem makes the ones after it likely: unknown zones, wrong zones, too few.
    if unplaced:
        says = "has no zone but other nodes have one: the placement of its copies is not defined"
        yield Remark(on=unplaced.name, says=says, do="set --cloud_location=CLOUD.REGION.ZONE", place=unplaced.place)
    elif unknown_zone:
        says = f"data is placed in {unknown_zone}, which has no node: its copies are missing"
        yield Remark(on=cluster.name, says=says, do="use the zones of the nodes", place=line)
    elif (level in LEVELS or len(zones) > 1) and len(zones) < cluster.copies:
        says = f"{cluster.copies} copies are in {len(zones)} {level or 'zone'}(s): the loss of one may stop all writes"
        yield Remark(
            on=cluster.name, says=says, do=f"distribute the nodes over {cluster.copies} {level or 'zone'}s", place=line
        )
    elif len(zones) > 1 and level not in LEVELS and cluster.nodes[0].component is Component.NODE:
        says = f"{len(zones)} zones are named but no fault tolerance is set: two copies may be in one zone"
        do = "yugabyted configure data_placement --fault_tolerance=zone"
        yield Remark(on=cluster.name, says=says, do=do, severity=Severity.WARNING, place=line)


def _find_fault_tolerance(cluster: ClusterLayout) -> Setting | None:
    parts = [part for part in (cluster.placement, *cluster.nodes) if part]
    return next((found for part in parts if (found := part.find("fault_tolerance"))), None)


def _find_unknown_zone(cluster: ClusterLayout, places: set[str]) -> str:
    """The first zone of --constraint_value without a node; empty if there is none."""
    constraint = cluster.placement.find("constraint_value") if cluster.placement else None
    if constraint is None or "…" in constraint.value:
        return ""
    wanted = [one.partition(":")[0].strip() for one in constraint.value.split(",")]
    return next((one for one in wanted if one and one not in places), "")
