"""How Kine is told what it shall do: flags that are part of the unit, settings that belong to the site."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from kinetune.model.endpoint import Endpoint
from kinetune.render.values import Values

PGPASS = "/etc/kine/pgpass"
"""Read by pgx, Kine's driver, as libpq reads it: the password is in no unit, environment or process list."""


def flags(values: Values) -> tuple[str, ...]:
    """What the unit itself says: ports, on loopback alone, and who compacts."""
    return (
        f"--listen-address={values.listen}",
        f"--metrics-bind-address={values.metrics}",
        "--compact-interval=0s",
    )


def settings(values: Values) -> tuple[tuple[str, str], ...]:
    """Kine's environment: `KINE_<FLAG>` from v0.14.1 on (facts/kine.md §1.2)."""
    files = {"KINE_CA_FILE": values.ca_file, "KINE_CERT_FILE": values.cert_file, "KINE_KEY_FILE": values.key_file}
    return (
        ("KINE_ENDPOINT", values.store),
        ("PGPASSFILE", PGPASS),
        *((name, path) for name, path in files.items() if path),
        ("KINE_DATASTORE_MAX_OPEN_CONNECTIONS", str(values.pool_size)),
        ("KINE_DATASTORE_MAX_IDLE_CONNECTIONS", str(values.pool_size)),
        ("KINE_SLOW_SQL_THRESHOLD", values.slow_sql),
    )


def rotated(values: Values, by: int) -> str:
    """The endpoint with its hosts turned, so that servers do not all begin with the same one."""
    place = values.place
    if len(place.hosts) < 2:
        return values.store
    turn = by % len(place.hosts)
    return written(place, place.hosts[turn:] + place.hosts[:turn])


def written(place: Endpoint, hosts: tuple[tuple[str, int | None], ...]) -> str:
    """A URL for stock Kine, which reads the database's name in lower case."""
    shown = str(Endpoint(database=place.database, user=place.user, hosts=hosts))
    more = urlencode(place.parameters, safe="/,", quote_via=quote)
    return shown + ("&" if "?" in shown else "?") + more if more else shown


def at_home(values: Values) -> bool:
    """Whether each server is to find the database on its own machine."""
    return all(host.startswith("127.") or host in ("localhost", "::1") for host, _ in values.place.hosts)
