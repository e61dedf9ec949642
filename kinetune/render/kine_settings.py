"""Kine's flags, which are part of the unit, and its environment, which belongs to the site."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from kinetune.model.endpoint import Endpoint
from kinetune.render.values import RenderValues

# pgx, Kine's driver, reads it like libpq: no unit, environment or process list contains the password.
PGPASS = "/etc/kine/pgpass"


def kine_flags(values: RenderValues) -> tuple[str, ...]:
    """The flags in the unit: ports on loopback, and compaction by the API server alone."""
    return (
        f"--listen-address={values.listen}",
        f"--metrics-bind-address={values.metrics_bind_address}",
        "--compact-interval=0s",
    )


def kine_settings(values: RenderValues) -> tuple[tuple[str, str], ...]:
    """Kine's environment: it reads `KINE_<FLAG>` from v0.14.1 on (docs/facts/kine.md §1.2)."""
    files = {"KINE_CA_FILE": values.ca_file, "KINE_CERT_FILE": values.cert_file, "KINE_KEY_FILE": values.key_file}
    return (
        ("KINE_ENDPOINT", values.store_url),
        ("PGPASSFILE", PGPASS),
        *((name, path) for name, path in files.items() if path),
        ("KINE_DATASTORE_MAX_OPEN_CONNECTIONS", str(values.pool_size)),
        ("KINE_DATASTORE_MAX_IDLE_CONNECTIONS", str(values.pool_size)),
        ("KINE_SLOW_SQL_THRESHOLD", values.slow_sql),
    )


def rotate_hosts(values: RenderValues, by: int) -> str:
    """The endpoint with its hosts rotated, so that not all servers connect to the same host first."""
    place = values.parsed_endpoint
    if len(place.hosts) < 2:
        return values.store_url
    turn = by % len(place.hosts)
    return format_url(place, place.hosts[turn:] + place.hosts[:turn])


def format_url(place: Endpoint, hosts: tuple[tuple[str, int | None], ...]) -> str:
    """The URL for stock Kine, which reads the name of the database in lower case."""
    shown = str(Endpoint(database=place.database, user=place.user, hosts=hosts))
    more = urlencode(place.parameters, safe="/,", quote_via=quote)
    return shown + ("&" if "?" in shown else "?") + more if more else shown


def is_local_database(values: RenderValues) -> bool:
    """Whether every host of the endpoint is the machine itself."""
    return all(host.startswith("127.") or host in ("localhost", "::1") for host, _ in values.parsed_endpoint.hosts)
