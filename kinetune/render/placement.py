"""Where the copies of a store lie, and what a write then costs."""

from __future__ import annotations

from dataclasses import dataclass

from kinetune.model.failure import UsageFailure
from kinetune.render.values import Values

PLACES = {
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
"""Examples for each level, the preferred one first; --zone says others."""
TOLERANCE = {"machine": "zone", "zones": "zone", "regions": "region"}
"""yugabyted's --fault_tolerance. On one machine each node counts as a zone: a copy on each, and no more is promised."""
SURVIVES = {"machine": "the end of one process", "zones": "the loss of one zone", "regions": "the loss of one region"}


@dataclass(frozen=True)
class Zone:
    """One place, `cloud.region.zone`; `order` 1 is where Kine runs and leaders shall be."""

    cloud: str
    region: str
    zone: str
    order: int

    def __str__(self) -> str:
        return f"{self.cloud}.{self.region}.{self.zone}"

    @property
    def label(self) -> str:
        """A name for files and namespaces: the zone where it begins with its region, as clouds have it, else both."""
        return self.zone if self.zone.startswith(self.region) else f"{self.region}-{self.zone}"

    @property
    def namespace(self) -> str:
        """Kubernetes' namespace of the chart's release there."""
        return f"yb-{self.label}"


@dataclass(frozen=True)
class Cost:
    """A part of a write: milliseconds where leaders are beside Kine and where they are anywhere, and why."""

    part: str
    preferred: float
    anywhere: float
    why: str


def zones(values: Values) -> tuple[Zone, ...]:
    """The places in order of preference. UsageFailure where they are fewer than the copies, or would not survive."""
    named = values.zone or PLACES[values.level][: values.copies]
    if len(set(named)) != len(named):
        raise UsageFailure("--zone names one place twice", "name each once")
    found = tuple(_zone(name, order) for order, name in enumerate(named, 1))
    if len({place.label for place in found}) != len(found):
        raise UsageFailure("two places with --zone have one region and zone", "give the regions names of their own")
    if values.copies < 3:
        raise UsageFailure("one copy survives no loss", "give --nodes 3 or more")
    apart = {zone.region if values.level == "regions" else str(zone) for zone in found}
    if len(apart) < values.copies:
        what = "regions" if values.level == "regions" else "zones"
        raise UsageFailure(
            f"{len(apart)} {what} cannot hold {values.copies} copies, one in each",
            f"give {values.copies} with --zone, or a smaller --rf",
        )
    if len(found) > values.nodes:
        raise UsageFailure(f"{values.nodes} nodes leave one of {len(found)} places empty", "raise --nodes")
    return found


def _zone(name: str, order: int) -> Zone:
    cloud, region, zone = name.split(".")
    return Zone(cloud, region, zone, order)


def constraint(places: tuple[Zone, ...]) -> str:
    """yugabyted's --constraint_value with the order in which places are preferred for leaders."""
    return ",".join(f"{place}:{place.order}" for place in places)


def costs(values: Values) -> tuple[Cost, ...]:
    """What one create or update waits for, in order; each part a round trip to the nearest majority."""
    hop = values.hop
    return (
        Cost("sequence", hop, 2 * hop, "nextval with a cache of 1: its row is replicated before the id is given"),
        Cost("insert", hop, 2 * hop, "the row and its index entries: one flush, replicated to a majority"),
        Cost("commit", hop, 2 * hop, "table and indexes are several tablets: the transaction's record is replicated"),
    )
