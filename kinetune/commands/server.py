"""What `kinetune server` does: observe a server's release, settings and nodes."""

from __future__ import annotations

from kinetune.model.cluster import ServerState
from kinetune.model.endpoint import Endpoint
from kinetune.model.unknown import Unknown
from kinetune.servers.known_lines import find_known_server


def describe_release(name: str) -> ServerState:
    """A release such as yugabytedb-2024.2, without a connection. UsageFailure for an unknown name or an old release."""
    return ServerState(find_known_server(name))


def observe_server(endpoint: Endpoint, tserver_http: int) -> ServerState:
    """
    As seen from the endpoint's database, or from a maintenance database if it does not exist yet.

    `tserver_http` is the HTTP port of the tservers, 0 to read no flags. Raises CouldNotLook.
    """
    from kinetune.database.nodes import observe_cluster
    from kinetune.database.observe import open_database, read_settings
    from kinetune.http.tserver import add_http_details

    with open_database(endpoint, "server") as (session, _):
        cluster = observe_cluster(session, "server")
        settings = read_settings(session)
        # With the unit that pg_settings.setting lacks: `4MB` instead of 4096.
        text = "SELECT name, current_setting(name) AS setting FROM pg_settings WHERE unit <> '' AND name = ANY(%s)"
        settings |= {row["name"]: row["setting"] for row in session.query(text, list(settings))}
    if tserver_http and not isinstance(cluster, Unknown):
        cluster = add_http_details(cluster, endpoint.database, tserver_http)
    return ServerState(session.server, endpoint.database, settings, cluster)
