"""A datastore endpoint in a file: how Kine reads it, without its password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from kinetune.config.words import VARIABLE
from kinetune.model.configuration import ConfiguredEndpoint
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.endpoint_text import ENCODE, EXAMPLE, FOREIGN, FORK, NARROW, WIDE, parameter_names
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_STAND_IN = "kinetunevariable"
_PORT = re.compile(f":{VARIABLE}(?=[/,?]|$)")
_SECRET = re.compile(r"(?:^|[?&\s])(?:ssl)?password\s*=\s*([^&\s]+)", re.IGNORECASE)
# Names of services of replicas: CloudNativePG's -ro, Zalando's -repl, Crunchy's -replicas, Aurora's cluster-ro-.
_READER = re.compile(r"^[^.]+-(?:ro|repl|replicas)(?:\.|$)|\.cluster-ro-", re.IGNORECASE)
_POOLER = re.compile(r"pg-?bouncer|pgcat|odyssey|(^|[.-])pooler([.-]|$)", re.IGNORECASE)
# The default ports of PgBouncer and of Supabase's transaction pooler.
_POOLER_PORTS = frozenset((6432, 6543))
YSQL_PORT = 5433
REPLICA_HOST = "a host name is that of read replicas, which reject writes"
SEVERAL_HOSTS = "several hosts without target_session_attrs: Kine uses the first that responds, which may be a standby"
UNUSUAL_DATABASE = "the database name contains a / or a blank: Kine uses another database, and creates it if it may"
LOWERCASED = "the database name has capitals: Kine v0.13.0 and later reads it in lower case"
# Modes of pgx that keep no prepared statements (docs/facts/kine.md §3).
_UNPREPARED = ("exec", "simple_protocol")

# pgx ends Kine's start at any other value (tests/kine/test_endpoint_values.py).
_VALUES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "default_query_exec_mode": ("cache_statement", "cache_describe", "describe_exec", *_UNPREPARED),
}


@dataclass(frozen=True)
class EndpointReading:
    """The endpoint as Kine reads it (None where a variable holds all of it), and whether it contains a password."""

    endpoint: ConfiguredEndpoint | None
    password: bool


def is_template(text: str) -> bool:
    """Whether Helm or Jinja has to render a text before it is what it looks like."""
    return "{{" in text or "{%" in text


def read_endpoint(text: str, place: FileLocation) -> EndpointReading:
    """Nothing is kept that may be a piece of a password. A blank at the end stays: Kine keeps it too."""
    text = _TEMPLATE.sub(VARIABLE, text.lstrip().rstrip("\r\n"))
    if not text.strip() or not text.replace(VARIABLE, ""):
        return EndpointReading(None, password=False)
    return EndpointReading(_parse_endpoint(text, place), _has_password(text))


def _parse_endpoint(text: str, place: FileLocation) -> ConfiguredEndpoint | None:
    scheme, mark, rest = text.partition("://")
    if not mark:
        kind = "keyword=value is libpq's form" if "=" in text else "this is not a URL"
        return ConfiguredEndpoint(place, refused=f"it accepts only a URL ({kind}); {EXAMPLE}")
    if scheme in FOREIGN:
        return ConfiguredEndpoint(place, scheme, foreign=FOREIGN[scheme])
    if scheme == "yugabytedb":
        return ConfiguredEndpoint(place, scheme, refused=FORK)
    filled = _PORT.sub(":5432", text).replace(VARIABLE, _STAND_IN)
    try:
        target = parse(filled, "the endpoint")
    except UsageFailure as failure:
        cause = failure.cause.removeprefix("the endpoint: ")
        return None if VARIABLE in text else ConfiguredEndpoint(place, refused=f"{cause}; {failure.next_step}")
    assert isinstance(target, Endpoint)
    return _describe_accepted(target, rest, ConfiguredEndpoint(place, scheme))


def _describe_accepted(target: Endpoint, rest: str, found: ConfiguredEndpoint) -> ConfiguredEndpoint:
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    account = authority.rpartition("@")[0].replace(VARIABLE, "")
    wide = not NARROW.fullmatch(account)
    return ConfiguredEndpoint(
        place=found.place,
        scheme=found.scheme,
        database=bool(path) or bool(re.search("(^|&)(dbname|database)=", query)),
        pooler=next(filter(None, map(_pooler_sign, target.hosts)), ""),
        refused=f"its user or password contains characters that a URL cannot; {ENCODE}"
        if wide
        else next(_refusals(query), ""),
        notes=(*map(_without_name, filter(_is_kines, target.notes)), *_endpoint_notes(target, unquote(path))),
        prepares=not _prepares_nothing(rest),
        parameters=parameter_names(f"{found.scheme}://{rest}"),
        quoted=bool(path) and VARIABLE not in path and not _UNQUOTED.fullmatch(unquote(path)),
    )


def _endpoint_notes(target: Endpoint, path: str) -> Iterator[str]:
    """What Kine reads as written, and a user rarely means."""
    if re.search(r"[/\s]", path):
        yield UNUSUAL_DATABASE
    if any(_READER.search(host) for host, _ in target.hosts):
        yield REPLICA_HOST
    ports = {port for _, port in target.hosts}  # any node of YugabyteDB takes writes
    if len(target.hosts) > 1 and YSQL_PORT not in ports and "target_session_attrs" not in target.parameters:
        yield SEVERAL_HOSTS


# A name that CREATE DATABASE takes without quotes.
_UNQUOTED = re.compile("[a-z_][a-z0-9_]*")


def _refusals(query: str) -> Iterator[str]:
    given = dict(parse_qsl(query))
    if given.get("statement_cache_capacity") == "0" and "default_query_exec_mode" not in given:
        yield "it does not start with statement_cache_capacity=0; add default_query_exec_mode=exec, or remove it"
    if given.get("ssl", "true") not in ("true", VARIABLE):
        yield "it does not start with this value of ssl; write sslmode=require or sslmode=disable"
    for name, value in given.items():
        if VARIABLE not in value and value not in _VALUES.get(name, (value,)):
            yield f"it does not start with this value of {name}; write one of {', '.join(_VALUES[name])}"


def _pooler_sign(server: tuple[str, int | None]) -> str:
    host, port = server
    if _POOLER.search(host):
        return "its host's name"
    return f"port {port}" if port in _POOLER_PORTS else ""


def _is_kines(note: str) -> bool:
    """Whether a note is about Kine and not reported otherwise: libpq ignores parameters of pgx, Kine does not."""
    return note != WIDE and "libpq does not know" not in note


def _without_name(note: str) -> str:
    """The note without the name of the database, which may be a piece of a password."""
    return LOWERCASED if note.startswith("database ") else note


def _prepares_nothing(rest: str) -> bool:
    mode = re.search(r"[?&]default_query_exec_mode=([a-z_]+)", rest)
    return mode is not None and mode[1] in _UNPREPARED


def _has_password(text: str) -> bool:
    """Whether a password is written out; a variable in its place is right."""
    _, mark, rest = text.partition("://")
    password = rest.rpartition("@")[0].partition(":")[2] if mark else ""
    others = _SECRET.findall(text)
    return any(value and VARIABLE not in value for value in (password, *others))
