"""Kine's /metrics, from an address or a file: Prometheus text."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from kinetune.http.prometheus import Sample, samples
from kinetune.http.read import is_remote, read, shown
from kinetune.model.counters import Bucket, Counter, Counters, Node
from kinetune.model.failure import CouldNotLook

REACH = "is Kine's --metrics-bind-address reachable from here?"
TIMES = "kine_sql_time_seconds"
TOLD = re.compile(r"(?:kine_(?!sql_)|go_sql_)\w+(?<!_bucket)")
"""What is told beside the times: kine_insert_errors_total, kine_compact_total and Go's statistics of the pool."""


def query_names(place: str) -> frozenset[str]:
    """
    Kine's own names of the queries it has sent (label `name`, from v0.16.0). Empty where there are none.

    Raises CouldNotLook where the place cannot be read or has no metric of Kine's.
    """
    text = read(place, REACH)
    _refuse_strange(text, place)
    names = {_letters(one.labels.get("name", "")) for one in samples(text) if one.name.startswith("kine_sql_")}
    return frozenset(names - {""})


def scrape(place: str) -> Counters:
    """
    One reading of an address or a file. Raises CouldNotLook where it cannot be read or has no metric of Kine's.

    Times are Kine's own: up to the first row, with waiting for a connection. Up to v0.15.0 they carry no names: one
    entry without a query. A file is as old as its last change.
    """
    text = read(place, REACH)
    _refuse_strange(text, place)
    name = shown(place)
    return counters(text, name, datetime.now(UTC) if is_remote(place) else _changed(place))


def counters(text: str, name: str, taken_at: datetime) -> Counters:
    """As `scrape`, of a text."""
    series: dict[str, list[Sample]] = defaultdict(list)
    gauges = {}
    began = None
    for one in samples(text):
        if one.name.startswith(TIMES):
            series[_letters(one.labels.get("name", ""))].append(one)
        elif TOLD.fullmatch(one.name) and math.isfinite(one.value):
            gauges[_label(one)] = one.value
        elif one.name == "process_start_time_seconds" and 0 < one.value < 2**35:
            began = datetime.fromtimestamp(one.value, UTC)
    entries = tuple(_counter(name, query, found) for query, found in series.items())
    return Counters(taken_at, (Node(name, began),), entries, gauges)


def _counter(node: str, query: str, found: list[Sample]) -> Counter:
    """All error codes together; `errors` counts those that are none at all."""
    counts = [one for one in found if one.name == f"{TIMES}_count"]
    total = sum(one.value for one in found if one.name == f"{TIMES}_sum")
    return Counter(
        node=node,
        id=query,
        query=query,
        calls=int(sum(one.value for one in counts)),
        total_ms=total * 1000.0,
        errors=int(sum(one.value for one in counts if one.labels.get("error_code"))),
        buckets=tuple(_buckets(found)),
    )


def _buckets(found: list[Sample]) -> Iterator[Bucket]:
    """Prometheus' buckets hold all below their end as well: here each holds its own."""
    ends: dict[float, float] = defaultdict(float)
    for one in found:
        if one.name == f"{TIMES}_bucket":
            ends[_number(one.labels.get("le", ""))] += one.value
    low = below = 0.0
    for end, count in sorted(ends.items()):
        if not math.isnan(end):
            yield Bucket(low * 1000.0, end * 1000.0 if math.isfinite(end) else None, max(int(count - below), 0))
            low, below = end, count


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _letters(name: str) -> str:
    """Kine's names are letters; whatever else a file may hold is none."""
    return name if name.isascii() and name.isalpha() else ""


def _label(one: Sample) -> str:
    """`kine_insert_errors_total{retriable="true"}`; the pool's own label says only that it is Kine's."""
    labels: Mapping[str, str] = {key: value for key, value in one.labels.items() if key != "db_name"}
    return one.name + ("{" + ",".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}") * bool(labels)


def _refuse_strange(text: str, place: str) -> None:
    if "kine_sql_" not in text:
        raise CouldNotLook(
            f"{shown(place)} has no metrics of Kine's",
            "give Kine's --metrics-bind-address, as http://host:8080/metrics",
        )


def _changed(place: str) -> datetime:
    try:
        return datetime.fromtimestamp(Path(place).stat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)
