"""Endpoint parameters that Kine's driver pgx uses itself, and those that it sends to the server."""

from __future__ import annotations

from kinetune.kine.releases import Trait
from kinetune.model.kine_release import KineRelease

SOURCE = (
    "pgconn/config.go and conn.go of pgx v5.3.1 to v5.12.0, the versions in go.mod of Kine v0.10.1 to v0.17.5; tried "
    "with v0.10.1, v0.14.16, v0.16.4 and v0.17.5 (docs/facts/kine.md §9.4)"
)
_OWN = """
host port user password dbname database passfile connect_timeout sslmode sslkey sslcert sslrootcert sslpassword sslsni
krbspn krbsrvname target_session_attrs service servicefile statement_cache_capacity description_cache_capacity
default_query_exec_mode
"""
OWN = frozenset(_OWN.split())
"""Parameters of every pgx version that a Kine release contains."""
_PROTOCOL = Trait((((0, 10, 0), (0, 14, 16)),), f"pgx before v5.10.0; {SOURCE}")
LACKING = {
    "sslnegotiation": Trait((((0, 10, 0), (0, 13, 15)),), f"pgx before v5.7.5; {SOURCE}"),
    "min_protocol_version": _PROTOCOL,
    "max_protocol_version": _PROTOCOL,
    "channel_binding": _PROTOCOL,
    "require_auth": _PROTOCOL,
    "ssl": Trait((((0, 10, 0), (0, 16, 5)), ((0, 17, 0), (0, 17, 1))), f"ssl=true: pgx before v5.11.0; {SOURCE}"),
    "sslcertmode": Trait((((0, 10, 0), (0, 16, 5)), ((0, 17, 0), (0, 17, 3))), f"pgx before v5.12.0; {SOURCE}"),
}
"""Parameters that pgx added later, with the Kine releases that send them to the server instead."""
STARTUP = frozenset(("options", "replication"))
"""Parameters of PostgreSQL's startup message that are not settings."""
LIB_PQ = Trait((((0, 0, 0), (0, 9, 9)),), "go.mod of v0.6.0 to v0.9.9: lib/pq, which requires TLS by default")
"""Releases with another driver, whose parameters were not examined."""


def is_driver_parameter(name: str, kine: KineRelease | None) -> bool | None:
    """Whether that Kine's driver uses the parameter itself; None if that depends on the unknown release."""
    if name in OWN or name in STARTUP:
        return True
    if name not in LACKING:
        return False
    # Later pgx versions use the parameter themselves, older ones send it to the server.
    lacking = LACKING[name].applies_to(kine) if kine else None
    return None if lacking is None else not lacking
