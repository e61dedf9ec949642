"""Kine's queries, their arguments, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.finding import Remark
from kinetune.model.plan import QueryPlan
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

    `trigger` is what makes Kine send it, `frequency` how often, `wish` the best access path.
    """

    era: str
    name: str
    text: str
    parameters: tuple[Parameter, ...]
    trigger: str
    frequency: str
    wish: str


@dataclass(frozen=True)
class SampleArguments:
    """
    Arguments taken from the store: keys and revisions, never values.

    `prefix` is that of the largest resource, `middle_key` the key in its middle, `key` one with many revisions,
    `old_revision` the compacted one or 10,000 revisions back, whichever is newer.
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
    A query with its arguments, and its purpose in Kubernetes terms ("list pods, first page").

    `scenario` is the same in all eras (list-page, poll …), so that two runs can be compared. `text` is the statement as
    Kine sends it, with LIMIT. `arguments` are in the order of `query.parameters`.
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
    EXPLAIN's documents for one call, unparsed: one for each run on a warm cache, for custom and generic plans.

    `generic_chosen` is whether the server prefers the generic plan (None: unknown). `failed` is the reason in one line
    why there are no documents.
    """

    call: Call
    custom: tuple[object, ...] = ()
    generic: tuple[object, ...] = ()
    generic_chosen: bool | None = None
    failed: str = ""


@dataclass(frozen=True)
class MeasuredCall:
    """
    The cost of a call: medians over the runs, in milliseconds.

    `generic` is the generic plan, which pgx's prepared statements may get after five executions; `generic_chosen` is
    whether the server would use it (None: unknown). `wal_bytes` is for writes only. `failed` is why there is no plan.
    `recording` has the document of the median run for each plan. `page` is the number of rows that a storage request of
    YugabyteDB returns (0: no limit).
    """

    call: Call
    recording: Recording | None = None
    plan: QueryPlan | None = None
    generic: QueryPlan | None = None
    generic_chosen: bool | None = None
    milliseconds: float | None = None
    generic_milliseconds: float | None = None
    rows: int | None = None
    wal_bytes: int | None = None
    remarks: tuple[Remark, ...] = ()
    failed: str = ""
    page: int = 1024


@dataclass(frozen=True)
class ExplainRun:
    """
    One run of `kinetune explain`: the store, and the cost of each call. What --save writes and --against reads.

    `profile` is the name of the profile whose schema the store has, or "custom". Bytes include TOAST. `settings` are
    those that were set for the run (--set); `page` as in MeasuredCall.
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
    calls: tuple[MeasuredCall, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    page: int = 1024
