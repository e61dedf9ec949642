"""Arguments and options that several commands share, and the values they stand for."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinetune.cli.former import variable_of
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.kine.releases import EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.report import Report
    from kinetune.model.script import Hazard

CHECK_FORMATS = frozenset({"sarif", "junit", "github", ".sarif", ".xml"})
"""Formats and file extensions that only `kinetune check` writes."""
HOTSPOTS_FORMATS = frozenset({"csv", ".csv"})
"""Formats and file extensions that only `kinetune hotspots` writes."""
EVERY_OPTION = "Every option can also be set in kinetune.toml, or in the environment as KINETUNE_<OPTION>."


def option(name: str, *more: str, **how: Any) -> Any:
    """An option that KINETUNE_<OPTION> sets as well; EVERY_OPTION in the help mentions it once for all options."""
    return typer.Option(name, *more, envvar=variable_of(name.partition("/")[0]), show_envvar=False, **how)


def hazards_option(name: str, hazards: Sequence[Hazard]) -> Any:
    """--allow or --skip of a command with these hazards, which its help lists."""
    verb = name.removeprefix("--").capitalize()
    return option(name, metavar="HAZARD", help=f"{verb} steps with this hazard: {', '.join(hazards)}.")


EndpointArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[ENDPOINT]",
        show_default=False,
        help="Endpoint as in Kine (postgres://user@host:port/database), libpq keywords, or embedded[:NAME]. Default: "
        "KINETUNE_ENDPOINT, K3S_DATASTORE_ENDPOINT, KINE_ENDPOINT, --k3s-config, libpq's variables.",
    ),
]
K3sConfig = Annotated[
    Path | None,
    option("--k3s-config", metavar="FILE", help="Read the endpoint from a config.yaml of K3s or RKE2."),
]
KineRelease = Annotated[str | None, option("--kine", metavar="TAG", help="Kine release, such as v0.17.5.")]
K3sRelease = Annotated[str | None, option("--k3s", metavar="TAG", help="K3s release, such as v1.33.4.")]
Profile = Annotated[
    str,
    option("--profile", metavar="NAME", help="Schema: tuned, article (as published) or stock (as Kine creates it)."),
]
TserverPort = Annotated[
    int,
    option(
        "--tserver-http",
        metavar="PORT",
        help="HTTP port of the YugabyteDB tservers, used to read their flags (0: do not read them).",
    ),
]
Yes = Annotated[bool, option("--yes", "-y", help="Do not ask for confirmation.")]
DryRun = Annotated[bool, option("--dry-run", "-n", help="Show the plan in a read-only session.")]
Format = Annotated[str, option("--format", metavar="FORMAT", help="Output format: text, json, markdown or html.")]
Output = Annotated[
    Path | None,
    option("--output", "-o", metavar="FILE", help="Write the report to FILE; the extension selects the format."),
]


def resolve_endpoint(argument: str | None, k3s_config: Path | None) -> Endpoint:
    """The endpoint of argument, environment or file; an embedded server is started. Its notes go to stderr."""
    from kinetune.model.endpoint import Embedded
    from kinetune.model.endpoint_source import K3sConfigFile, find_endpoint

    found = find_endpoint(argument, os.environ, K3sConfigFile(k3s_config, _read_datastore) if k3s_config else None)
    if isinstance(found, Embedded):
        from kinetune.database import embedded

        found = embedded.start_server(found.name)
    for note in found.notes:
        print_note(note)
    return found


def _read_datastore(path: Path) -> Mapping[str, str]:
    """Only where --k3s-config is reached: the reader of YAML costs 30 ms."""
    from kinetune.config.read_k3s import read_datastore

    return read_datastore(path)


def resolve_era(kine: str | None, k3s: str | None) -> EraInUse | None:
    """The era of --kine or --k3s; None without either. UsageFailure for both and for an unknown release."""
    from kinetune.kine.releases import EraInUse, era_of_k3s, era_of_kine, is_known_release

    if kine and k3s:
        raise UsageFailure("--kine and --k3s cannot be combined: both set the Kine release", "use one of them")
    if kine:
        unknown = "" if is_known_release(kine) else f": {kine} is not known, so the release before it is used"
        return EraInUse(era_of_kine(kine), f"--kine {kine}{unknown}")
    if k3s:
        era, tag = era_of_k3s(k3s)
        return EraInUse(era, f"K3s {k3s} includes Kine {tag}")
    return None


def is_on_command_line(context: typer.Context, parameter: str) -> bool:
    """Whether the parameter was given as an argument, not by a variable, a settings file or its default."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def print_note(line: str) -> None:
    """One line on stderr that changes neither the result nor the exit status."""
    typer.echo(f"note: {line}", err=True)


def require_outputs(
    format: str, outputs: Path | Sequence[Path] | None, *saves: Path | None, own: Collection[str] = ()
) -> None:
    """
    UsageFailure before the work, not after it, for an unknown format and for files that cannot be written.

    `own` are the formats and extensions that the command has and others do not; `saves` are files of JSON.
    """
    from kinetune.reports.formats import WRITERS, require_format, require_writable

    paths = [outputs] if isinstance(outputs, Path) else outputs or []
    others = (CHECK_FORMATS | HOTSPOTS_FORMATS) - set(own)
    for given in (format, *(path.suffix for path in paths)):
        if given in others:
            command = "check" if given in CHECK_FORMATS else "hotspots"
            *most, last = (name for name in WRITERS if name not in others)
            raise UsageFailure(f"{given} is for kinetune {command}", f"choose {', '.join(most)} or {last}")
    require_format(format, others)
    for path in paths:
        require_writable(path, excluded=others)
    for path in filter(None, saves):
        require_writable(path, "json")


def write_outputs(report: Report, format: str, outputs: Path | Sequence[Path] | None) -> None:
    """The report on stdout, and as files whose extensions select the format."""
    from kinetune.reports.formats import save_report, write_report

    for path in [outputs] if isinstance(outputs, Path) else outputs or ():
        save_report(report, path)
    write_report(report, format, sys.stdout)


def save_json(report: Report, path: Path) -> None:
    from kinetune.reports.formats import save_report

    save_report(report, path, "json")


def parse_hazards(names: list[str] | None, known: Sequence[Hazard]) -> frozenset[str]:
    """The hazards, in upper case; UsageFailure for one that the command does not have."""
    given = frozenset(name.upper().replace("-", "_") for name in names or ())
    if unknown := given - set(known):
        raise UsageFailure(f"unknown hazard {min(unknown)}", f"known are {', '.join(known)}")
    return given


def confirm(question: str) -> bool:
    """Whether the answer is y or yes; any other answer and the end of stdin are a no. Ctrl-C interrupts."""
    return read_answer(f"{question} [y/N]").lower() in ("y", "yes")


def read_answer(question: str) -> str:
    """Ask on stderr, return one line of stdin without surrounding blanks; empty at its end."""
    try:
        typer.echo(f"{question} ", nl=False, err=True)
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        typer.echo(err=True)  # the terminal shows ^C on the line of the question
        raise
    if not answer.endswith("\n"):
        typer.echo(err=True)
    return answer.strip()
