"""`kinetune server`: what is known of the server's release, and what is in force, on every node."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from kinetune.cli.options import (
    TSERVERS,
    EndpointArgument,
    Format,
    K3sConfig,
    Output,
    endpoint_of,
    option,
    refuse_unready,
)

if TYPE_CHECKING:
    from kinetune.model.endpoint import Endpoint
    from kinetune.views.server import InForce

Named = Annotated[
    str | None, option("--server", metavar="NAME", help="Of a release alone, without a connection: yugabytedb-2024.2.")
]
Tservers = Annotated[int, option("--tserver-http", metavar="PORT", help=TSERVERS)]


def server(
    endpoint: EndpointArgument = None,
    named: Named = None,
    tserver_http: Tservers = 9000,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Show what is known of a server's release, how it is known, and what is in force, on every node.

    \b
    Examples:
      kinetune server
      kinetune server --server yugabytedb-2025.1
      kinetune server --format json
    """
    from kinetune.reports.table import save, write
    from kinetune.views.server import reported

    refuse_unready(format, output)
    report = reported(_offline(named) if named else _seen(endpoint_of(endpoint, k3s_config), tserver_http))
    write(report, format, sys.stdout)
    if output:
        save(report, output)


def _offline(name: str) -> InForce:
    from kinetune.servers import recognise
    from kinetune.views.server import InForce

    return InForce(recognise.named(name))


def _seen(endpoint: Endpoint, port: int) -> InForce:
    """From the store's database, or from a maintenance database where it is not there yet."""
    from kinetune.database.cluster import cluster
    from kinetune.database.look import place
    from kinetune.http.tserver import with_http
    from kinetune.model.facts import Unknown
    from kinetune.views.server import InForce

    with place(endpoint, "server") as (session, _):
        nodes = cluster(session, "server")
        settings = {row["name"]: row["setting"] for row in session.ask("settings")}
    if port and not isinstance(nodes, Unknown):
        nodes = with_http(nodes, endpoint.database, port)
    return InForce(session.server, endpoint.database, settings, nodes)
