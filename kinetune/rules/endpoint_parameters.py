"""Parameters of an endpoint with which each connection of Kine fails (KT607)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kinetune.kine.driver_parameters import LIB_PQ, OWN, is_driver_parameter
from kinetune.kine.flags import nearest_name
from kinetune.kine.pool_limit import VARIABLE
from kinetune.kine.releases import describe_release
from kinetune.model.endpoint import LIBPQ, OTHERS, PGX
from kinetune.model.facts import EndpointFacts, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.servers.startup_settings import CONTEXTS, FIXED, HIDDEN, SETTABLE

OF_DRIVERS = LIBPQ | OTHERS | PGX
_EXEC = "use default_query_exec_mode=exec"
_LIMIT = f"remove it; set {VARIABLE} in the environment of Kine or K3s instead"
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "ssl": "use sslmode=require or sslmode=disable",
        "useSSL": "use sslmode=require or sslmode=disable",
        "sslaccept": "use sslmode=require or sslmode=verify-full",
        "schema": "use search_path=NAME",
        "currentSchema": "use search_path=NAME",
        "ApplicationName": "use application_name=NAME",
        "fallback_application_name": "use application_name=NAME",
        "hostaddr": "use host=ADDRESS",
        "timeout": "use connect_timeout=SECONDS",
        "keepalives_idle": "use tcp_keepalives_idle=SECONDS, a setting of the server, or remove it",
        **dict.fromkeys(
            (
                *("pgbouncer", "prepareThreshold", "prepare_threshold", "binary_parameters", "simple_protocol"),
                *("prefer_simple_protocol", "statement_cache_mode"),
            ),
            _EXEC,
        ),
        **dict.fromkeys(("connection_limit", "max_conns", "pool_max_conns"), _LIMIT),
    }
)


def check_parameters(
    name: str, names: tuple[str, ...], release: KineRelease | None, seen: EndpointFacts | None = None
) -> Iterator[Remark]:
    """
    A remark for each parameter that Kine's driver sends to the server and that makes the server close the connection.

    `name` describes whose endpoint it is. `seen` is the answer of a connected server; without it the lists in
    kinetune/servers decide, and a parameter that is in none of them is a warning.
    """
    if release is not None and LIB_PQ.applies_to(release):
        return  # lib/pq, another driver: its parameters were not examined
    for parameter in names:
        if is_driver_parameter(parameter, release) is False and (refused := _rejection(parameter, release, seen)):
            severity, says = refused
            yield Remark(on=f"{name} parameter {parameter}", says=says, do=_replacement(parameter), severity=severity)


def _rejection(parameter: str, release: KineRelease | None, seen: EndpointFacts | None) -> tuple[Severity, str] | None:
    lower = parameter.lower()
    # The server accepts a custom setting (with a dot) in every connection; HIDDEN ones are not in pg_settings.
    if "." in parameter or lower in HIDDEN:
        return None
    context = seen.contexts.get(lower, "") if seen else ""
    # Settings of YugabyteDB are not in the lists, so without a connection yb_… counts as known.
    if context in CONTEXTS or (seen is None and (lower in SETTABLE or lower.startswith("yb_"))):
        return None
    whose = f"{describe_release(release)} sends" if release else "Kine sends"
    if context or (seen is None and lower in FIXED):
        return (
            Severity.ERROR,
            f"{whose} {parameter} to the server, where a connection may not set it: every connection fails",
        )
    if seen is not None or parameter in OF_DRIVERS:
        return Severity.ERROR, f"{whose} {parameter} to the server, which does not know it: every connection fails"
    says = (
        f"{whose} {parameter} to the server: kinetune does not know this setting; an unknown one fails every connection"
    )
    return Severity.WARNING, says


def _replacement(parameter: str) -> str:
    if parameter in _INSTEAD:
        return _INSTEAD[parameter]
    right = "" if parameter in OF_DRIVERS else nearest_name(parameter, OWN | SETTABLE)
    return f"use {right}" if right else "remove it"
