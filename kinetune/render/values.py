"""Every value of `kinetune render`, checked once: templates rely on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from kinetune import __version__
from kinetune.formatting import format_count, parse_duration
from kinetune.model.failure import UsageFailure
from kinetune.servers import images

if TYPE_CHECKING:
    from kinetune.model.endpoint import Endpoint

# Nodes on one machine, and copies: more need more ports and memory than one machine has.
MAX_NODES = 7
COPIES = (1, 3, 5, 7)
# What separates the copies, and the default milliseconds of a round trip between them.
LEVELS = {"machine": 0.1, "zones": 1.0, "regions": 60.0}
# Connections kept for superusers, kinetune and people: PostgreSQL itself keeps 3.
RESERVED_CONNECTIONS = 10
# More connections than this do not help one API server: rule KT701.
MAX_POOL = 20
# The first Kine release that reads KINE_* (docs/facts/kine.md §1.2).
FIRST_ENVIRONMENT = (0, 14, 1)


@dataclass(frozen=True)
class RenderValues:
    """Options by name; None where a kind has its own default. UsageFailure names an option with a wrong value."""

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
    metrics_bind_address: str = "127.0.0.1:8080"
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
    placement: tuple[str, ...] = ()
    rtt: str | None = None

    def __post_init__(self) -> None:
        # Imported here: --help needs the defaults of the fields and not the modules that check them.
        from kinetune.kine.releases import parse_kine_version  # noqa: PLC0415
        from kinetune.render import value_checks  # noqa: PLC0415

        for name, value in self._text_values():
            if name != "level":
                value_checks.check_text(option_name(name), name, value)
        self._check_numbers()
        if self.level not in LEVELS:
            raise UsageFailure("--level is not a level", f"use one of {', '.join(LEVELS)}")
        if (self.cert_file is None) != (self.key_file is None):
            raise UsageFailure("a certificate and its key are used together", "set --cert-file and --key-file")
        if parse_kine_version(self.kine) < FIRST_ENVIRONMENT:
            raise UsageFailure(f"Kine {self.kine} does not read settings from the environment", "use a newer Kine")
        if self.listen.rpartition(":")[2] == self.metrics_bind_address.rpartition(":")[2]:
            raise UsageFailure("--listen and --metrics-bind-address have the same port", "use two ports")

    @property
    def copies(self) -> int:
        """The replication factor: --rf, else 3, or 1 on a single node."""
        return self.rf or (1 if self.nodes == 1 else 3)

    @property
    def pool_size(self) -> int:
        """Connections each Kine may open: --pool, else its share of the server's, at most MAX_POOL."""
        return self.pool or min(MAX_POOL, (self.max_connections - RESERVED_CONNECTIONS) // self.servers)

    @property
    def store_url(self) -> str:
        return self.endpoint or "postgres://yugabyte@127.0.0.1:5433/kubernetes"

    @property
    def parsed_endpoint(self) -> Endpoint:
        from kinetune.model.endpoint import Endpoint, parse  # noqa: PLC0415 - as above

        found = parse(self.store_url)
        assert isinstance(found, Endpoint)
        return found

    @property
    def round_trip(self) -> float:
        """Milliseconds of a round trip between two copies."""
        return LEVELS[self.level] if self.rtt is None else 1000 * parse_duration(self.rtt, "--rtt")

    def _text_values(self) -> Iterator[tuple[str, str]]:
        for field in fields(self):
            value = getattr(self, field.name)
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str):
                    yield field.name, text

    def _check_numbers(self) -> None:
        for name, least, most in (("nodes", 1, MAX_NODES), ("servers", 1, 99), ("max_connections", 20, 100_000)):
            if not least <= getattr(self, name) <= most:
                cause = f"{option_name(name)} {getattr(self, name)} is not between {least} and {most}"
                raise UsageFailure(cause, "choose a number in this range")
        if self.rtt is not None and not 0.00001 <= parse_duration(self.rtt, "--rtt") <= 1:
            raise UsageFailure(f"--rtt {self.rtt} is not between 0.01ms and 1s", "write it like 60ms")
        if self.rf is not None and self.rf not in COPIES:
            cause = "an even number tolerates no more failures than the odd one below it"
            raise UsageFailure(f"--rf {self.rf} is not 1, 3, 5 or 7: {cause}", "use one of them")
        if self.nodes < self.copies:
            fitting = max(copies for copies in COPIES if copies <= self.nodes)
            raise UsageFailure(
                f"{format_count(self.nodes, 'node')} cannot hold {self.copies} copies",
                f"use --nodes {self.copies} or --rf {fitting}",
            )
        if self.nodes >= 3 and self.copies == 1:
            raise UsageFailure("yugabyted makes three copies as soon as a third node joins", "remove --rf")
        self._check_connections()

    def _check_connections(self) -> None:
        """KT603: some Kine releases need two connections for a write; KT701: the sum must fit the server."""
        servers = format_count(self.servers, "server")
        if self.pool_size < 2:
            if self.pool is None:
                raise UsageFailure(
                    f"{servers} share {self.max_connections} connections: too few for a pool of 2 each",
                    "lower --servers, or raise max_connections of the database and --max-connections here",
                )
            raise UsageFailure(
                f"Kine hangs with a pool of {self.pool_size}: a write may need two connections", "use --pool 10 or more"
            )
        usable = self.max_connections - RESERVED_CONNECTIONS
        if self.pool_size * self.servers > usable:
            raise UsageFailure(
                f"{servers} × {self.pool_size} connections are more than the {usable} left for Kine",
                "lower --pool, or raise max_connections of the database and --max-connections here",
            )


def option_name(name: str) -> str:
    """The option of a field."""
    return "--" + name.replace("_", "-")
