"""`kinetune hotspots`: which of Kine's queries hurt, from logs, the server's statistics and Kine's metrics."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import K3sConfig, Output, option, refuse_unready

Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        show_default=False,
        help="Logs of Kine, K3s, PostgreSQL, YugabyteDB: files (also .gz .bz2 .xz .zst), folders, globs, - for stdin.",
    ),
]
Journal = Annotated[
    list[str] | None, option("--journal", metavar="UNIT", help="A unit of systemd's journal, such as k3s.")
]
Store = Annotated[
    str | None, typer.Option("--endpoint", metavar="ENDPOINT", help="The store: pg_stat_statements and what runs now.")
]
Metrics = Annotated[
    list[str] | None, option("--metrics", metavar="URL|FILE", help="Kine's /metrics. Repeatable, one for each Kine.")
]
Interval = Annotated[
    str | None,
    option("--interval", metavar="TIME", help="Read counters twice, so far apart (10s), and tell the growth."),
]
Since = Annotated[Path | None, option("--since", metavar="FILE", help="Tell what counters grew by since --save FILE.")]
Save = Annotated[Path | None, option("--save", metavar="FILE", help="Keep the counters for a later --since.")]
Follow = Annotated[bool, option("--follow", help="Go on with what comes, through rotation, until Ctrl-C.")]
Watch = Annotated[
    float | None, option("--watch", metavar="SECONDS", min=0.2, help="Follow, and show it anew so often.")
]
ByWhat = Annotated[str, option("--by", metavar="WHAT", help="Put calls together by resource, namespace or key.")]
Top = Annotated[
    int, option("--top", metavar="N", min=1, help="Hotspots shown from each source; json and csv have all.")
]
Least = Annotated[
    str | None, option("--min-duration", metavar="TIME", help="Leave shorter calls out (100ms); logs only.")
]
From = Annotated[
    str | None, option("--from", metavar="TIME", help="Calls from then on: ISO-8601, or 2h for two hours ago.")
]
To = Annotated[str | None, option("--to", metavar="TIME", help="Calls up to then.")]
Zone = Annotated[str, option("--zone", metavar="ZONE", help="Of times in logs that do not say theirs: Europe/Berlin.")]
Jobs = Annotated[
    int | None,
    option("--jobs", metavar="N", min=1, help="Processes that share large logs; else one a core."),
]
FailOver = Annotated[
    list[str] | None,
    option(
        "--fail-over",
        metavar="LIMIT",
        help="Exit 1 beyond it: p99=2s, ListCurrentVal:mean=50ms, count=1000. Repeatable.",
    ),
]
Explain = Annotated[int, option("--explain", metavar="N", min=0, help="Run explain on the N heaviest at --endpoint.")]
Redact = Annotated[bool, option("--redact", help="Hide what follows the resource in keys.")]
FormatName = Annotated[str, option("--format", metavar="FORMAT", help="text, json, markdown, html or csv.")]


def hotspots(
    context: typer.Context,
    source: Places = None,
    journal: Journal = None,
    endpoint: Store = None,
    metrics: Metrics = None,
    interval: Interval = None,
    since: Since = None,
    save: Save = None,
    follow: Follow = False,
    watch: Watch = None,
    by: ByWhat = "resource",
    top: Top = 10,
    min_duration: Least = None,
    from_: From = None,
    to: To = None,
    zone: Zone = "UTC",
    jobs: Jobs = None,
    fail_over: FailOver = None,
    explain: Explain = 0,
    redact: Redact = False,
    k3s_config: K3sConfig = None,
    format: FormatName = "text",
    output: Output = None,
) -> None:
    """
    Rank the queries of Kine that hurt: which, on what resource, how often, how slow, since when, what helps.

    Sources mix freely; each has its own ranking, because one call may be in several. Without any the store itself
    is asked, found as the other commands find it.

    \b
    Examples:
      kinetune hotspots --journal k3s
      kinetune hotspots /var/log/k3s*.log.gz --by namespace -o hotspots.html
      kinetune hotspots --endpoint postgres://kine@db/kubernetes --interval 10s --explain 3
      kinetune hotspots --metrics http://127.0.0.1:8080/metrics --fail-over p99=2s
    """
    from kinetune.commands.hotspots_given import Calls, Counting, wanted
    from kinetune.commands.hotspots_limits import limit
    from kinetune.logs.options import Sources
    from kinetune.views.hotspots_tell import Manner, once

    refuse_unready(format, output, save, records=True)
    live = follow or watch is not None
    manner = Manner(top, tuple(map(limit, fail_over or ())), (format, output), save, redact, watch or 5.0)
    calls = Calls(by, min_duration, from_, to, zone, jobs or os.cpu_count() or 1)
    said = getattr(context.get_parameter_source("k3s_config"), "name", "") == "COMMANDLINE"
    counting = Counting(endpoint, (k3s_config, said), tuple(metrics or ()), interval, since, save, explain)
    look = wanted(Sources(tuple(source or ()), tuple(journal or ()), live), calls, counting)
    if live:
        from kinetune.commands.hotspots_live import live as go_on

        go_on(look, manner)
    else:
        once(look, manner)
