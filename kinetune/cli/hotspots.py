"""`kinetune hotspots`: rank Kine's queries by the time they take, from logs, the server's statistics and metrics."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kinetune.cli import hotspots_options as given
from kinetune.cli.options import (
    HOTSPOTS_FORMATS,
    K3sConfig,
    Output,
    is_on_command_line,
    require_outputs,
    resolve_endpoint,
)
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.model.endpoint import Endpoint


def hotspots(
    context: typer.Context,
    source: given.Source = None,
    journal: given.Journal = None,
    loki: given.Loki = None,
    loki_query: given.LokiQuery = None,
    kubectl: given.Kubectl = None,
    endpoint: given.Database = None,
    metrics: given.Metrics = None,
    interval: given.Interval = None,
    since: given.Since = None,
    save: given.Save = None,
    follow: given.Follow = False,
    refresh: given.Refresh = None,
    by: given.By = "resource",
    top: given.Top = 10,
    min_duration: given.MinDuration = None,
    from_: given.From = None,
    to: given.To = None,
    timezone: given.Timezone = "UTC",
    jobs: given.Jobs = None,
    fail_over: given.FailOver = None,
    explain: given.Explain = 0,
    redact: given.Redact = False,
    k3s_config: K3sConfig = None,
    format: given.Format = "text",
    output: Output = None,
) -> None:
    """
    Rank Kine's queries by the time they take: which query, on which resource, how often, how slow, and what helps.

    Sources can be combined; each has its own ranking, because the same call may be in several. Without a source the
    database is read, at the endpoint that the other commands use. Exit status 3: the sources do not show whether Kine
    is slow, or Kine did not start.

    \b
    Examples:
      kinetune hotspots --journal k3s
      kinetune hotspots /var/log/k3s*.log.gz --by namespace -o hotspots.html
      kinetune hotspots --kubectl 'deploy/kine -n kube-system' --from 2h
      kinetune hotspots --endpoint postgres://kine@db/kubernetes --interval 10s --explain 3
      kinetune hotspots --metrics http://127.0.0.1:8080/metrics --fail-over p99=2s
    """
    from kinetune.cli.hotspots_output import HotspotsOutputs, follow_hotspots, write_hotspots
    from kinetune.commands import hotspots_options as values
    from kinetune.formatting import parse_duration
    from kinetune.logs.options import LogSources

    require_outputs(format, output, save, own=HOTSPOTS_FORMATS)
    live = follow or refresh is not None
    sources = LogSources(tuple(source or ()), tuple(journal or ()), follow=live)
    logs = values.parse_log_options(by, (from_, to), min_duration, timezone)
    # A k3s-config of a settings file names the database; it does not say that this run should read it.
    named = endpoint is not None or is_on_command_line(context, "k3s_config")
    selection, pods = values.parse_loki(loki, loki_query, os.environ), values.parse_kubectl(kubectl)
    reads_database = named or not (source or journal or metrics or selection or pods)
    options = values.HotspotsOptions(
        sources=sources,
        logs=replace(logs, jobs=jobs or os.cpu_count() or 1),
        interval=parse_duration(interval, "--interval", least=0.1) if interval else 0.0,
        limits=tuple(map(values.parse_limit, fail_over or ())),
        loki=selection,
        kubectl=pods,
        endpoint=_find_endpoint(endpoint, k3s_config) if reads_database else None,
        metrics=tuple(metrics or ()),
        since=values.load_snapshot(since) if since else None,
        explain=explain,
        redact=redact,
    )
    values.refuse_contradictions(options, save=save is not None)
    outputs = HotspotsOutputs(top, format, output, save)
    if live:
        follow_hotspots(options, outputs, parse_duration(refresh, "--refresh", least=0.2) if refresh else 5.0)
    else:
        write_hotspots(options, outputs)


def _find_endpoint(endpoint: str | None, k3s_config: Path | None) -> Endpoint:
    """As for every command; without any endpoint the error names the other sources too."""
    from kinetune.model.endpoint_source import LIBPQ, VARIABLES

    if endpoint is None and k3s_config is None and not any(map(os.environ.get, (*VARIABLES, *LIBPQ))):
        raise UsageFailure("no source", "name a log, or use --journal, --loki, --kubectl, --metrics or --endpoint")
    return resolve_endpoint(endpoint, k3s_config)
