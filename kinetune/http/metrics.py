"""Kine's /metrics, from a URL or a file: Prometheus text → counters."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from kinetune.http.prometheus import MetricSample, parse_samples
from kinetune.http.read_text import hide_credentials, is_remote, read_text
from kinetune.model.counters import Bucket, Counter, CounterNode, Counters
from kinetune.model.failure import CouldNotLook

URL_STEP = "check that Kine's --metrics-bind-address is reachable from this host"
FILE_STEP = "name a file that can be read, or a URL such as http://host:8080/metrics"
TIME_METRIC = "kine_sql_time_seconds"
REPORTED_METRICS = re.compile(r"(?:kine_(?!sql_)|go_sql_)\w+(?<!_bucket)")
"""Metrics to show beside the times: kine_insert_errors_total, kine_compact_total, Go's statistics of the pool."""


def read_query_names(place: str) -> frozenset[str]:
    """
    Kine's names of the queries it has sent: label `name`, from v0.16.0 on. Empty for an older release.

    CouldNotLook if the place cannot be read or has no metrics of Kine.
    """
    text = _read_metrics(place)
    names = {
        _clean_query_name(one.labels.get("name", "")) for one in parse_samples(text) if one.name.startswith("kine_sql_")
    }
    return frozenset(names - {""})


def scrape_metrics(place: str) -> Counters:
    """
    The counters of a URL or a file. CouldNotLook if it cannot be read or has no metrics of Kine.

    Times are measured by Kine: they end at the first row and include waiting for a connection. Up to v0.15.0 they have
    no query names: there is one entry without a query. The time of a file is that of its last change.
    """
    text = _read_metrics(place)
    name = hide_credentials(place)
    return parse_counters(text, name, datetime.now(UTC) if is_remote(place) else _modified_at(place))


def parse_counters(text: str, name: str, taken_at: datetime) -> Counters:
    """The counters of a text; `name` is shown as the node, `taken_at` is the time of the text."""
    series: dict[str, list[MetricSample]] = defaultdict(list)
    gauges = {}
    began = None
    for one in parse_samples(text):
        if one.name.startswith(TIME_METRIC):
            series[_clean_query_name(one.labels.get("name", ""))].append(one)
        elif REPORTED_METRICS.fullmatch(one.name) and math.isfinite(one.value):
            gauges[_gauge_name(one)] = one.value
        elif one.name == "process_start_time_seconds" and 0 < one.value < 2**35:  # what datetime can hold
            began = datetime.fromtimestamp(one.value, UTC)
    entries = tuple(_make_counter(name, query, found) for query, found in series.items())
    return Counters(taken_at, (CounterNode(name, began),), entries, gauges)


def _make_counter(node: str, query: str, found: list[MetricSample]) -> Counter:
    """The sum over all error codes; `errors` is the number of calls with one."""
    counts = [one for one in found if one.name == f"{TIME_METRIC}_count"]
    total = sum(one.value for one in found if one.name == f"{TIME_METRIC}_sum")
    return Counter(
        node=node,
        id=query,
        query=query,
        calls=int(sum(one.value for one in counts)),
        total_ms=total * 1000.0,
        errors=int(sum(one.value for one in counts if one.labels.get("error_code"))),
        buckets=tuple(_split_buckets(found)),
    )


def _split_buckets(found: list[MetricSample]) -> Iterator[Bucket]:
    """Buckets that each count their own range. Prometheus' buckets are cumulative: each includes all smaller ones."""
    ends: dict[float, float] = defaultdict(float)
    for one in found:
        if one.name == f"{TIME_METRIC}_bucket":
            ends[_parse_number(one.labels.get("le", ""))] += one.value
    low = below = 0.0
    for end, count in sorted(ends.items()):
        if not math.isnan(end):
            yield Bucket(low * 1000.0, end * 1000.0 if math.isfinite(end) else None, max(int(count - below), 0))
            low, below = end, count


def _parse_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _clean_query_name(name: str) -> str:
    """The name if it is one of Kine's, which consist of letters; else empty: the text may come from any server."""
    return name if name.isascii() and name.isalpha() else ""


def _gauge_name(one: MetricSample) -> str:
    """`kine_insert_errors_total{retriable="true"}`, without db_name: Go's pool has it, and it is always kine."""
    labels: Mapping[str, str] = {key: value for key, value in one.labels.items() if key != "db_name"}
    return one.name + ("{" + ",".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}") * bool(labels)


def _read_metrics(place: str) -> str:
    text = read_text(place, URL_STEP if is_remote(place) else FILE_STEP)
    # Kine exports these since v0.9.2. The URL may be of any server: a web page must not become an empty report.
    if "kine_sql_" not in text:
        raise CouldNotLook(
            f"no metrics of Kine at {hide_credentials(place)}",
            "name the URL of Kine's --metrics-bind-address, such as http://host:8080/metrics",
        )
    return text


def _modified_at(place: str) -> datetime:
    try:
        return datetime.fromtimestamp(Path(place).stat().st_mtime, UTC)
    except OSError:
        return datetime.now(UTC)
