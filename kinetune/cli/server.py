"""`kinetune server`: what is known about the server's release, and its current settings on every node."""

from __future__ import annotations

from typing import Annotated

from kinetune.cli.options import (
    EndpointArgument,
    Format,
    K3sConfig,
    Output,
    TserverPort,
    option,
    require_outputs,
    resolve_endpoint,
    write_outputs,
)
from kinetune.model.failure import UsageFailure

ServerName = Annotated[
    str | None,
    option("--server", metavar="NAME", help="Server release, such as yugabytedb-2024.2, shown without a connection."),
]


def server(
    endpoint: EndpointArgument = None,
    server_name: ServerName = None,
    tserver_http: TserverPort = 9000,
    k3s_config: K3sConfig = None,
    format: Format = "text",
    output: Output = None,
) -> None:
    """
    Show facts about a server's release, and its current settings.

    YugabyteDB: each fact with its source, and the settings and flags of every node. PostgreSQL: capabilities.

    \b
    Examples:
      kinetune server
      kinetune server --server yugabytedb-2025.1
      kinetune server --format json
    """
    from kinetune.commands.server import describe_release, observe_server
    from kinetune.views.server import server_report

    require_outputs(format, output)
    if server_name and endpoint:
        raise UsageFailure("--server uses no connection", "remove --server or the endpoint")
    if server_name:
        state = describe_release(server_name)
    else:
        state = observe_server(resolve_endpoint(endpoint, k3s_config), tserver_http)
    write_outputs(server_report(state), format, output)
