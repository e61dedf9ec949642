"""
Facts: one snapshot of what was observed about a Kine store. What could not be observed is Unknown, with the reason.

The names of the fields are the keys of the facts file (docs/facts-file.md), so a rename changes its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kinetune.model.cluster import Cluster
from kinetune.model.configuration import Configuration
from kinetune.model.kine_release import KineRelease as KineRelease
from kinetune.model.server import Flavour, Server
from kinetune.model.unknown import NOT_REQUESTED as NOT_REQUESTED
from kinetune.model.unknown import Unknown as Unknown
from kinetune.model.workload import Recording

NOT_PROBED = Unknown("ids were not tested (--probe)")
OWN_SESSIONS = "kinetune/"
"""How the application_name of each of kinetune's sessions begins; the name of the command follows."""
COUNTED_UP_TO = 4_000
"""On YugabyteDB rows of kine are counted up to this number: four storage requests."""


class OutOfScope(Unknown):
    """Not observed because this run does not include it: not a problem of the store or of the files."""


@dataclass(frozen=True)
class ObservedIndex:
    """An index in the catalogs. `valid` is false for an online build that failed or is still running."""

    index: Index
    valid: bool = True
    constraint: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Role:
    """
    The role of the session and its privileges. `may_create` is CREATE on `schema`, which is current_schema(): new
    tables are created there; None if no schema of search_path exists. Membership in the owner's role counts as
    ownership.
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
    """A privilege on a table of a role that is not its owner; `role` is empty for PUBLIC."""

    privilege: str
    role: str


@dataclass(frozen=True)
class Relation:
    """
    The relation called `kine` in the first schema of search_path that has one.

    `kind` is pg_class.relkind: r for a table. `rows` is the planner's estimate (None: never analysed), `bytes` the size
    with TOAST and without indexes. `last_id` is the last value of the sequence and `max_id` is MAX(id); None if there
    is none, or for a table other than kine, whose rows are not read. `attached` are objects that a rebuilt table would
    lack (triggers, foreign keys). `counted` are rows up to COUNTED_UP_TO and `compacted` is the compacted revision;
    both are read on YugabyteDB only. `settings_since` is when kinetune last changed settings of the database.
    `unlogged`: a crash of the server empties the table. `identity`: ids come from an identity column.
    """

    schema: str
    kind: str
    columns: tuple[Column, ...]
    primary_key: ObservedIndex | None
    indexes: tuple[ObservedIndex, ...]
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
        The approximate number of rows; None if nothing is known. The planner's estimate may be old or planted, so the
        largest known lower bound is returned.

        Fewer rows than COUNTED_UP_TO are an exact count. Revisions that are newer than the compacted one still have
        their row, so their number is a lower bound too.
        """
        # The count ended before its limit, so it is exact.
        if self.counted is not None and self.counted < COUNTED_UP_TO:
            return self.counted
        # Compaction deletes only revisions up to the compacted one.
        recent = None if self.compacted is None or self.max_id is None else self.max_id - self.compacted
        return max((known for known in (self.rows, self.counted, recent) if known), default=None)

    def index(self, name: str) -> ObservedIndex | None:
        return next((seen for seen in self.indexes if seen.index.name == name), None)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Statistics:
    """
    Statistics and vacuum of kine. Times are of the last manual or automatic run, None for never. Rows are the server's
    counters, which are estimates. `autovacuum` is false if it is off for the server or for the table.
    """

    analysed_at: datetime | None
    vacuumed_at: datetime | None
    live_rows: int
    dead_rows: int
    changed_since_analysed: int
    autovacuum: bool


@dataclass(frozen=True)
class ResourceGrowth:
    """Revisions of a resource and the bytes of their values, estimated for the whole table from a sample."""

    prefix: str
    revisions: int
    bytes: int


@dataclass(frozen=True)
class Growth:
    """
    The size of the store and its causes. `compacted_revision` is None if Kine has never compacted. `deletable_rows` is
    estimated from a sample: superseded or deleted revisions that are older than the newest 1,000. `gap_rows` is counted
    up to `gap_limit`.
    """

    current_revision: int
    compacted_revision: int | None
    deletable_rows: int
    sampled_rows: int
    gap_rows: int
    gap_limit: int
    resources: tuple[ResourceGrowth, ...]


@dataclass(frozen=True)
class Integrity:
    """
    Contents that some Kine releases cannot read. `nulls` is the number of rows with NULL by column, among the `looked`
    oldest and newest rows; `whole` is true if these are all rows. `compaction_rows` is the number of rows called
    compact_rev_key. `bare_revision` is true if Kine's row for the API server's compaction contains only its version.
    """

    looked: int
    whole: bool
    nulls: Mapping[str, int]
    compaction_rows: int
    bare_revision: bool = False


@dataclass(frozen=True)
class IdleTransaction:
    """A session that is idle in an open transaction, and for how many seconds."""

    application: str
    seconds: float
    on_table: bool


@dataclass(frozen=True)
class Connections:
    """
    Sessions of the whole server, compared with max_connections (`most`); `reserved` is kept for superusers. `in_store`
    is the number of client sessions in this database, without kinetune's own. `pooler` describes a connection pooler
    between kinetune and the server, or is empty. `older` sessions, on all nodes that could be read, began before
    kinetune last changed settings of the database.
    """

    most: int
    reserved: int
    used: int
    in_store: int
    idle: tuple[IdleTransaction, ...]
    pooler: str = ""
    older: int = 0


@dataclass(frozen=True)
class Security:
    """
    `local`: the session uses a socket or a loopback address. `tls`: the session is encrypted. `public` are the
    privileges of PUBLIC on kine. `password`: no line of pg_hba.conf for hosts allows access without authentication;
    Unknown without the privilege to read it. `tcp`: the server listens on a network address (listen_addresses).
    """

    local: bool
    tls: bool
    public: tuple[str, ...]
    password: bool | Unknown
    tcp: bool = True


@dataclass(frozen=True)
class DrawnId:
    """One id and the connection that took it, with its node on a cluster."""

    connection: int
    id: int
    node: str = ""


@dataclass(frozen=True)
class SequenceProbe:
    """
    Ids that several connections took in turn from a temporary sequence like Kine's, and the cache of that sequence.

    On a cluster `caches` has, for each node that could be reached, the cache of a sequence created there with CACHE 1.
    """

    draws: tuple[DrawnId, ...]
    cache: int
    caches: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class EndpointFacts:
    """
    What the endpoint needs of the server. `parameters` are the names in its URL. `contexts` maps those that are
    settings of the server, in lower case, to pg_settings.context. `postgres` is why the role cannot use the database
    postgres, or empty.
    """

    parameters: tuple[str, ...] = ()
    contexts: Mapping[str, str] = field(default_factory=dict)
    postgres: str = ""


@dataclass(frozen=True)
class Facts:
    """
    What was observed about a store at one time. `table` is None if there is none, or no database (`database_exists`).
    `beside` are, by name, the tables of kinetune's rebuild in kine's schema: kinetune_new_kine, kine_before_init.

    `settings` are planner settings in force; `database_settings` are those of ALTER DATABASE … SET. `read_only` is why
    writes are not possible (a standby, or default_transaction_read_only), or empty. `stores` are schemas outside
    search_path that contain a table kine too. `sessions` is the number of other sessions by application_name; Unknown
    without pg_read_all_stats. `lookups` are plans, without execution, of Kine's statements that find one name
    (YugabyteDB only). `unseen` is why no store was observed; then only `kine` and `configuration` have a meaning, and
    rules that need anything else are skipped.
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
    kine: KineRelease | Unknown = NOT_REQUESTED
    statistics: Statistics | Unknown = NOT_REQUESTED
    growth: Growth | Unknown = NOT_REQUESTED
    integrity: Integrity | Unknown = NOT_REQUESTED
    connections: Connections | Unknown = NOT_REQUESTED
    security: Security | Unknown = NOT_REQUESTED
    probe: SequenceProbe | Unknown = NOT_PROBED
    recordings: tuple[Recording, ...] | Unknown = NOT_REQUESTED
    lookups: tuple[Recording, ...] | Unknown = NOT_REQUESTED
    beside: Mapping[str, Relation] = field(default_factory=dict)
    read_only: str = ""
    stores: tuple[str, ...] = ()
    cluster: Cluster | Unknown = NOT_REQUESTED
    endpoint: EndpointFacts | Unknown = NOT_REQUESTED
    configuration: Configuration | Unknown = NOT_REQUESTED
    unseen: str = ""

    @property
    def client_sessions(self) -> Mapping[str, int] | Unknown:
        """`sessions` without those of kinetune itself, which the server shows like any other."""
        if isinstance(self.sessions, Unknown):
            return self.sessions
        return {name: count for name, count in self.sessions.items() if not name.startswith(OWN_SESSIONS)}


NO_STORE = "no database connection"


def facts_of_files(observed_at: datetime, configuration: Configuration, kine: KineRelease | Unknown) -> Facts:
    """Facts of configuration files, without a store."""
    return Facts(
        observed_at=observed_at,
        # Placeholders: with `unseen` set, no rule reads them.
        server=Server(Flavour.POSTGRESQL, (0,), 0),
        database="",
        database_exists=False,
        role=Role("", superuser=False, create_database=False, owns_table=False, may_create=False),
        table=None,
        kine=kine,
        configuration=configuration,
        unseen=NO_STORE,
    )


class Order(StrEnum):
    """The order of one key column. HASH exists on YugabyteDB only, where it is the default of the first column."""

    ASC = "asc"
    DESC = "desc"
    HASH = "hash"


@dataclass(frozen=True)
class Key:
    column: str
    order: Order = Order.ASC


@dataclass(frozen=True)
class Column:
    """`type` as format_type() returns it; `collation` is None for the default of the type."""

    name: str
    type: str
    collation: str | None = None


@dataclass(frozen=True)
class Index:
    """`predicate` is the WHERE clause as pg_get_expr() returns it."""

    name: str
    keys: tuple[Key, ...]
    unique: bool = False
    include: tuple[str, ...] = ()
    predicate: str | None = None

    @property
    def placeholder(self) -> bool:
        """
        Whether it is an index `WHERE false`: it reserves a name, so that Kine's CREATE INDEX IF NOT EXISTS does
        nothing.
        """
        return self.predicate == "false"


@dataclass(frozen=True)
class Sequence:
    """`cache` is pg_sequence.seqcache; `owned_by` is (table, column) or None."""

    name: str
    type: str
    cache: int
    increment: int = 1
    owned_by: tuple[str, str] | None = None
