"""Arguments and options that several commands share, and what they stand for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.kine.releases import Era
    from kinetune.model.endpoint import Endpoint

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
    typer.Option(
        "--k3s-config", envvar="KINETUNE_K3S_CONFIG", metavar="FILE", help="Take the endpoint from K3s' config.yaml."
    ),
]
KineRelease = Annotated[
    str | None, typer.Option("--kine", envvar="KINETUNE_KINE", metavar="TAG", help="The Kine release, such as v0.17.5.")
]
K3sRelease = Annotated[
    str | None, typer.Option("--k3s", envvar="KINETUNE_K3S", metavar="TAG", help="The K3s release, such as v1.33.4.")
]
Format = Annotated[
    str, typer.Option("--format", envvar="KINETUNE_FORMAT", metavar="FORMAT", help="text, json, markdown or html.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write the report here; the ending chooses the format."),
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


def era_given(kine: str | None, k3s: str | None) -> tuple[Era, str] | None:
    """The era said on the command line, and how; None where none was. UsageFailure for both or an unknown one."""
    from kinetune.kine.releases import era_of_k3s, era_of_kine, is_known

    if kine and k3s:
        raise UsageFailure("--kine and --k3s say the same thing twice", "give one of them")
    if kine:
        newer = "" if is_known(kine) else f": {kine} is not known here, the nearest era before it is taken"
        return era_of_kine(kine), f"said with --kine {kine}{newer}"
    if k3s:
        era, tag = era_of_k3s(k3s)
        return era, f"K3s {k3s} holds Kine {tag}"
    return None
