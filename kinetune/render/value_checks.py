"""Checks of the values of `kinetune render`, one for each kind of text. UsageFailure names option and next step."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.failure import UsageFailure

Check = Callable[[str, str], None]
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
LOOPBACK = re.compile(rf"(?:127(?:\.{_OCTET}){{3}}|localhost|\[::1\]):([0-9]{{1,5}})")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
SECRETS = {"sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}


def _matching(pattern: str, what: str, example: str) -> Check:
    compiled = re.compile(pattern)

    def check(option: str, value: str) -> None:
        if not compiled.fullmatch(value):
            raise UsageFailure(f"{option} is not {what}", f"write it like {example}")

    return check


def check_one_line(option: str, value: str) -> None:
    """Line breaks, NUL and other control characters would end a line or a value in one of the files."""
    if not value.isprintable() or not value:
        raise UsageFailure(f"{option} is empty or contains a control character", "use one line of text")


def _path(example: str) -> Check:
    """An absolute path that Docker's -v and systemd take: no colon."""
    return _matching("/[^:]*", "an absolute path, or contains a colon", example)


def _loopback(example: str) -> Check:
    """Kine's etcd port has no authentication, and its metrics name every query."""

    def check(option: str, value: str) -> None:
        found = LOOPBACK.fullmatch(value)
        if not found or not 0 < int(found[1]) < 65536:
            raise UsageFailure(
                f"{option} is not a loopback address with a port: Kine's ports have no authentication",
                f"run a Kine on the machine of each API server, and write the address like {example}",
            )

    return check


def check_host(option: str, value: str) -> None:
    """A host name (RFC 1123) or an address of either kind, as a certificate takes it."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(value)
        return
    if not _NAME.fullmatch(value) or value.rpartition(".")[2].isdecimal():
        raise UsageFailure(f"{option} is not a host name or address", "write it like k3s.example")


def check_endpoint(option: str, value: str) -> None:
    """A URL that stock Kine accepts, without a secret: more people read files than a database."""
    if not value.startswith(("postgres://", "postgresql://")):
        raise UsageFailure(
            f"{option} is not a URL that stock Kine accepts",
            "write postgres://USER@HOST:5433/kubernetes, without a password",
        )
    target = parse(value, option)
    assert isinstance(target, Endpoint)
    if target.password or SECRETS & target.parameters.keys():
        raise UsageFailure(
            f"{option} contains a password, which would be in the files",
            "remove it: the files say where the password goes",
        )
    if not target.hosts or any(not host or host[0] in "/@" for host, _ in target.hosts):
        raise UsageFailure(f"{option} names no host", "write postgres://USER@HOST:5433/kubernetes")


_label = _matching("[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?", "a DNS name (a-z, 0-9 and hyphens)", "yugabytedb")
_image = _matching(
    r"[a-z0-9]+(?:[._/:-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*:(?!latest$)[\w][\w.-]{0,127}",
    "an image with a release (never latest)",
    "yugabytedb/yugabyte:2025.2.8.0-b60",
)
_size = _matching("[1-9][0-9]{0,5}Gi", "a size in Gi", "10Gi")  # the chart reads whole Gi only
_cpu = _matching(r"[1-9][0-9]{0,2}(?:m|\.[0-9])?|[1-9][0-9]{3}m", "a number of CPUs", "2")
_duration = _matching(r"0s|[1-9][0-9]{0,5}(?:ms|s|m)", "a duration", "500ms or 1s")
# Without a unit it was milliseconds in the last release, and would be seconds as everywhere else.
_round_trip = _matching(r"[0-9]{1,6}(?:\.[0-9]{1,6})?(?:ms|s)", "a duration with its unit", "60ms")
_cron = _matching(r"[0-9*/,-]+(?: [0-9A-Za-z*/,-]+){4}", "a schedule of five fields", "'17 3 * * *'")
_kine = _matching(r"v\d+\.\d+\.\d+(?:-k3s\d\.\d+)?", "a release of Kine", "v0.16.4")
_k3s = _matching(r"v\d+\.\d+\.\d+\+k3s\d+", "a release of K3s", "v1.36.4+k3s1")
_zone = _matching(
    r"(?=.{5,60}$)[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*){2}",
    "a place",
    "aws.us-east-1.us-east-1a",
)

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "name": _label,
        "namespace": _label,
        "image": _image,
        "kinetune_image": _image,
        "storage": _size,
        "memory": _size,
        "cpu": _cpu,
        "slow_sql": _duration,
        "rtt": _round_trip,
        "schedule": _cron,
        "kine": _kine,
        "k3s": _k3s,
        "address": check_host,
        "placement": _zone,
        "listen": _loopback("127.0.0.1:2379"),
        "metrics_bind_address": _loopback("127.0.0.1:8080"),
        "endpoint": check_endpoint,
        "base_dir": _path("/var/lib/yugabytedb"),
        "ca_file": _path("/etc/kine/ca.crt"),
        "cert_file": _path("/etc/kine/client.crt"),
        "key_file": _path("/etc/kine/client.key"),
    }
)


def check_text(option: str, name: str, value: str) -> None:
    """UsageFailure for a wrong value of the field `name`; the text is never quoted, it may contain a password."""
    check_one_line(option, value)
    CHECKS[name](option, value)
