"""Parameters of an endpoint at which each of Kine's connections fails: what KT607 says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from kinetune.kine.flags import near
from kinetune.kine.pgx import LIB_PQ, OWN, takes
from kinetune.kine.pool import VARIABLE
from kinetune.kine.traits import named
from kinetune.model.endpoint import LIBPQ, OTHERS, PGX
from kinetune.model.facts import EndpointSeen, KineRelease
from kinetune.model.finding import Remark, Severity
from kinetune.servers.startup_settings import CONTEXTS, FIXED, HIDDEN, SETTABLE

OF_DRIVERS = LIBPQ | OTHERS | PGX
_EXEC = "write default_query_exec_mode=exec"
_BOUND = f"remove it: {VARIABLE} in the environment of Kine or K3s is the bound"
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "ssl": "write sslmode=require, or sslmode=disable",
        "useSSL": "write sslmode=require, or sslmode=disable",
        "sslaccept": "write sslmode=require or sslmode=verify-full",
        "schema": "write search_path=NAME",
        "currentSchema": "write search_path=NAME",
        "ApplicationName": "write application_name=NAME",
        "fallback_application_name": "write application_name=NAME",
        "hostaddr": "write host=ADDRESS",
        "timeout": "write connect_timeout=SECONDS",
        "keepalives_idle": "write tcp_keepalives_idle=SECONDS, the server's own, or remove it",
        **dict.fromkeys(
            (
                *("pgbouncer", "prepareThreshold", "prepare_threshold", "binary_parameters", "simple_protocol"),
                *("prefer_simple_protocol", "statement_cache_mode"),
            ),
            _EXEC,
        ),
        **dict.fromkeys(("connection_limit", "max_conns", "pool_max_conns"), _BOUND),
    }
)


def judged(
    name: str, names: tuple[str, ...], release: KineRelease | None, seen: EndpointSeen | None = None
) -> Iterator[Remark]:
    """
    A remark for each parameter that Kine's driver sends to a server which ends the connection for it.

    `name` is whose endpoint it is. `seen` is the answer of a server that was asked; without one the lists of
    kinetune/servers count, and what is in none of them is a warning.
    """
    if release is not None and LIB_PQ.of(release):
        return  # another driver: its parameters were not read
    for parameter in names:
        if takes(parameter, release) is False and (refused := _refused(parameter, release, seen)):
            severity, says = refused
            yield Remark(on=f"{name} parameter {parameter}", says=says, do=_do(parameter), severity=severity)


def _refused(parameter: str, release: KineRelease | None, seen: EndpointSeen | None) -> tuple[Severity, str] | None:
    lower = parameter.lower()
    if "." in parameter or lower in HIDDEN:
        return None
    context = seen.contexts.get(lower, "") if seen else ""
    if context in CONTEXTS or (seen is None and (lower in SETTABLE or lower.startswith("yb_"))):
        return None
    whose = f"{named(release)} sends" if release else "Kine sends"
    if context or (seen is None and lower in FIXED):
        return Severity.ERROR, f"{whose} {parameter} to the server, where no connection may set it: each one ends"
    if seen is not None or parameter in OF_DRIVERS:
        return Severity.ERROR, f"{whose} {parameter} to the server, which does not know it: each connection ends"
    says = f"{whose} {parameter} to the server: it is no setting known here, and an unknown one ends each connection"
    return Severity.WARNING, says


def _do(parameter: str) -> str:
    if parameter in _INSTEAD:
        return _INSTEAD[parameter]
    right = "" if parameter in OF_DRIVERS else near(parameter, OWN | SETTABLE)
    return f"write {right}" if right else "remove it"
