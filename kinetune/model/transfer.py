"""What `move`, `backup` and `restore` know about a source: its kind, its state, and a census of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class SourceKind(StrEnum):
    """A kind of store that rows can be read from. The value is its name in reports."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"
    YUGABYTEDB = "YugabyteDB"
    MYSQL = "MySQL"
    MARIADB = "MariaDB"
    ETCD = "etcd"
    ETCD_SNAPSHOT = "etcd snapshot"
    ARCHIVE = "archive"

    @property
    def is_etcd(self) -> bool:
        """Whether the rows are made from etcd's live keys, because the source has no rows of Kine."""
        return self in (SourceKind.ETCD, SourceKind.ETCD_SNAPSHOT)


@dataclass(frozen=True)
class SourceState:
    """
    A source at the moment it was opened or refreshed.

    `place` names it without secrets. `version` is the server's or file format's. `revision` is the current revision of
    the store: new writes get higher ones. `last_id` is the last value of its sequence, None if it has none.
    `compacted` is the revision up to which history is compacted, 0 for none. `rows` is an estimate for progress.
    `stopped`: it is proved that a file has the newest writes of its cluster, and that no store uses it.
    """

    kind: SourceKind
    place: str
    version: str
    revision: int
    rows: int
    last_id: int | None = None
    compacted: int = 0
    notes: tuple[str, ...] = ()
    stopped: bool = False


@dataclass(frozen=True)
class BootstrapKey:
    """A key in which K3s or RKE2 keeps its certificates, encrypted with the server token. `bytes` of its value."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Census:
    """
    What all rows of a source are, from one pass over them.

    `bytes` of values and former values. `encrypted` counts live values by provider and key (`aesgcm:v1:key1`).
    `duplicates` are (name, prev_revision) that more than one row has, the first few. `unstorable` are keys that no
    target can hold, with the reason. `oversized` are the live keys whose value is above etcd's limit, with its bytes.
    `compactions` is the number of rows named compact_rev_key.
    """

    rows: int = 0
    bytes: int = 0
    live_keys: int = 0
    tombstones: int = 0
    gap_rows: int = 0
    first_id: int = 0
    newest_id: int = 0
    leases: int = 0
    compactions: int = 0
    encrypted: Mapping[str, int] = field(default_factory=dict)
    bootstrap: tuple[BootstrapKey, ...] = ()
    duplicates: tuple[tuple[str, int], ...] = ()
    unstorable: tuple[tuple[str, str], ...] = ()
    oversized: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class RangeDigest:
    """
    The rows whose id divided by 1,000 is `number`: their count, least and greatest id, sum of ids, and an md5 over all
    columns (sql/facts/range_digests.sql states the text that is hashed).
    """

    number: int
    rows: int
    min_id: int
    max_id: int
    sum_ids: int
    md5: str


RANGE_IDS = 1_000


@dataclass(frozen=True)
class Mismatch:
    """
    The first row that is not equal: its key, the ids of its range, and the columns that differ, never their values.

    No columns: only one side has the row, the source if `missing`, else the table. `id` is 0 and `name` empty if the
    digests differ and the rows do not, when they are read again.
    """

    first_id: int
    last_id: int
    id: int = 0
    name: str = ""
    columns: tuple[str, ...] = ()
    missing: bool = False

    def __str__(self) -> str:
        """`row 17 (/registry/pods/a), in the range of ids 0 to 999: value differs`."""
        span = f"the range of ids {self.first_id:,} to {self.last_id:,}"
        if not self.id:
            return f"{span}: the digests differ, but its rows were equal when they were read again"
        row = f"row {self.id} ({self.name}), in {span}"
        if self.columns:
            return f"{row}: {', '.join(self.columns)} {'differs' if len(self.columns) == 1 else 'differ'}"
        return f"{row}: it is missing in the target" if self.missing else f"{row}: only the target has it"


@dataclass(frozen=True)
class Comparison:
    """The ranges that are equal on both sides, in order, up to the first mismatch."""

    ranges: tuple[RangeDigest, ...]
    mismatch: Mismatch | None = None

    @property
    def rows(self) -> int:
        return sum(one.rows for one in self.ranges)
