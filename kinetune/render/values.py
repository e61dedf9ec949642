"""Every value of `kinetune render`, checked once: templates may trust what is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from kinetune import __version__
from kinetune.model.failure import UsageFailure
from kinetune.servers import images

if TYPE_CHECKING:
    from kinetune.model.endpoint import Endpoint

MOST = 7
"""Nodes on one machine, and copies: what ports and a majority still make sense for."""
LEVELS = {"machine": 0.1, "zones": 1.0, "regions": 60.0}
"""Where copies lie apart, and the milliseconds of a round trip between them where --rtt says no other."""
RESERVED = 10
"""Connections kept for superusers, kinetune and people: PostgreSQL keeps 3 by itself."""
POOL = 20
"""Plenty for one API server: rule KT701."""
FIRST_ENVIRONMENT = (0, 14, 1)
"""Kine reads KINE_* from here on (facts/kine.md §1.2)."""


@dataclass(frozen=True)
class Values:
    """Options by name, None where a kind has a default of its own. UsageFailure names the option that does not fit."""

    nodes: int = 3
    rf: int | None = None
    name: str = "yugabytedb"
    base_dir: str | None = None
    secure: bool = False
    plain: bool = False
    image: str = images.YUGABYTEDB
    kinetune_image: str = f"{images.KINETUNE}:{__version__}"
    endpoint: str | None = None
    kine: str = images.KINE
    k3s: str = images.K3S
    with_kine: bool = False
    with_k3s: bool = False
    servers: int = 2
    max_connections: int = 100
    pool: int | None = None
    listen: str = "127.0.0.1:2379"
    metrics: str = "127.0.0.1:8080"
    slow_sql: str = "1s"
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    address: str | None = None
    namespace: str = "yugabytedb"
    schedule: str = "17 3 * * *"
    storage: str = "10Gi"
    memory: str = "4Gi"
    cpu: str = "2"
    level: str = "zones"
    zone: tuple[str, ...] = ()
    rtt: float | None = None

    def __post_init__(self) -> None:
        # --help wants the defaults of these fields and none of what they are checked with.
        from kinetune.kine.releases import version_of_kine  # noqa: PLC0415
        from kinetune.render import checks  # noqa: PLC0415

        for name, value in self._texts():
            if name != "level":
                checks.text(option(name), name, value)
        self._numbers()
        if self.level not in LEVELS:
            raise UsageFailure("--level is no level", f"choose {', '.join(LEVELS)}")
        if (self.cert_file is None) != (self.key_file is None):
            raise UsageFailure("a certificate and its key go together", "give --cert-file and --key-file")
        if version_of_kine(self.kine) < FIRST_ENVIRONMENT:
            raise UsageFailure(f"Kine {self.kine} does not read its settings from the environment", "take a newer Kine")
        if self.listen.rpartition(":")[2] == self.metrics.rpartition(":")[2]:
            raise UsageFailure("--listen and --metrics name one port", "give them two")

    @property
    def copies(self) -> int:
        """The replication factor: said, or three; one node keeps one."""
        return self.rf or (1 if self.nodes == 1 else 3)

    @property
    def pool_size(self) -> int:
        """Connections each Kine may open: its share of what the server has, 20 at most unless said otherwise."""
        return self.pool or min(POOL, (self.max_connections - RESERVED) // self.servers)

    @property
    def store(self) -> str:
        return self.endpoint or "postgres://yugabyte@127.0.0.1:5433/kubernetes"

    @property
    def place(self) -> Endpoint:
        """The endpoint taken apart."""
        from kinetune.model.endpoint import Endpoint, parse  # noqa: PLC0415 - as above

        found = parse(self.store)
        assert isinstance(found, Endpoint)
        return found

    @property
    def hop(self) -> float:
        """Milliseconds of a round trip between two copies."""
        return LEVELS[self.level] if self.rtt is None else self.rtt

    def _texts(self) -> Iterator[tuple[str, str]]:
        for one in fields(self):
            value = getattr(self, one.name)
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str):
                    yield one.name, text

    def _numbers(self) -> None:
        for name, least, most in (("nodes", 1, MOST), ("servers", 1, 99), ("max_connections", 20, 100_000)):
            _between(name, getattr(self, name), least, most)
        if self.rtt is not None:
            _between("rtt", self.rtt, 0.01, 1000)
        if self.rf is not None and self.rf not in (1, 3, 5, 7):
            raise UsageFailure(f"--rf {self.rf} has no majority that survives a loss", "choose 1, 3, 5 or 7")
        if self.nodes < self.copies:
            raise UsageFailure(
                f"{self.nodes} nodes cannot hold {self.copies} copies",
                f"give --nodes {self.copies}, or --nodes 1 to try out",
            )
        if self.nodes >= 3 and self.copies == 1:
            raise UsageFailure("yugabyted makes three copies once a third node joins", "leave --rf out")
        self._connections()

    def _connections(self) -> None:
        """KT603: some releases need two connections a write; KT701: the sum must fit the server."""
        if self.pool_size < 2:
            if self.pool is None:
                raise UsageFailure(
                    f"{self.servers} servers share {self.max_connections} connections: too few for a pool of 2 each",
                    "lower --servers, or raise max_connections of the database and --max-connections here",
                )
            raise UsageFailure(
                f"a pool of {self.pool_size} hangs Kine: a write may need two connections", "give --pool 10 or more"
            )
        usable = self.max_connections - RESERVED
        if self.pool_size * self.servers > usable:
            raise UsageFailure(
                f"{self.servers} servers × {self.pool_size} connections are more than the {usable} left for Kine",
                "lower --pool, or raise max_connections of the database and --max-connections here",
            )


def option(name: str) -> str:
    """How the field is called on the command line."""
    return "--" + name.replace("_", "-")


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UsageFailure(f"{option(name)} {value:g} is not between {least} and {most}", "choose a number in between")
