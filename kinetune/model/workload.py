"""What Kine's queries cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kinetune.model.finding import Remark
from kinetune.model.plan import QueryPlan
from kinetune.model.query import Call as Call
from kinetune.model.query import Parameter as Parameter
from kinetune.model.query import Query as Query
from kinetune.model.query import SampleArguments as SampleArguments
from kinetune.model.server import Server


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
