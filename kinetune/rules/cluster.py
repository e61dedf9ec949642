"""The nodes of a YugabyteDB cluster as files describe it: how many, which copies, in which zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.model.configuration import TSERVERS, Component, Configuration, Part, Setting

NO_NODES = "no node of YugabyteDB"
LEVELS = {"cloud": 1, "region": 2, "zone": 3}
COPIES = 3
"""What yugabyted and the Helm chart keep when nobody says how many."""


@dataclass(frozen=True)
class Cluster:
    """
    `factor` is the setting that says how many copies there are, None where none does. `whole` is false where a node
    joins one that no file describes, or where only one node is seen.
    """

    name: str
    nodes: tuple[Part, ...]
    factor: Setting | None
    placement: Part | None
    whole: bool

    @property
    def count(self) -> int | None:
        """None where a loop of a script decides."""
        counts = [node.count for node in self.nodes]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def copies(self) -> int:
        value = self.factor.value if self.factor else ""
        return int(value) if value.isdecimal() else COPIES


def clusters(configuration: Configuration) -> Iterator[Cluster]:
    """
    One for each file with several nodes. Files of one folder that hold a node each, one for each machine, are one
    cluster; so are Helm's values of several zones.
    """
    groups: dict[str, list[Part]] = defaultdict(list)
    for part in configuration.of(*TSERVERS):
        file = part.place.file
        together = _several_zones(file, configuration) or _only(part, configuration)
        groups[f"{file.rpartition('/')[0]}/" if together else file].append(part)
    for nodes in groups.values():
        yield _cluster(nodes, configuration)


def _cluster(nodes: list[Part], configuration: Configuration) -> Cluster:
    files = {node.place.file for node in nodes}
    others = [part for part in configuration.of(Component.PLACEMENT, Component.MASTER) if part.place.file in files]
    factor = next((found for part in others if (found := part.find("rf", "replication_factor"))), None)
    placement = next((part for part in others if part.component is Component.PLACEMENT), None)
    masters = sum(part.count or 0 for part in others if part.component is Component.MASTER)
    wanted = int(factor.value) if factor and factor.value.isdecimal() else 0
    missing = any(_several_zones(file, configuration) for file in files) and masters < wanted
    one = len(nodes) == 1 and _stands_alone(nodes[0])
    whole = not (one or missing or _joins_elsewhere(nodes))
    name = f"the nodes of {nodes[0].place.file.rpartition('/')[2]}" if len(files) == 1 else "the nodes of several files"
    return Cluster(name, tuple(nodes), factor, placement, whole)


def location(node: Part) -> str:
    """cloud.region.zone, from yugabyted's option or the tserver's three flags; empty where none is named."""
    if told := node.find("cloud_location"):
        return told.value
    flags = [node.find(f"placement_{name}") for name in LEVELS]
    return ".".join(flag.value if flag else "" for flag in flags) if any(flags) else ""


def _several_zones(file: str, configuration: Configuration) -> bool:
    """Whether these are Helm's values for one zone of several (isMultiAz)."""
    masters = (part for part in configuration.of(Component.MASTER) if part.place.file == file)
    return any((found := part.find("isMultiAz")) and found.value == "true" for part in masters)


def _only(node: Part, configuration: Configuration) -> bool:
    same = [part for part in configuration.of(*TSERVERS) if part.place.file == node.place.file]
    return len(same) == 1 and _stands_alone(node)


def _stands_alone(node: Part) -> bool:
    """One yugabyted in its file may be one of several machines; Helm's values speak of all tservers."""
    return node.component is Component.NODE and node.count == 1


def _joins_elsewhere(nodes: list[Part]) -> bool:
    names = {node.name for node in nodes}
    for node in nodes:
        told = (node.find(name) for name in ("hostname", "docker.hostname", "docker.name", "advertise_address"))
        names |= {one.value for one in told if one}
    joins = {found.value for node in nodes if (found := node.find("join"))}
    return any(join and "…" not in join and join not in names for join in joins)
