"""Where a Kine store is: an endpoint as a value. Everything Kine accepts means here what it means to Kine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from kinetune.model import endpoint_text
from kinetune.model.failure import UsageFailure

# PQconndefaults() of libpq 18, without host, port, user, password and dbname; `ssl` is its JDBC alias in URLs.
_LIBPQ = """
application_name channel_binding client_encoding connect_timeout fallback_application_name gssdelegation gssencmode
gsslib hostaddr keepalives keepalives_count keepalives_idle keepalives_interval krbsrvname load_balance_hosts
max_protocol_version min_protocol_version oauth_client_id oauth_client_secret oauth_issuer oauth_scope options
passfile replication require_auth requirepeer scram_client_key scram_server_key service ssl ssl_max_protocol_version
ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode
sslnegotiation sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout
"""
# pgx v5.12: conn.go ParseConfigWithOptions, pgconn/config.go, pgxpool/pool.go. None of them says where the store is.
_PGX = """
default_query_exec_mode description_cache_capacity krbspn pool_health_check_period pool_max_conn_idle_time
pool_max_conn_lifetime pool_max_conn_lifetime_jitter pool_max_conns pool_min_conns pool_min_idle_conns servicefile
statement_cache_capacity
"""
# Parameters of other drivers (JDBC, Prisma, Npgsql, YugabyteDB's own). pgx sends them to the server, which knows none:
# each connection of Kine's fails (42704; tried with Kine v0.17.5, docs/facts/kine.md §9.4).
_OTHERS = """
ApplicationName binary_parameters charset connection_limit currentSchema load-balance load_balance loggerLevel max_conns
parseTime pgbouncer pool_timeout prefer_simple_protocol prepareThreshold prepare_threshold reWriteBatchedInserts schema
serverTimezone simple_protocol sslaccept statement_cache_mode timeout topology_keys useSSL
"""
LIBPQ = frozenset(_LIBPQ.split())
OTHERS = frozenset(_OTHERS.split())
PGX = frozenset(_PGX.split())
SHOWN = ("service", "sslmode", "target_session_attrs")


@dataclass(frozen=True)
class Endpoint:
    """
    A PostgreSQL or YugabyteDB database. Neither str() nor repr() shows a password or any parameter but those of SHOWN.

    An empty database, user or host and a port of None are left to libpq (service, PG* variables, defaults). `hosts` are
    tried in order; a host that begins with / is a socket's directory. `parameters` are libpq's keywords. `source` says
    who named the endpoint, `notes` what is read otherwise than written or than some Kine reads it. `written` are names
    of parameters as a URL has them, which Kine's driver may read otherwise.
    """

    database: str = endpoint_text.DATABASE
    user: str = ""
    hosts: tuple[tuple[str, int | None], ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    password: str | None = field(default=None, repr=False)
    source: str = "argument"
    notes: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def libpq(self) -> dict[str, Any]:
        """Keyword arguments for psycopg.connect(), strings all of them, the password among them."""
        found = {
            "host": ",".join(host for host, _ in self.hosts),
            "port": ",".join(str(port or "") for _, port in self.hosts),
            "dbname": self.database,
            "user": self.user,
            "password": self.password or "",
        }
        parameters = dict(self.parameters)
        if parameters.pop("ssl", "") == "true":
            parameters.setdefault("sslmode", "require")
        return {word: value for word, value in found.items() if value} | parameters

    def __str__(self) -> str:
        """A text that parse() reads as this place again, without secrets and without what SHOWN leaves out."""
        if "service" in self.parameters and not self.hosts:
            return f"service={self.parameters['service']}" + (f" dbname={self.database}" if self.database else "")
        shown = {word: self.parameters[word] for word in SHOWN if word in self.parameters}
        # A path is lower-cased when read; and an empty one is kubernetes.
        path = self.database if self.database == self.database.lower() else ""
        shown |= {} if path else {"dbname": self.database}
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        servers = ",".join(map(_server, self.hosts))
        if any(host[:1] in ("", "/", "@") for host, _ in self.hosts):
            shown = {word: value for word, value in self.libpq().items() if word in ("host", "port")} | shown
            servers = ""
        query = urlencode(shown, safe="/,", quote_via=quote)
        return f"postgres://{user}{servers}/{quote(path)}{'?' if query else ''}{query}"


@dataclass(frozen=True)
class Embedded:
    """A private PostgreSQL on this machine, by name: lower-case letters, digits and hyphens, 32 at most."""

    name: str = "default"

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z0-9-]{1,32}", self.name):
            raise UsageFailure("the name of an embedded server is not [a-z0-9-]{1,32}", "write embedded:demo")

    def __str__(self) -> str:
        return f"embedded:{self.name}"


Target = Endpoint | Embedded


def parse(text: str, source: str = "argument") -> Target:
    """
    The target a text names: `embedded[:NAME]`, a URL of Kine's, or libpq's keywords.

    UsageFailure otherwise, with `source` for the thing and never a word of the text, which may hold a password.
    """
    kind, mark, name = text.strip().partition(":")
    try:
        if kind == "embedded" and not name.startswith("//"):
            return Embedded(name) if mark else Embedded()
        words, notes = endpoint_text.read(text.strip())
        return replace(_endpoint(words, notes, source), written=endpoint_text.parameter_names(text))
    except UsageFailure as failure:
        raise UsageFailure(f"{source}: {failure.cause}", failure.next_step) from None


def hosts_of(host: str, port: str) -> tuple[tuple[str, int | None], ...]:
    """
    Comma-separated lists paired as libpq and pgx pair them: one port holds for all, an empty one is 5432.

    A single host without a port leaves it to libpq; a port without a host leaves the host to it.
    """
    hosts, ports = host.split(","), port.split(",")
    if len(ports) not in (1, len(hosts)):
        raise UsageFailure(f"{len(ports)} ports do not fit {len(hosts)} hosts", "give one port, or one for each host")
    if len(hosts) == 1 or any(ports):
        ports = ports if len(ports) > 1 else ports * len(hosts)
    else:
        ports = ["5432"] * len(hosts)
    pairs = zip(hosts, map(_port, ports), strict=True)
    several = len(hosts) > 1
    return tuple((name, number or (5432 if several else None)) for name, number in pairs if name or number or several)


def _endpoint(words: endpoint_text.Words, notes: tuple[str, ...], source: str) -> Endpoint:
    place = {word: words.pop(word, "") for word in ("host", "port", "user", "password", "dbname")}
    # A forgotten space or & glues the next keyword, maybe a password, to a name that is shown.
    shown = [place["host"], place["user"], place["dbname"], *(words.get(word, "") for word in SHOWN)]
    if any("=" in value for value in shown):
        raise UsageFailure("a host, user, database or service contains =", "look for a missing space or &")
    parameters, left_out = _parameters(words)
    return Endpoint(
        database=place["dbname"],
        user=place["user"],
        hosts=hosts_of(place["host"], place["port"]),
        parameters=parameters,
        password=place["password"] or None,
        source=source,
        notes=notes + tuple(map(_left_out, left_out)),
    )


def _left_out(word: str) -> str:
    whose = "is pgx's" if word in PGX else "stops Kine (KT607)"
    return f"parameter {word} {whose}, libpq does not know it: left out"


def _parameters(words: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """libpq's keywords, with all that no driver knows as `options`; and the names of those that are left out."""
    known = {word: value for word, value in words.items() if word in LIBPQ}
    settings = {word: value for word, value in words.items() if word not in LIBPQ | PGX | OTHERS}
    options = _options(known.get("options", ""), settings.items())
    return known | ({"options": options} if options else {}), sorted((PGX | OTHERS) & words.keys())


def _options(first: str, settings: Iterable[tuple[str, str]]) -> str:
    """
    pgx sends every parameter it does not know at startup, as a setting of the session (search_path, say).

    libpq has `options` for that. A setting by name wins over one in `options`, as on the server.
    """
    written = (re.sub(r"([\\\s])", r"\\\1", f"{name}={value}") for name, value in settings)
    return " ".join(filter(None, [first, *(f"-c {setting}" for setting in written)]))


def _port(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise UsageFailure("the endpoint's port is not a number from 1 to 65535", endpoint_text.ENCODE)
    return int(text)


def _server(pair: tuple[str, int | None]) -> str:
    host, port = pair
    name = quote(f"[{host}]" if ":" in host else host, safe="[:]")
    return f"{name}:{port}" if port else name
