"""One snapshot of what was seen of a Kine store. What could not be seen is a value too: Unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.cluster import Cluster
from kinetune.model.configuration import Configuration
from kinetune.model.schema import Column, Index, Sequence
from kinetune.model.server import Flavour, Server
from kinetune.model.unknown import NOT_ASKED as NOT_ASKED
from kinetune.model.unknown import Unknown as Unknown
from kinetune.model.workload import Recording

NOT_DRAWN = Unknown("no ids were drawn (--probe)")


COUNTED_UP_TO = 4_000
"""Rows of kine that are counted on YugabyteDB at most: four storage requests."""


class OutOfScope(Unknown):
    """Not looked at because the run was not meant to: no fault of the store, nor of the files."""


@dataclass(frozen=True)
class SeenIndex:
    """An index as the catalogs show it. `valid` is false for the remains of a failed or running online build."""

    index: Index
    valid: bool = True
    constraint: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Role:
    """
    Who we are and what we may do; an owner may change table or database, `may_create` is CREATE on `schema`
    (current_schema(), where a table goes that is made without one; None where search_path names none that is there).
    """

    name: str
    superuser: bool
    create_database: bool
    owns_table: bool
    may_create: bool
    owns_database: bool = True
    schema: str | None = None


@dataclass(frozen=True)
class Grant:
    """A right on a table that somebody other than its owner has; `role` is empty for PUBLIC."""

    privilege: str
    role: str


@dataclass(frozen=True)
class Relation:
    """
    The relation called `kine` in the first schema of search_path that has one.

    `kind` is pg_class.relkind: r for a table. `rows` is the planner's estimate (None: never analysed), `bytes` the
    table with TOAST and without indexes. `last_id` is the sequence's last_value, `max_id` MAX(id); None where empty,
    and in a relation beside kine, whose rows nobody reads. `attached`: what a table built anew would not have.
    On YugabyteDB `counted` are rows up to COUNTED_UP_TO and `compacted` is the compacted revision;
    None where not looked at. `settings_since`: when kinetune last changed the database's settings. What a crash
    empties is `unlogged`; `identity` is whether ids are those of an identity column.
    """

    schema: str
    kind: str
    columns: tuple[Column, ...]
    primary_key: SeenIndex | None
    indexes: tuple[SeenIndex, ...]
    sequence: Sequence | None
    default: str | None = None
    rows: int | None = None
    bytes: int | None = None
    max_id: int | None = None
    last_id: int | None = None
    owner: str | None = None
    grants: tuple[Grant, ...] = ()
    attached: tuple[str, ...] = ()
    counted: int | None = None
    compacted: int | None = None
    settings_since: datetime | None = None
    unlogged: bool = False
    identity: bool = False

    @property
    def size(self) -> int | None:
        """
        Rows there are about, at least: the planner's estimate may be years old, or planted. None: nothing is known.

        Fewer than the bound were counted in full. Compaction leaves revisions alone that are newer than its own, and
        each of them is a row.
        """
        if self.counted is not None and self.counted < COUNTED_UP_TO:
            return self.counted
        recent = None if self.compacted is None or self.max_id is None else self.max_id - self.compacted
        return max((known for known in (self.rows, self.counted, recent) if known), default=None)

    def index(self, name: str) -> SeenIndex | None:
        return next((seen for seen in self.indexes if seen.index.name == name), None)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class KineRelease:
    """The Kine that writes here: its era (name and number), its tag where that is known, and how it is known."""

    era: str
    number: str
    source: str
    tag: str | None = None


@dataclass(frozen=True)
class Statistics:
    """
    What the planner knows of kine and what vacuum has left. Times are of the last run by hand or by autovacuum, None
    for never; rows are the server's counters, not counts. `autovacuum` is false where the server or the table has it
    off.
    """

    analysed_at: datetime | None
    vacuumed_at: datetime | None
    live_rows: int
    dead_rows: int
    changed_since_analysed: int
    autovacuum: bool


@dataclass(frozen=True)
class Resource:
    """A resource's share of the sampled rows, estimated for the whole table: revisions and bytes of their values."""

    prefix: str
    revisions: int
    bytes: int


@dataclass(frozen=True)
class Growth:
    """
    How large the store is and why. `compacted_revision` is None where Kine never compacted. `deletable_rows` is
    estimated from a sample: superseded or deleted revisions older
    than the newest 1,000. `gap_rows` is counted up to `gap_limit`.
    """

    current_revision: int
    compacted_revision: int | None
    deletable_rows: int
    sampled_rows: int
    gap_rows: int
    gap_limit: int
    resources: tuple[Resource, ...]


@dataclass(frozen=True)
class Integrity:
    """
    What rows hold that some Kine cannot read. `nulls` has, by column, the rows with NULL among the `looked` oldest and
    newest; `whole` is whether those are all there are. `compaction_rows` are called compact_rev_key, and
    `bare_revision` is whether Kine's note of the API server's compaction holds no value beside its version.
    """

    looked: int
    whole: bool
    nulls: Mapping[str, int]
    compaction_rows: int
    bare_revision: bool = False


@dataclass(frozen=True)
class Idle:
    """A session that holds a transaction open without working: who, and for how many seconds."""

    application: str
    seconds: float
    on_table: bool


@dataclass(frozen=True)
class Connections:
    """
    Sessions of the whole server against max_connections; `reserved` is kept for superusers. `in_store` counts client
    sessions in this database without our own, `pooler` is a word on what stands between us and the server, or empty.
    `older` of them, on all nodes that were reached, began before kinetune last changed the settings of the database.
    """

    most: int
    reserved: int
    used: int
    in_store: int
    idle: tuple[Idle, ...]
    pooler: str = ""
    older: int = 0


@dataclass(frozen=True)
class Security:
    """
    `local` is a socket or a loopback address, `tls` this session's encryption. `public` lists what PUBLIC may do on
    kine. `password` is whether the server asks a password of hosts; Unknown without the right to read pg_hba.conf.
    """

    local: bool
    tls: bool
    public: tuple[str, ...]
    password: bool | Unknown


@dataclass(frozen=True)
class Draw:
    """One id drawn by one connection, in the order of drawing; `node` is where, on a cluster."""

    connection: int
    id: int
    node: str = ""


@dataclass(frozen=True)
class Probe:
    """
    Ids that several connections drew in turn from a scratch sequence made as Kine's, and the cache it then had.

    On a cluster `caches` has, for each node that was reached, the cache of a sequence made there with CACHE 1.
    """

    draws: tuple[Draw, ...]
    cache: int
    caches: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EndpointSeen:
    """
    What the endpoint asks of the server. `parameters` are names as written; `contexts` has, in small letters, those of
    them that pg_settings knows, with their context. `postgres` says why the role cannot use the database postgres, or
    is empty.
    """

    parameters: tuple[str, ...] = ()
    contexts: Mapping[str, str] = field(default_factory=dict)
    postgres: str = ""


@dataclass(frozen=True)
class Facts:
    """
    What one look at a store saw. `table` is None where there is none (or no database yet: `database_exists`).
    `beside` holds by name what a rebuild keeps in kine's schema: kinetune_new_kine, kine_before_init.

    `settings` are planner settings in force; `database_settings` those kept by ALTER DATABASE … SET.
    `read_only` is why no write is taken (a standby, or default_transaction_read_only), or empty. `stores` are schemas
    outside search_path that have a table kine too.
    `sessions` counts other sessions by application_name; Unknown without pg_read_all_stats.
    `lookups` are plans, not executed, of Kine's statements that look up one name, reads and writes (YugabyteDB).
    `unseen` says why no store was looked at: all but `kine` and `configuration` are stand-ins then that no rule reads.
    """

    observed_at: datetime
    server: Server
    database: str
    database_exists: bool
    role: Role
    table: Relation | None
    settings: Mapping[str, str] = field(default_factory=dict)
    database_settings: Mapping[str, str] = field(default_factory=dict)
    sessions: Mapping[str, int] | Unknown = field(default_factory=dict)
    kine: KineRelease | Unknown = NOT_ASKED
    statistics: Statistics | Unknown = NOT_ASKED
    growth: Growth | Unknown = NOT_ASKED
    integrity: Integrity | Unknown = NOT_ASKED
    connections: Connections | Unknown = NOT_ASKED
    security: Security | Unknown = NOT_ASKED
    probe: Probe | Unknown = NOT_DRAWN
    recordings: tuple[Recording, ...] | Unknown = NOT_ASKED
    lookups: tuple[Recording, ...] | Unknown = NOT_ASKED
    beside: Mapping[str, Relation] = field(default_factory=dict)
    read_only: str = ""
    stores: tuple[str, ...] = ()
    cluster: Cluster | Unknown = NOT_ASKED
    endpoint: EndpointSeen | Unknown = NOT_ASKED
    configuration: Configuration | Unknown = NOT_ASKED
    unseen: str = ""


NO_STORE = "no store was looked at"


def without_store(observed_at: datetime, configuration: Configuration, kine: KineRelease | Unknown) -> Facts:
    """Facts of files alone."""
    return Facts(
        observed_at=observed_at,
        server=Server(Flavour.POSTGRESQL, (0,), 0),
        database="",
        database_exists=False,
        role=Role("", superuser=False, create_database=False, owns_table=False, may_create=False),
        table=None,
        kine=kine,
        configuration=configuration,
        unseen=NO_STORE,
    )
