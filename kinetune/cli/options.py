"""Arguments and options that several commands share, and what they stand for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.kine.releases import EraInUse
    from kinetune.model.endpoint import Endpoint
    from kinetune.model.script import Hazard

TSERVERS = "Of YugabyteDB's tservers, asked for their flags; 0 asks none."
FOR_CHECK = frozenset({"sarif", "junit", "github", ".sarif", ".xml"})
FOR_HOTSPOTS = frozenset({"csv", ".csv"})
EVERY_OPTION = "Every option can also be set in kinetune.toml, or in the environment as KINETUNE_<OPTION>."


def option(name: str, *more: str, **how: Any) -> Any:
    """An option that KINETUNE_<OPTION> sets as well; EVERY_OPTION says so once for all of them."""
    variable = "KINETUNE_" + name.partition("/")[0].removeprefix("--").upper().replace("-", "_")
    return typer.Option(name, *more, envvar=variable, show_envvar=False, **how)


EndpointArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[ENDPOINT]",
        show_default=False,
        help="postgres://user@host:port/database as Kine takes it, libpq keywords, or embedded[:NAME]. "
        "Else KINETUNE_ENDPOINT, K3S_DATASTORE_ENDPOINT, KINE_ENDPOINT, --k3s-config, libpq's environment.",
    ),
]
K3sConfig = Annotated[
    Path | None,
    option("--k3s-config", metavar="FILE", help="Take the endpoint from K3s' config.yaml."),
]
KineRelease = Annotated[str | None, option("--kine", metavar="TAG", help="The Kine release, such as v0.17.5.")]
K3sRelease = Annotated[str | None, option("--k3s", metavar="TAG", help="The K3s release, such as v1.33.4.")]
Format = Annotated[str, option("--format", metavar="FORMAT", help="text, json, markdown or html.")]
Output = Annotated[
    Path | None,
    option("--output", "-o", metavar="FILE", help="Write the report here; the ending chooses the format."),
]


def endpoint_of(argument: str | None, k3s_config: Path | None) -> Endpoint:
    """The endpoint meant by argument, environment or file; an embedded server is started. Notes go to stderr."""
    from kinetune.model.endpoint import Embedded
    from kinetune.model.endpoint_source import find

    found = find(argument, os.environ, k3s_config)
    if isinstance(found, Embedded):
        from kinetune.database import embedded

        found = embedded.start(found.name)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    return found


def era_given(kine: str | None, k3s: str | None) -> EraInUse | None:
    """The era said on the command line, and how; None where none was. UsageFailure for both or an unknown one."""
    from kinetune.kine.releases import EraInUse, era_of_k3s, era_of_kine, is_known

    if kine and k3s:
        raise UsageFailure("--kine and --k3s say the same thing twice", "give one of them")
    if kine:
        newer = "" if is_known(kine) else f": {kine} is not known here, the nearest era before it is taken"
        return EraInUse(era_of_kine(kine), f"said with --kine {kine}{newer}")
    if k3s:
        era, tag = era_of_k3s(k3s)
        return EraInUse(era, f"K3s {k3s} holds Kine {tag}")
    return None


def refuse_unready(format: str, output: Path | None, save: Path | None = None, *, records: bool = False) -> None:
    """Before the work rather than after it: UsageFailure for an unknown format and for files that cannot be written."""
    from kinetune.reports.table import refuse_unknown, refuse_unwritable

    refuse_unknown(format)
    for given in (format, output.suffix if output else ""):
        if given in FOR_CHECK:
            raise UsageFailure(f"{given} is for kinetune check", "choose text, json, markdown or html")
        if given in FOR_HOTSPOTS and not records:
            raise UsageFailure(f"{given} is for kinetune hotspots", "choose text, json, markdown or html")
    if output:
        refuse_unwritable(output)
    if save:
        refuse_unwritable(save, "json")


def hazards(names: list[str] | None, known: Sequence[Hazard]) -> frozenset[str]:
    """The hazards named, in upper case; UsageFailure for one that the command does not have."""
    given = frozenset(name.upper().replace("-", "_") for name in names or ())
    if unknown := given - set(known):
        raise UsageFailure(f"unknown hazard {min(unknown)}", f"known are {', '.join(known)}")
    return given


def agreed(question: str) -> bool:
    """Ask on stderr, take the answer from stdin: y or yes, anything else and its end are a no. Ctrl-C interrupts."""
    return typed(f"{question} [y/N]").lower() in ("y", "yes")


def typed(question: str) -> str:
    """One line from stdin, without the space around it; empty at its end."""
    try:
        typer.echo(f"{question} ", nl=False, err=True)
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        typer.echo(err=True)  # ^C stands on the line of the question
        raise
    if not answer.endswith("\n"):
        typer.echo(err=True)
    return answer.strip()
