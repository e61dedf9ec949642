from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.configuration import Component, Configuration, Setting
from kinetune.model.facts import OutOfScope, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.cluster import LEVELS, NO_NODES, Cluster, clusters, location
from kinetune.rules.rule import rule


@rule("KT617", Severity.ERROR)
def zone_loss(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The zones that the nodes stand in survive the loss of one.

    Why it matters
        With three copies in two zones one zone holds two of them. When that zone goes, so does the majority, and with
        it every write of the API server: the cluster was spread and survives no more than before. And zones that were
        named without a fault tolerance are names only: two copies may lie in one.

    What to do
        A zone (or region) for each copy: --cloud_location=CLOUD.REGION.ZONE on every node, then yugabyted configure
        data_placement --fault_tolerance=zone.

    When to ignore
        The nodes of the other zones are described elsewhere; or the loss of a zone may be an outage.

    Source
        docs/facts/yugabytedb.md §7 (multi zone).
    """
    found = tuple(clusters(configuration))
    if not found:
        yield absent(NO_NODES, configuration)
    zoned = [cluster for cluster in found if any(location(node) for node in cluster.nodes)]
    if found and not zoned:
        yield OutOfScope("no node in the files read names its zone")
    for cluster in zoned:
        places = {place for node in cluster.nodes if (place := location(node))}
        if any("…" in place for place in places):
            yield Unknown(f"a variable decides the zones of {cluster.name}")
        elif cluster.whole:
            yield from _spread(cluster, places)


def _spread(cluster: Cluster, places: set[str]) -> Iterator[Remark]:
    tolerance = _tolerance(cluster)
    level = tolerance.value if tolerance else ""
    zones = {".".join(place.split(".")[: LEVELS.get(level, 3)]) for place in places}
    line = (tolerance or cluster.factor or cluster.nodes[-1]).place
    astray = _astray(cluster, places)
    silent = next((node for node in cluster.nodes if not location(node)), None)
    if silent:
        says = "names no zone while others do: where its copies lie is left to chance"
        yield Remark(on=silent.name, says=says, do="--cloud_location=CLOUD.REGION.ZONE", place=silent.place)
    elif astray:
        says = f"data is placed in {astray}, where no node stands: its copies are missing"
        yield Remark(on=cluster.name, says=says, do="name the zones of the nodes", place=line)
    elif (level in LEVELS or len(zones) > 1) and len(zones) < cluster.copies:
        says = f"{cluster.copies} copies lie in {len(zones)} {level or 'zone'}(s): the loss of one may stop every write"
        yield Remark(on=cluster.name, says=says, do=f"spread the nodes over {cluster.copies}", place=line)
    elif len(zones) > 1 and level not in LEVELS and cluster.nodes[0].component is Component.NODE:
        says = f"{len(zones)} zones are named and no fault tolerance: two copies may lie in one"
        do = "yugabyted configure data_placement --fault_tolerance=zone"
        yield Remark(on=cluster.name, says=says, do=do, severity=Severity.WARNING, place=line)


def _tolerance(cluster: Cluster) -> Setting | None:
    parts = [part for part in (cluster.placement, *cluster.nodes) if part]
    return next((found for part in parts if (found := part.find("fault_tolerance"))), None)


def _astray(cluster: Cluster, places: set[str]) -> str:
    """The first zone that --constraint_value names and no node stands in."""
    told = cluster.placement.find("constraint_value") if cluster.placement else None
    if told is None or "…" in told.value:
        return ""
    wanted = [one.partition(":")[0].strip() for one in told.value.split(",")]
    return next((one for one in wanted if one and one not in places), "")
