"""Where the copies of a store are, and how long a write takes there."""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.formatting import format_count
from kinetune.model.failure import UsageFailure
from kinetune.render.values import RenderValues

# Places for each level without --placement, the preferred one first.
EXAMPLES = {
    "machine": tuple(f"local.machine.node{number}" for number in range(1, 8)),
    "zones": tuple(f"aws.us-east-1.us-east-1{letter}" for letter in "abcdefg"),
    "regions": (
        "aws.us-east-1.us-east-1a",
        "aws.us-east-2.us-east-2a",
        "aws.us-west-2.us-west-2a",
        "aws.ca-central-1.ca-central-1a",
        "aws.eu-west-1.eu-west-1a",
        "aws.eu-central-1.eu-central-1a",
        "aws.us-west-1.us-west-1a",
    ),
}
# yugabyted's --fault_tolerance. On one machine each node is a zone: this only puts one copy on each node.
TOLERANCE = {"machine": "zone", "zones": "zone", "regions": "region"}
SURVIVES = {"machine": "the end of one process", "zones": "the loss of one zone", "regions": "the loss of one region"}


@dataclass(frozen=True)
class PlacementZone:
    """One place, `cloud.region.zone`; Kine runs in the one of `order` 1, which is preferred for leaders."""

    cloud: str
    region: str
    zone: str
    order: int

    def __str__(self) -> str:
        return f"{self.cloud}.{self.region}.{self.zone}"

    @property
    def label(self) -> str:
        """A name for files and namespaces: the zone if its name begins with its region, as in clouds, else both."""
        return self.zone if self.zone.startswith(self.region) else f"{self.region}-{self.zone}"

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace of the chart's release in this zone."""
        return f"yb-{self.label}"


@dataclass(frozen=True)
class WriteCost:
    """A step of a write: milliseconds with leaders beside Kine and with leaders anywhere, and the reason."""

    part: str
    preferred: float
    anywhere: float
    why: str


def placement_zones(values: RenderValues) -> tuple[PlacementZone, ...]:
    """
    The places in order of preference.

    UsageFailure where there are fewer than copies, or where the cluster would not survive a loss.
    """
    named = values.placement or EXAMPLES[values.level][: values.copies]
    if len(set(named)) != len(named):
        raise UsageFailure("--placement names one place twice", "name each place once")
    found = tuple(_parse_zone(name, order) for order, name in enumerate(named, 1))
    if len({place.label for place in found}) != len(found):
        raise UsageFailure("two places of --placement have the same region and zone", "rename one of the regions")
    if values.copies < 3:
        raise UsageFailure("a single copy does not survive a loss", "use --nodes 3 or more")
    apart = {zone.region if values.level == "regions" else str(zone) for zone in found}
    if len(apart) < values.copies:
        what = "region" if values.level == "regions" else "zone"
        raise UsageFailure(
            f"{format_count(len(apart), what)} cannot hold {values.copies} copies, one in each",
            f"name {values.copies} with --placement, or use a smaller --rf",
        )
    if len(found) > values.nodes:
        raise UsageFailure(f"{values.nodes} nodes leave one of {len(found)} places empty", "raise --nodes")
    return found


def _parse_zone(name: str, order: int) -> PlacementZone:
    cloud, region, zone = name.split(".")
    return PlacementZone(cloud, region, zone, order)


def constraint_value(places: tuple[PlacementZone, ...]) -> str:
    """yugabyted's --constraint_value: places with the order in which they are preferred for leaders."""
    return ",".join(f"{place}:{place.order}" for place in places)


def write_costs(values: RenderValues) -> tuple[WriteCost, ...]:
    """The steps that one create or update waits for; each is a round trip to the nearest majority."""
    near, far = values.round_trip, 2 * values.round_trip
    return (
        WriteCost("sequence", near, far, "nextval with a cache of 1: its row is replicated before the id is returned"),
        WriteCost("insert", near, far, "the row and its index entries: one flush, replicated to a majority"),
        WriteCost("commit", near, far, "table and indexes are several tablets: the transaction record is replicated"),
    )
