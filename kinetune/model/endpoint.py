"""The endpoint of a Kine store. Everything that Kine accepts has the same meaning here."""

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
    A PostgreSQL or YugabyteDB database. str() and repr() show no password, and only the parameters in SHOWN.

    libpq supplies an empty database, user or host and a port of None (service, PG* variables, defaults). `hosts` are
    tried in order; a host that starts with / is the directory of a socket. `parameters` are libpq's keywords. `source`
    is where the endpoint was named. `notes` say what is read in another way than written, or than some Kine releases
    read it. `written` are the names of the parameters in a URL, before they are translated for libpq.
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
        """Keyword arguments for psycopg.connect(), including the password. All values are strings."""
        found = {
            "host": ",".join(host for host, _ in self.hosts),
            "port": ",".join(str(port or "") for _, port in self.hosts),
            "dbname": self.database,
            "user": self.user,
            "password": self.password or "",
        }
        parameters = dict(self.parameters)
        # libpq accepts `ssl=true`, an alias of JDBC, only in URLs; here the endpoint is passed as keywords.
        if parameters.pop("ssl", "") == "true":
            parameters.setdefault("sslmode", "require")
        return {word: value for word, value in found.items() if value} | parameters

    def __str__(self) -> str:
        """
        A text that parse() reads as the same endpoint, without secrets and without parameters that are not in SHOWN.
        """
        if "service" in self.parameters and not self.hosts:
            return f"service={self.parameters['service']}" + (f" dbname={self.database}" if self.database else "")
        shown = {word: self.parameters[word] for word in SHOWN if word in self.parameters}
        # A path is converted to lower case when it is read, so a database with capitals is written as a parameter.
        path = self.database if self.database == self.database.lower() else ""
        shown |= {} if path else {"dbname": self.database}
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        servers = ",".join(map(_host_text, self.hosts))
        # A URL cannot contain the directory of a socket as its host, so hosts become parameters.
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
            raise UsageFailure(
                "the name of an embedded server must have 1 to 32 of a-z, 0-9 and -",
                "write, for example, embedded:demo",
            )

    def __str__(self) -> str:
        return f"embedded:{self.name}"


AnyEndpoint = Endpoint | Embedded


def parse(text: str, source: str = "argument") -> AnyEndpoint:
    """
    The endpoint of a text: `embedded[:NAME]`, a URL as for Kine, or keywords of libpq.

    UsageFailure for any other text. The error names `source` and quotes nothing of the text, which may contain a
    password.
    """
    kind, mark, name = text.strip().partition(":")
    try:
        # `embedded://` would be a URL with an unknown scheme.
        if kind == "embedded" and not name.startswith("//"):
            return Embedded(name) if mark else Embedded()
        words, notes = endpoint_text.read_endpoint(text.strip())
        return replace(_build_endpoint(words, notes, source), written=endpoint_text.parameter_names(text))
    except UsageFailure as failure:
        # `from None`: the original failure is the same without its source.
        raise UsageFailure(f"{source}: {failure.cause}", failure.next_step) from None


def pair_hosts(host: str, port: str) -> tuple[tuple[str, int | None], ...]:
    """
    Hosts and ports of comma-separated lists, paired as libpq and pgx do: one port is used for all hosts, and an empty
    port in a list is 5432. If there is only a host or only a port, libpq supplies the other.
    """
    hosts, ports = host.split(","), port.split(",")
    if len(ports) not in (1, len(hosts)):
        raise UsageFailure(f"{len(ports)} ports for {len(hosts)} hosts", "give one port, or one for each host")
    # Only a list of hosts without any port gets 5432 here; otherwise libpq may take the port from PGPORT or a service.
    if len(hosts) == 1 or any(ports):
        ports = ports if len(ports) > 1 else ports * len(hosts)
    else:
        ports = ["5432"] * len(hosts)
    pairs = zip(hosts, map(_parse_port, ports), strict=True)
    several = len(hosts) > 1
    return tuple((name, number or (5432 if several else None)) for name, number in pairs if name or number or several)


def _build_endpoint(words: endpoint_text.Words, notes: tuple[str, ...], source: str) -> Endpoint:
    place = {word: words.pop(word, "") for word in ("host", "port", "user", "password", "dbname")}
    # If a space or & is missing, the next keyword, possibly a password, is part of a value that is shown.
    shown = [place["host"], place["user"], place["dbname"], *(words.get(word, "") for word in SHOWN)]
    if any("=" in value for value in shown):
        raise UsageFailure("a host, user, database or service contains =", "check for a missing space or &")
    parameters, left_out = _parameters(words)
    return Endpoint(
        database=place["dbname"],
        user=place["user"],
        hosts=pair_hosts(place["host"], place["port"]),
        parameters=parameters,
        password=place["password"] or None,
        source=source,
        notes=notes + tuple(map(_ignored_note, left_out)),
    )


def _ignored_note(word: str) -> str:
    reason = "is for pgx only" if word in PGX else "stops Kine (KT607)"
    return f"parameter {word} is ignored: it {reason}, and libpq does not know it"


def _parameters(words: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """libpq's keywords, with settings of the server as `options`; and the names of parameters that are ignored."""
    known = {word: value for word, value in words.items() if word in LIBPQ}
    settings = {word: value for word, value in words.items() if word not in LIBPQ | PGX | OTHERS}
    options = _libpq_options(known.get("options", ""), settings.items())
    return known | ({"options": options} if options else {}), sorted((PGX | OTHERS) & words.keys())


def _libpq_options(first: str, settings: Iterable[tuple[str, str]]) -> str:
    """
    pgx sends every parameter that it does not know to the server as a setting of the session (such as search_path).

    libpq uses `options` for that. A setting by its own name overrides one in `options`, as on the server.
    """
    # In `options`, blanks separate arguments and a backslash escapes them.
    written = (re.sub(r"([\\\s])", r"\\\1", f"{name}={value}") for name, value in settings)
    return " ".join(filter(None, [first, *(f"-c {setting}" for setting in written)]))


def _parse_port(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise UsageFailure("the port of the endpoint is not a number from 1 to 65535", endpoint_text.ENCODE)
    return int(text)


def _host_text(pair: tuple[str, int | None]) -> str:
    host, port = pair
    # An IPv6 address needs brackets in a URL.
    name = quote(f"[{host}]" if ":" in host else host, safe="[:]")
    return f"{name}:{port}" if port else name
