"""What configuration files say of Kine, K3s and YugabyteDB. No password is in any of these values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kinetune.model.place import Place


class Component(StrEnum):
    """
    The program that a part of a file starts. A NODE is yugabyted: master and tserver in one. What is ELSEWHERE stands
    in a file that was not read.
    """

    K3S = "k3s"
    KINE = "kine"
    APISERVER = "kube-apiserver"
    NODE = "yugabyted"
    TSERVER = "yb-tserver"
    MASTER = "yb-master"
    PLACEMENT = "data placement"
    OTHER = "other"
    ELSEWHERE = "elsewhere"


TSERVERS = (Component.NODE, Component.TSERVER)
STORES = (Component.KINE, Component.K3S)

HOST_NETWORK = "host"
"""In place of a container's published port: all of them are the host's."""
UNKNOWN_FLAG = "unknown-flag"
"""The name of a setting whose own is not kept."""
NO_FLAG = "no-flag"
"""The name of a setting for a word that begins with a blank: reading of flags ends there."""
PASSED_OVER = "config.yaml"
REFUSED = "k3s server"
"""Where a key or a flag that K3s does not know is lost: it passes over the key, and ends at the flag."""


@dataclass(frozen=True)
class Setting:
    """
    A flag (without dashes), a key or a variable (in capitals). Values are kept where rules judge by them, else empty.

    `within` names the flag in whose value this one is lost, or PASSED_OVER or REFUSED: it looks set and is not.
    """

    name: str
    value: str
    place: Place
    within: str = ""


@dataclass(frozen=True)
class EndpointRead:
    """
    A datastore endpoint as Kine reads it, in words of ours alone: what looks like a host or a database may be a piece
    of a password that a quote or an @ cut off. `database` is whether one is named, `pooler` by what one of its hosts
    looks like a pooler.

    `refused` says why Kine does not take it, `foreign` names the store that is none of ours; `notes` say what is read
    otherwise than written. `prepares` is false where default_query_exec_mode keeps Kine from preparing statements.
    `parameters` are names; `quoted` is whether the database's name has to stand in quotes in SQL.
    """

    place: Place
    scheme: str = ""
    database: bool = True
    pooler: str = ""
    refused: str = ""
    foreign: str = ""
    notes: tuple[str, ...] = ()
    prepares: bool = True
    parameters: tuple[str, ...] = ()
    quoted: bool = False


@dataclass(frozen=True)
class Secret:
    """A password in the clear, by the name it stands under; `shown` is true where `ps` or systemctl show it to all."""

    name: str
    place: Place
    shown: bool = False


@dataclass(frozen=True)
class Image:
    """A container image: its repository and tag. `tag` is empty where none is given, None where a variable gives it."""

    repository: str
    tag: str | None
    place: Place
    digest: bool = False


@dataclass(frozen=True)
class Part:
    """
    A process that a file starts: a service, a container, a unit. `count` is how many of it, None where a loop decides.

    `unread` names what else it takes settings from and kinetune cannot know (a flag file).
    """

    component: Component
    name: str
    place: Place
    settings: tuple[Setting, ...] = ()
    endpoint: EndpointRead | None = None
    secrets: tuple[Secret, ...] = ()
    image: Image | None = None
    count: int | None = 1
    unread: str = ""

    def find(self, *names: str) -> Setting | None:
        """The last setting of one of these names that takes effect; earlier names go before later ones."""
        for name in names:
            if found := [one for one in self.settings if one.name == name and not one.within]:
                return found[-1]
        return None


@dataclass(frozen=True)
class SeenFile:
    """A file that was read; `world_readable` is whether everybody on the machine may read it."""

    path: str
    kind: str
    world_readable: bool = False


@dataclass(frozen=True)
class Configuration:
    """All that the files say, in the order they were read."""

    files: tuple[SeenFile, ...] = ()
    parts: tuple[Part, ...] = ()

    def of(self, *components: Component) -> Iterator[Part]:
        return (part for part in self.parts if part.component in components)

    def world_readable(self, path: str) -> bool:
        return any(file.world_readable for file in self.files if file.path == path)
