"""One snapshot of what was seen of a Kine store. What could not be seen is a value too: Unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.schema import Column, Index, Sequence
from kinetune.model.server import Server


@dataclass(frozen=True)
class Unknown:
    """Looked for and not seen; `reason` says why and, where a statement would help, which."""

    reason: str


@dataclass(frozen=True)
class SeenIndex:
    """An index as the catalogs show it. `valid` is false for the remains of a failed or running online build."""

    index: Index
    valid: bool = True
    constraint: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Role:
    """Who we are and what we may do; an owner may change the table, `may_create` is CREATE on its schema."""

    name: str
    superuser: bool
    create_database: bool
    owns_table: bool
    may_create: bool


@dataclass(frozen=True)
class Relation:
    """
    The relation called `kine` in the first schema of search_path that has one.

    `kind` is pg_class.relkind: r for a table. `rows` is the planner's estimate (None: never analysed), `bytes` the
    table with TOAST and without indexes. `last_id` is the sequence's last_value, `max_id` MAX(id); None where empty.
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

    def index(self, name: str) -> SeenIndex | None:
        return next((seen for seen in self.indexes if seen.index.name == name), None)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Facts:
    """
    What one look at a store saw. `table` is None where there is none (or no database yet: `database_exists`).

    `settings` are planner settings in force; `database_settings` those kept by ALTER DATABASE … SET.
    `sessions` counts other sessions by application_name; Unknown without pg_read_all_stats.
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
