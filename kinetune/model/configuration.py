"""The configuration of Kine, K3s and YugabyteDB, as read from files. None of these values contains a password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kinetune.model.file_location import FileLocation


class Component(StrEnum):
    """
    The program that a process runs. A NODE is yugabyted: master and tserver in one. NOT_JUDGED is a place in a file
    where a process may be configured; its `unread` says why kinetune cannot judge it.
    """

    K3S = "k3s"
    KINE = "kine"
    APISERVER = "kube-apiserver"
    NODE = "yugabyted"
    TSERVER = "yb-tserver"
    MASTER = "yb-master"
    PLACEMENT = "data placement"
    OTHER = "other"
    NOT_JUDGED = "elsewhere"  # the word of facts files since schema 1


TSERVERS = (Component.NODE, Component.TSERVER)
STORES = (Component.KINE, Component.K3S)

UNKNOWN_KIND = "file of a kind that is not known"
"""The kind of a file in which only endpoints and images are found."""
HOST_NETWORK = "host"
"""Stands for a container's published ports: it uses the network of the host, so all its ports are the host's."""
UNKNOWN_FLAG = "unknown-flag"
"""Name of a setting whose own name is not kept, because it may contain a password."""
NO_FLAG = "no-flag"
"""Name of the setting for an argument that starts with a blank: programs stop reading flags there."""
IGNORED_KEY = "config.yaml"
REJECTED_FLAG = "k3s server"
"""Values of Setting.within: K3s ignores an unknown key of its config.yaml, and exits for an unknown flag."""


@dataclass(frozen=True)
class Setting:
    """
    A flag (without dashes), a key or a variable (in capitals). Its value is kept only if a rule needs it.

    `within` is set if the setting looks set but has no effect: the flag whose value has swallowed it, or IGNORED_KEY or
    REJECTED_FLAG.
    """

    name: str
    value: str
    place: FileLocation
    within: str = ""


@dataclass(frozen=True)
class ConfiguredEndpoint:
    """
    A datastore endpoint as Kine reads it. No part of its text is kept: what looks like a host or a database may be a
    piece of a password that a quote or an @ has cut. `database`: a database is named. `pooler`: what makes one of its
    hosts look like a connection pooler.

    `refused` is why Kine rejects it; `foreign` is the kind of store if it is neither PostgreSQL nor YugabyteDB; `notes`
    say what Kine reads in another way than written. `prepares` is false if default_query_exec_mode keeps Kine from
    preparing statements. `parameters` are names. `quoted`: the name of the database needs quotes in SQL.
    """

    place: FileLocation
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
class PlainSecret:
    """A password in plain text, by the name of its setting. `shown`: `ps` or systemctl shows it to all users."""

    name: str
    place: FileLocation
    shown: bool = False


@dataclass(frozen=True)
class ContainerImage:
    """A container image. `tag` is empty if there is none, and None if it is a variable."""

    repository: str
    tag: str | None
    place: FileLocation
    digest: bool = False


@dataclass(frozen=True)
class ConfiguredProcess:
    """
    A process that a file starts: a service, a container, a unit. `count` is the number of its instances, None if
    unknown.

    `unread` names a further source of its settings that was not read (a flag file).
    """

    component: Component
    name: str
    place: FileLocation
    settings: tuple[Setting, ...] = ()
    endpoint: ConfiguredEndpoint | None = None
    secrets: tuple[PlainSecret, ...] = ()
    image: ContainerImage | None = None
    count: int | None = 1
    unread: str = ""

    def find(self, *names: str) -> Setting | None:
        """The setting with one of these names that takes effect: the last one of the first name that is set."""
        for name in names:
            # A later flag of the same name overrides an earlier one.
            if found := [one for one in self.settings if one.name == name and not one.within]:
                return found[-1]
        return None

    def is_set_by(self, variable: str, setting: Setting) -> bool:
        """Whether the variable set it. A variable is kept under its own name, and under the flag's with the value."""
        return any(one.name == variable and one.place == setting.place for one in self.settings)


@dataclass(frozen=True)
class ConfigFile:
    """A file that was read. `world_readable`: all users of the machine may read it."""

    path: str
    kind: str
    world_readable: bool = False


@dataclass(frozen=True)
class Configuration:
    """
    All that the files say, in the order they were read. `failures` are the error lines of files of a folder that could
    not be read, `mentions` the files that name K3s or Kine and were not read.
    """

    files: tuple[ConfigFile, ...] = ()
    parts: tuple[ConfiguredProcess, ...] = ()
    failures: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()

    def of(self, *components: Component) -> Iterator[ConfiguredProcess]:
        return (part for part in self.parts if part.component in components)

    def world_readable(self, path: str) -> bool:
        return any(file.world_readable for file in self.files if file.path == path)
