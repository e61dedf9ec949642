"""The nodes of a YugabyteDB cluster as files describe it: how many, which copies, in which zones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from kinetune.model.configuration import TSERVERS, Component, Configuration, Part, Setting
from kinetune.model.facts import OutOfScope

NO_NODES = OutOfScope("no node of YugabyteDB is in the files read")
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
    """One for each file with several nodes, and one of all that stand alone in theirs: a file for each machine."""
    by_file: dict[str, list[Part]] = defaultdict(list)
    for part in configuration.of(*TSERVERS):
        by_file[part.place.file].append(part)
    alone = [parts[0] for parts in by_file.values() if len(parts) == 1 and _stands_alone(parts[0])]
    for file, parts in by_file.items():
        if parts[0] not in alone:
            yield _cluster(f"the nodes of {file.rpartition('/')[2]}", parts, {file}, configuration)
    if alone:
        yield _cluster("the nodes", alone, {part.place.file for part in alone}, configuration)


def _cluster(name: str, nodes: list[Part], files: set[str], configuration: Configuration) -> Cluster:
    others = [part for part in configuration.of(Component.PLACEMENT, Component.MASTER) if part.place.file in files]
    factor = next((found for part in others if (found := part.find("rf", "replication_factor"))), None)
    placement = next((part for part in others if part.component is Component.PLACEMENT), None)
    one = len(nodes) == 1 and _stands_alone(nodes[0])
    return Cluster(name, tuple(nodes), factor, placement, whole=not one and not _joins_elsewhere(nodes))


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
