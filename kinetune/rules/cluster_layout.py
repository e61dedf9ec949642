"""The nodes of a YugabyteDB cluster as configuration files describe them: number, copies and zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.model.configuration import TSERVERS, Component, Configuration, ConfiguredProcess, Setting

NO_NODES = "no YugabyteDB node"
LEVELS = {"cloud": 1, "region": 2, "zone": 3}
COPIES = 3
"""The replication factor of yugabyted and of the Helm chart if none is set."""


@dataclass(frozen=True)
class ClusterLayout:
    """
    `factor` is the setting of the replication factor, None if it is not set. `whole` is false if a node joins one that
    no file describes, or if the files describe one node only.
    """

    name: str
    nodes: tuple[ConfiguredProcess, ...]
    factor: Setting | None
    placement: ConfiguredProcess | None
    whole: bool

    @property
    def count(self) -> int | None:
        """The number of nodes; None if a loop of a script decides it."""
        counts = [node.count for node in self.nodes]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def copies(self) -> int:
        value = self.factor.value if self.factor else ""
        return int(value) if value.isdecimal() else COPIES


def find_clusters(configuration: Configuration) -> Iterator[ClusterLayout]:
    """
    The clusters that the files describe: one for each file with several nodes.

    Files of one folder that describe one node each belong to one cluster (one file per machine), and so do the Helm
    values of several zones.
    """
    groups: dict[str, list[ConfiguredProcess]] = defaultdict(list)
    for part in configuration.of(*TSERVERS):
        file = part.place.file
        together = _is_one_zone_of_several(file, configuration) or _is_single_node_file(part, configuration)
        groups[f"{file.rpartition('/')[0]}/" if together else file].append(part)
    for nodes in groups.values():
        yield _describe_cluster(nodes, configuration)


def _describe_cluster(nodes: list[ConfiguredProcess], configuration: Configuration) -> ClusterLayout:
    files = {node.place.file for node in nodes}
    others = [part for part in configuration.of(Component.PLACEMENT, Component.MASTER) if part.place.file in files]
    factor = next((found for part in others if (found := part.find("rf", "replication_factor"))), None)
    placement = next((part for part in others if part.component is Component.PLACEMENT), None)
    masters = sum(part.count or 0 for part in others if part.component is Component.MASTER)
    wanted = int(factor.value) if factor and factor.value.isdecimal() else 0
    # Helm values of several zones: each file starts one zone, and the masters of all files must add up to the factor.
    missing = any(_is_one_zone_of_several(file, configuration) for file in files) and masters < wanted
    single = len(nodes) == 1 and _is_single_node(nodes[0])
    whole = not (single or missing or _joins_unknown_node(nodes))
    name = f"the nodes of {nodes[0].place.file.rpartition('/')[2]}" if len(files) == 1 else "the nodes of several files"
    return ClusterLayout(name, tuple(nodes), factor, placement, whole)


def node_location(node: ConfiguredProcess) -> str:
    """`cloud.region.zone` from the option of yugabyted or the three flags of the tserver; empty if none is set."""
    if location := node.find("cloud_location"):
        return location.value
    flags = [node.find(f"placement_{name}") for name in LEVELS]
    return ".".join(flag.value if flag else "" for flag in flags) if any(flags) else ""


def _is_one_zone_of_several(file: str, configuration: Configuration) -> bool:
    """Whether the file holds Helm values for one zone of several (isMultiAz)."""
    masters = (part for part in configuration.of(Component.MASTER) if part.place.file == file)
    return any((found := part.find("isMultiAz")) and found.value == "true" for part in masters)


def _is_single_node_file(node: ConfiguredProcess, configuration: Configuration) -> bool:
    same = [part for part in configuration.of(*TSERVERS) if part.place.file == node.place.file]
    return len(same) == 1 and _is_single_node(node)


def _is_single_node(node: ConfiguredProcess) -> bool:
    """Whether this is one yugabyted, which may be one of several machines. Helm values describe all tservers."""
    return node.component is Component.NODE and node.count == 1


def _joins_unknown_node(nodes: list[ConfiguredProcess]) -> bool:
    names = {node.name for node in nodes}
    for node in nodes:
        settings = (node.find(name) for name in ("hostname", "docker.hostname", "docker.name", "advertise_address"))
        names |= {setting.value for setting in settings if setting}
    joins = {found.value for node in nodes if (found := node.find("join"))}
    # "…" stands for a variable, whose value is not known: the join is then assumed to be within the files.
    return any(join and "…" not in join and join not in names for join in joins)
