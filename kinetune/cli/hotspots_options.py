"""The options of `kinetune hotspots`: names and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from kinetune.cli.options import option


def _option(name: str, metavar: str, text: str, **more: Any) -> Any:
    return option(name, metavar=metavar, help=text, **more)


Text: TypeAlias = str | None
Texts: TypeAlias = list[str] | None
_SOURCE = "Log of Kine, K3s, PostgreSQL or YugabyteDB: file (also .gz .bz2 .xz .zst), folder, glob, or - for stdin."
_ENDPOINT = "Endpoint of the database: read its pg_stat_statements and current sessions."
_LOKI = "Read lines of Loki from --from (default: 1h) to --to; login: LOKI_USERNAME, LOKI_PASSWORD, LOKI_BEARER_TOKEN."
_LOKI_QUERY = 'Select the lines of --loki, such as \'{namespace="kube-system", container="kine"}\'.'
_KUBECTL = "Run kubectl logs with ARGUMENTS from --from on, such as 'deploy/kine -n kube-system'."
_LIMIT = "Exit 1 if a hotspot exceeds LIMIT: p99=2s, ListCurrentVal:mean=50ms, count=1000. Repeatable."

Source = Annotated[Texts, typer.Argument(metavar="[SOURCE]...", show_default=False, help=_SOURCE)]
Journal = Annotated[Texts, _option("--journal", "UNIT", "Read the journal of a systemd unit, such as k3s. Repeatable.")]
Loki = Annotated[Text, _option("--loki", "URL", _LOKI)]
LokiQuery = Annotated[Text, _option("--loki-query", "LOGQL", _LOKI_QUERY)]
Kubectl = Annotated[Text, _option("--kubectl", "ARGUMENTS", _KUBECTL)]
Database = Annotated[Text, typer.Option("--endpoint", metavar="ENDPOINT", help=_ENDPOINT)]
Metrics = Annotated[Texts, _option("--metrics", "URL|FILE", "Read Kine's /metrics. Repeatable, once for each Kine.")]
Interval = Annotated[Text, _option("--interval", "TIME", "Read counters twice, TIME apart, and show the difference.")]
Since = Annotated[Path | None, _option("--since", "FILE", "Show the increase since a snapshot saved with --save.")]
Save = Annotated[Path | None, _option("--save", "FILE", "Save the counters for a later --since.")]
Follow = Annotated[bool, option("--follow", help="Follow the logs, also through rotation (--refresh 5s).")]
Refresh = Annotated[Text, _option("--refresh", "TIME", "Follow the logs and refresh the report every TIME.")]
By = Annotated[str, _option("--by", "GROUP", "Group calls by resource, namespace or key.")]
Top = Annotated[int, _option("--top", "N", "Show N hotspots for each source; json and csv have all.", min=1)]
MinDuration = Annotated[Text, _option("--min-duration", "TIME", "Ignore shorter calls, such as 100ms (logs only).")]
From = Annotated[Text, _option("--from", "TIME", "Ignore calls before TIME: ISO 8601, or 2h for two hours ago.")]
To = Annotated[Text, _option("--to", "TIME", "Ignore calls after TIME.")]
Timezone = Annotated[str, _option("--timezone", "ZONE", "Time zone for log timestamps that have none.")]
Jobs = Annotated[int | None, _option("--jobs", "N", "Processes that read large logs (default: one per CPU).", min=1)]
FailOver = Annotated[Texts, _option("--fail-over", "LIMIT", _LIMIT)]
Explain = Annotated[int, _option("--explain", "N", "Run explain for the N heaviest queries at --endpoint.", min=0)]
Redact = Annotated[bool, option("--redact", help="Hide object keys in the report.")]
Format = Annotated[str, _option("--format", "FORMAT", "Output format: text, json, markdown, html or csv.")]
