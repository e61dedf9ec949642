"""The options of `kinetune hotspots` as values, and how their texts are read. UsageFailure names the option."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from kinetune.formatting import format_list, parse_duration
from kinetune.logs.options import GroupBy, LogOptions, LogSources
from kinetune.model.counters import SNAPSHOT_FILE, CounterSnapshot
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import UsageFailure
from kinetune.model.hotspots_result import Limit
from kinetune.model.plain_data import decode
from kinetune.model.versioned_file import read_document, report_damage

TIMES = ("p50", "p95", "p99", "max", "mean", "total")
MEASURES = (*TIMES, "count", "share")
_LIMIT = re.compile(r"(?:([A-Za-z]+):)?([a-z0-9]+)\s*=\s*(.+)")
_LIBPQ = re.compile(r"(?:host|hostaddr|dbname|user|service|port)\s*=")
_KUBECTL_EXAMPLE = "write --kubectl 'deploy/kine -n kube-system'"
_EXAMPLE = "write a limit such as p99=2s, ListCurrentVal:mean=50ms, count=1000 or share=50%"


@dataclass(frozen=True)
class LokiSelection:
    """`url` of a Loki, perhaps with a login, and `query`: LogQL that selects lines."""

    url: str
    query: str


@dataclass(frozen=True)
class HotspotsOptions:
    """
    Which sources to read, and how.

    `loki` and `kubectl` are logs that are read directly (commands/hotspots_streams.py); `kubectl` has the arguments of
    `kubectl logs`. `interval` is the time in seconds between two readings of the counters; 0 reads them once. `since`
    is an earlier reading. `explain` is how many of the heaviest queries to run EXPLAIN for at the endpoint.
    """

    sources: LogSources = field(default_factory=LogSources)
    logs: LogOptions = field(default_factory=LogOptions)
    loki: LokiSelection | None = None
    kubectl: tuple[str, ...] = ()
    endpoint: Endpoint | None = None
    metrics: tuple[str, ...] = ()
    interval: float = 0.0
    since: CounterSnapshot | None = None
    limits: tuple[Limit, ...] = ()
    explain: int = 0
    redact: bool = False

    @property
    def reads_logs(self) -> bool:
        return bool(self.sources.paths or self.sources.journal or self.loki or self.kubectl)

    @property
    def filters_calls(self) -> bool:
        """Whether --from, --to or --min-duration is set."""
        logs, default = self.logs, LogOptions()
        return (logs.since, logs.until, logs.at_least_ms) != (default.since, default.until, default.at_least_ms)


def refuse_contradictions(options: HotspotsOptions, *, save: bool) -> None:
    """UsageFailure for options that cannot be combined, before any source is read."""
    _refuse_other_sources(options)
    counts = bool(options.endpoint or options.metrics)
    if (options.interval or options.since or save) and not counts:
        raise UsageFailure("--interval, --since and --save need counters", "add --endpoint or --metrics")
    if options.interval and options.since:
        raise UsageFailure("--interval and --since exclude each other", "use one of them")
    if options.explain and not options.endpoint:
        raise UsageFailure("--explain needs a database", "add --endpoint")
    files = [source for source in options.metrics if not source.startswith(("http://", "https://"))]
    # Both readings of a file would be equal: every difference would be 0, and the report would say "idle".
    if options.interval and files:
        next_step = "use the URL of Kine's /metrics, or compare two files with --save and --since"
        raise UsageFailure(f"--interval cannot be used with the file {files[0]}", next_step)


def _refuse_other_sources(options: HotspotsOptions) -> None:
    """An endpoint may have a password, so it is not repeated in the message."""
    for path in options.sources.paths:
        scheme = path.partition("://")[0].lower() if "://" in path else ""
        if scheme in ("postgres", "postgresql") or (not Path(path).exists() and _LIBPQ.match(path)):
            raise UsageFailure("SOURCE is an endpoint of a database, not a log", "write --endpoint before it")
        if scheme in ("http", "https"):
            raise UsageFailure("SOURCE is a URL, not a log", "use --metrics for Kine's /metrics, or --loki for Loki")
    if options.sources.follow and (options.loki or options.kubectl):
        next_step = "pipe the lines: kubectl logs --follow … | kinetune hotspots - --follow"
        raise UsageFailure("--follow and --refresh cannot be used with --loki and --kubectl", next_step)


def parse_loki(url: str | None, query: str | None, environ: Mapping[str, str]) -> LokiSelection | None:
    """From --loki and --loki-query; without --loki the address is LOKI_ADDR, as for logcli. None without both."""
    if url is None and query is None:
        return None
    url = url or environ.get("LOKI_ADDR")
    if not query:
        raise UsageFailure("--loki needs a query", """add --loki-query '{namespace="kube-system", container="kine"}'""")
    if not url:
        raise UsageFailure("--loki-query needs an address", "add --loki http://loki:3100, or set LOKI_ADDR")
    if not re.match(r"https?://[^/]", url):
        raise UsageFailure("--loki is not an http or https URL", "write it as http://loki:3100")
    return LokiSelection(url, query)


def parse_kubectl(text: str | None) -> tuple[str, ...]:
    """The arguments of --kubectl, separated as a shell does."""
    if text is None:
        return ()
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageFailure(f"--kubectl cannot be split into arguments: {error}", _KUBECTL_EXAMPLE) from None
    words = words[words[:1] == ("kubectl",) :]
    words = words[words[:1] == ("logs",) :]
    if not words:
        raise UsageFailure("--kubectl names no pod", _KUBECTL_EXAMPLE)
    for word in words:
        if re.match(r"(?:--follow|-[a-z]*f[a-z]*|--since|--since-time|--timestamps)(?:=|$)", word):
            raise UsageFailure(f"--kubectl must not have {word.partition('=')[0]}", "use --from, or pipe the lines")
    return words


def parse_log_options(by: str, times: tuple[str | None, str | None], min_duration: str | None, zone: str) -> LogOptions:
    """From --by, --from and --to, --min-duration and --timezone; one process."""
    if by not in tuple(GroupBy):
        raise UsageFailure(f"--by {by} is unknown", f"use {', '.join(GroupBy)}")
    default, timezone = LogOptions(), parse_timezone(zone)
    begin, end = times
    since = parse_moment(begin, "--from", timezone) if begin else default.since
    until = parse_moment(end, "--to", timezone) if end else default.until
    if since > until:
        raise UsageFailure(f"--from {begin} is after --to {end}", "exchange them")
    shortest = 1000.0 * parse_duration(min_duration, "--min-duration") if min_duration else default.at_least_ms
    return LogOptions(GroupBy(by), since, until, shortest, timezone)


def parse_moment(text: str, option: str, timezone: tzinfo) -> float:
    """
    Seconds since 1970 UTC of an ISO 8601 time, or of a duration before now (`2h`). `timezone` is that of a time
    without an offset.
    """
    # First as a time: 20261123 is a date, although a bare number is a duration in seconds.
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            return datetime.now(UTC).timestamp() - parse_duration(text, option)
        except UsageFailure:
            next_step = f"write {option} 2026-11-23T14:00:00Z, or {option} 2h for two hours ago"
            raise UsageFailure(f"{option} {text} is not a time", next_step) from None
    return (at if at.tzinfo else at.replace(tzinfo=timezone)).timestamp()


def parse_timezone(name: str) -> tzinfo:
    """The time zone of this name in the system's database."""
    if name.upper() == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # `hotspots FILE` in UTC starts without it

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageFailure(f"--timezone {name} is unknown", "write --timezone Europe/Berlin, or UTC") from None


def parse_limit(text: str) -> Limit:
    """`p99=2s`, `ListCurrentVal:p95=500ms`, `count=1000`, `share=50%`."""
    found = _LIMIT.fullmatch(text.strip())
    if found is None or found[2] not in MEASURES:
        raise UsageFailure(f"--fail-over {text} is not a limit of {format_list(MEASURES)}", _EXAMPLE)
    query, measure, value = found[1] or "", found[2], found[3]
    if measure in TIMES:
        return Limit(query, measure, 1000.0 * parse_duration(value, f"--fail-over {measure}"), text)
    number = value.removesuffix("%") if measure == "share" else value
    if not re.fullmatch(r"\d+(\.\d+)?", number):
        raise UsageFailure(f"--fail-over {text} is not a number", _EXAMPLE)
    return Limit(query, measure, float(number) / (100.0 if value.endswith("%") else 1.0), text)


def load_snapshot(path: Path) -> CounterSnapshot:
    """The counters that --save wrote; UsageFailure for any other file."""
    document = read_document(path, SNAPSHOT_FILE)
    with report_damage(str(path), SNAPSHOT_FILE):
        snapshot = decode(CounterSnapshot, document)
    assert isinstance(snapshot, CounterSnapshot)
    return snapshot
