"""How a report of hotspots names sources, queries, resources and exceeded limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kinetune.formatting import format_count, format_duration
from kinetune.kine.keyspace import resource_name, resource_prefix
from kinetune.model.hotspot import Hotspot, Vantage
from kinetune.model.hotspots_result import ExceededLimit, Spot

_KINE_TIME = "A time ends at the first row and includes waiting for a connection of Kine's pool"
_SERVER_TIME = "A time includes sending all rows and excludes waiting in Kine's pool"


@dataclass(frozen=True)
class SourceText:
    """How a report speaks of a source: `name` within a sentence, `meaning` for what its numbers include."""

    name: str
    title: str
    meaning: str


SOURCE_TEXTS: Mapping[Vantage, SourceText] = MappingProxyType(
    {
        Vantage.KINE_LOG: SourceText(
            "Kine's log",
            "Slow calls, measured by Kine",
            f"Kine's log has calls slower than --slow-sql-threshold (default 1 s). {_KINE_TIME}.",
        ),
        Vantage.SERVER_LOG: SourceText(
            "the server's log",
            "Slow statements, measured by the server",
            f"The server's log has statements slower than log_min_duration_statement. {_SERVER_TIME}.",
        ),
        Vantage.API_SERVER: SourceText(
            "the API server's traces",
            "Slow requests, measured by the API server",
            "The API server traces requests and calls of its store from 500 ms on. A time includes Kine and its "
            "database; a request includes its calls of the store, so the rows do not add up.",
        ),
        Vantage.METRICS: SourceText(
            "Kine's metrics",
            "All calls, counted by Kine",
            f"Kine's metrics count every call. {_KINE_TIME}. Percentiles are estimates: the limits of the histogram's "
            "buckets double from 1 ms.",
        ),
        Vantage.STATEMENTS: SourceText(
            "pg_stat_statements",
            "All statements, counted by the server",
            f"pg_stat_statements counts every call, without times of day and keys. {_SERVER_TIME}.",
        ),
    }
)


def describe_exceeded(exceeded: ExceededLimit) -> str:
    """`limit p99=2s exceeded: ` and locate_exceeded."""
    return f"limit {exceeded.limit.text} exceeded: {locate_exceeded(exceeded)}"


def locate_exceeded(exceeded: ExceededLimit) -> str:
    """`ListCurrentVal on pods (Kine's log, 10 calls, mean 5.50 s, p99 10.0 s)`."""
    spot = exceeded.spot
    times = [f"mean {format_duration(spot.mean)}"]
    if spot.p99 is not None:
        times.append(f"p99 {format_duration(spot.p99)}")
    source = SOURCE_TEXTS[exceeded.vantage].name
    return f"{name_spot(spot)} ({source}, {format_count(spot.count, 'call')}, {', '.join(times)})"


def name_query(spot: Spot) -> str:
    """Kine's name of the query. Without one a log has another program's statement, a counter all queries together."""
    return spot.query or ("(not Kine's)" if isinstance(spot, Hotspot) else "(all queries)")


def name_resource(resource: str) -> str:
    """As kubectl calls a resource; a namespace or a key as it is; an en dash if unknown."""
    is_whole = bool(resource) and resource_prefix(resource) == resource
    return (resource_name(resource) if is_whole else "") or resource or "–"


def name_spot(spot: Spot) -> str:
    """`ListCurrentVal on pods`."""
    return f"{name_query(spot)} on {name_resource(spot.resource)}" if spot.resource else name_query(spot)
