"""What Kine asks, with which arguments, and what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.finding import Remark
from kinetune.model.plan import Plan
from kinetune.model.server import Server


@dataclass(frozen=True)
class Parameter:
    """`$number` of a statement: the type the server infers, and what it means (`prefix-start`, `revision` …)."""

    number: int
    type: str
    meaning: str


@dataclass(frozen=True)
class Query:
    """
    One of Kine's statements, verbatim, under Kine's own name, as recorded from a real release (sql/kine/<era>).

    `trigger` says what makes Kine send it, `frequency` how often, `wish` the access path one would wish for.
    """

    era: str
    name: str
    text: str
    parameters: tuple[Parameter, ...]
    trigger: str
    frequency: str
    wish: str


@dataclass(frozen=True)
class Sample:
    """
    Arguments taken from the store: keys and revisions, never values.

    `prefix` is the largest resource's, `middle_key` halves it, `key` has many revisions, `old_revision` is the
    compacted one or 10,000 revisions back, whichever is newer.
    """

    prefix: str
    empty_prefix: str
    key: str
    middle_key: str
    newest_revision: int
    old_revision: int
    compact_revision: int


@dataclass(frozen=True)
class Call:
    """
    A query with its arguments, and what it does in Kubernetes words ("list pods, first page").

    `scenario` is stable over eras (list-page, poll …), so that two runs can be set side by side. `text` is the
    statement as Kine would send it, LIMIT included. `arguments` are in the order of `query.parameters`.
    """

    scenario: str
    words: str
    query: Query
    text: str
    arguments: tuple[object, ...]
    writes: bool = False


@dataclass(frozen=True)
class Recording:
    """
    EXPLAIN's own documents for one call, as they came, unread: one a run, warm, for both kinds of plan.

    `generic_chosen` is whether the server prefers the plan that does not know the arguments (None: not learned).
    `failed` says in one line why there are no documents.
    """

    call: Call
    custom: tuple[object, ...] = ()
    generic: tuple[object, ...] = ()
    generic_chosen: bool | None = None
    failed: str = ""


@dataclass(frozen=True)
class Measured:
    """
    What a call cost. Medians over the runs, in milliseconds; `generic` is the plan without knowledge of the arguments
    that pgx's prepared statements may get after five executions, `generic_chosen` whether the server would take it
    (None where it could not be learned). `wal_bytes` only for writes. `failed` says why there is no plan.
    `recording` is what this was read from, with one document a plan: the median run's. `page` is how many rows a
    storage request of YugabyteDB brings (0: as many as there are).
    """

    call: Call
    recording: Recording | None = None
    plan: Plan | None = None
    generic: Plan | None = None
    generic_chosen: bool | None = None
    milliseconds: float | None = None
    generic_milliseconds: float | None = None
    rows: int | None = None
    wal_bytes: int | None = None
    remarks: tuple[Remark, ...] = ()
    failed: str = ""
    page: int = 1024


@dataclass(frozen=True)
class Explained:
    """
    One run of `kinetune explain`: the store, and each call's cost. The unit of --save and --against.

    `profile` names the profile whose schema the store has, or says "of its own". Bytes include TOAST. `settings` are
    those that the calls ran under beyond what the server has (--with); `page` as in Measured.
    """

    observed_at: datetime
    server: Server
    database: str
    era: str
    era_source: str
    rows: int | None
    table_bytes: int | None
    index_bytes: int | None
    profile: str
    calls: tuple[Measured, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    page: int = 1024
