"""The options of `kinetune check` that no other command has, or has with other words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kinetune.cli.options import option

Files = list[Path] | None
FactsFile = Annotated[Path | None, option("--facts", metavar="FILE", help="Check saved facts, without a connection.")]
SaveFacts = Annotated[Path | None, option("--save-facts", metavar="FILE", help="Save the facts to FILE, for --facts.")]
Plans = Annotated[
    bool, option("--plans/--no-plans", help="Run Kine's queries under EXPLAIN, as kinetune explain does.")
]
KineUnit = Annotated[Files, option("--kine-unit", metavar="FILE", help="Check a systemd unit of Kine or K3s.")]
HelmValues = Annotated[
    Files,
    option("--helm-values", metavar="FILE", help="Check values of YugabyteDB's Helm chart; later files override."),
]
Compose = Annotated[Files, option("--compose", metavar="FILE", help="Check a compose file.")]
Yugabyted = Annotated[
    list[str] | None,
    option("--yugabyted", metavar="FILE", help="Check a script that starts yugabyted, or a command line of it."),
]
ConfigDir = Annotated[
    Files, option("--config-dir", metavar="DIR", help="Check every configuration file in DIR and its subfolders.")
]
Offline = Annotated[
    bool,
    option("--offline", help="Check files only, without a connection; the default if files and no endpoint are given."),
]
Redact = Annotated[bool, option("--redact", help="Hide object keys in the report and in saved facts.")]
Probe = Annotated[bool, option("--probe", help="Test id allocation with a temporary sequence.")]
Metrics = Annotated[
    str | None, option("--metrics", metavar="URL|FILE", help="Read Kine's /metrics to detect the Kine release.")
]
Select = Annotated[
    list[str] | None,
    option("--select", metavar="RULE", help="Check only these rules: KT103, KT1 or hash-sharded-ids. Repeatable."),
]
Extend = Annotated[list[str] | None, option("--extend-select", metavar="RULE", help="Also enable these rules.")]
# Without a variable: it would be split at the spaces of the reasons.
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE[:OBJECT]=REASON", help="Ignore a finding; a reason is required. Repeatable."),
]
FailOn = Annotated[
    str, option("--fail-on", metavar="SEVERITY", help="Exit 1 from this severity: error, warning, info or never.")
]
Strict = Annotated[bool, option("--strict", help="Exit 1 also if a rule was skipped and is not ignored.")]
BaselineFile = Annotated[
    Path | None, option("--baseline", metavar="FILE", help="Ignore the findings in FILE until they expire.")
]
Update = Annotated[
    bool, option("--update-baseline", help="Write the findings to --baseline; they are accepted for 90 days.")
]
Against = Annotated[
    Path | None,
    option("--against", metavar="FILE", help="Compare with a run saved by kinetune explain --save (KT305)."),
]
Show = Annotated[bool, option("--show-settings", help="Show the rules and settings in force, and exit.")]
FormatName = Annotated[
    str, option("--format", metavar="FORMAT", help="Output format: text, json, markdown, html, sarif, junit or github.")
]
Outputs = Annotated[
    Files,
    option("--output", "-o", metavar="FILE", help="Write the report to FILE; the extension selects the format."),
]
