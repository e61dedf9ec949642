"""A datastore endpoint in a file: what Kine makes of it, without its password."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from kinetune.config.lexer import VARIABLE
from kinetune.model.configuration import EndpointRead
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.endpoint_text import ENCODE, EXAMPLE, FOREIGN, FORK, NARROW, WIDE, parameter_names
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_STAND_IN = "kinetunevariable"
_PORT = re.compile(f":{VARIABLE}(?=[/,?]|$)")
_SECRET = re.compile(r"(?:^|[?&\s])(?:ssl)?password\s*=\s*([^&\s]+)", re.IGNORECASE)
_READER = re.compile(r"^[^.]+-(?:ro|repl|replicas)(?:\.|$)|\.cluster-ro-", re.IGNORECASE)
"""Services of replicas alone: CloudNativePG's -ro, Zalando's -repl, Crunchy's -replicas, Aurora's cluster-ro-."""
_POOLER = re.compile(r"pg-?bouncer|pgcat|odyssey|(^|[.-])pooler([.-]|$)", re.IGNORECASE)
_POOLER_PORTS = frozenset((6432, 6543))
"""PgBouncer's own, and that of Supabase's transaction pooler."""
YSQL_PORT = 5433
READER = "a host's name is that of read replicas, which take no writes"
SEVERAL = "several hosts without target_session_attrs: Kine takes the first that answers, which may be a standby"
VERBATIM = (
    "the database's name is taken as written, with the / or blank in it: another database, created where Kine may"
)
SMALL = "the database's name has capitals and is read in small letters, as Kine does from v0.13.0"
_UNPREPARED = ("exec", "simple_protocol")
"""pgx's modes that need nothing of a connection but the one message (facts/kine.md §3 has the first)."""

_VALUES: Mapping[str, tuple[str, ...]] = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "default_query_exec_mode": ("cache_statement", "cache_describe", "describe_exec", *_UNPREPARED),
}
"""pgx ends Kine's start at any other value (tests/kine/test_endpoint_values.py)."""


@dataclass(frozen=True)
class Read:
    """What Kine makes of it (None where a variable holds all of it), and whether a password stands in it."""

    endpoint: EndpointRead | None
    password: bool


def read(text: str, place: Place) -> Read:
    """Nothing is quoted but the host, the database and the names of parameters. A blank at the end is Kine's too."""
    text = text.lstrip().rstrip("\r\n")
    if not text.strip() or not text.replace(VARIABLE, ""):
        return Read(None, password=False)
    return Read(_endpoint(text, place), _has_password(text))


def _endpoint(text: str, place: Place) -> EndpointRead | None:
    scheme, mark, rest = text.partition("://")
    if not mark:
        kind = "keyword=value is libpq's form" if "=" in text else "it is no URL"
        return EndpointRead(place, refused=f"Kine takes a URL and nothing else ({kind}); {EXAMPLE}")
    if scheme in FOREIGN:
        return EndpointRead(place, scheme, foreign=FOREIGN[scheme])
    if scheme == "yugabytedb":
        return EndpointRead(place, scheme, refused=FORK)
    filled = _PORT.sub(":5432", text).replace(VARIABLE, _STAND_IN)
    try:
        target = parse(filled, "the endpoint")
    except UsageFailure as failure:
        cause = failure.cause.removeprefix("the endpoint: ")
        return None if VARIABLE in text else EndpointRead(place, refused=f"{cause}; {failure.next_step}")
    assert isinstance(target, Endpoint)
    return _accepted(target, rest, EndpointRead(place, scheme))


def _accepted(target: Endpoint, rest: str, found: EndpointRead) -> EndpointRead:
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    account = authority.rpartition("@")[0].replace(VARIABLE, "")
    wide = not NARROW.fullmatch(account)
    return EndpointRead(
        place=found.place,
        scheme=found.scheme,
        database=bool(path) or bool(re.search("(^|&)(dbname|database)=", query)),
        pooler=next(filter(None, map(_pooler, target.hosts)), ""),
        refused=f"Kine refuses its user or password as written; {ENCODE}" if wide else next(_refused(query), ""),
        notes=(*map(_bare, filter(_is_kines, target.notes)), *_notes(target, unquote(path))),
        prepares=not _unprepared(rest),
        parameters=parameter_names(f"{found.scheme}://{rest}"),
        quoted=bool(path) and VARIABLE not in path and not _UNQUOTED.fullmatch(unquote(path)),
    )


def _notes(target: Endpoint, path: str) -> Iterator[str]:
    """What is read as written and seldom meant."""
    if re.search(r"[/\s]", path):
        yield VERBATIM
    if any(_READER.search(host) for host, _ in target.hosts):
        yield READER
    ports = {port for _, port in target.hosts}  # any node of YugabyteDB takes writes
    if len(target.hosts) > 1 and YSQL_PORT not in ports and "target_session_attrs" not in target.parameters:
        yield SEVERAL


_UNQUOTED = re.compile("[a-z_][a-z0-9_]*")
"""A name that CREATE DATABASE takes without quotes."""


def _refused(query: str) -> Iterator[str]:
    given = dict(parse_qsl(query))
    if given.get("statement_cache_capacity") == "0" and "default_query_exec_mode" not in given:
        yield "Kine does not start without a cache of statements; add default_query_exec_mode=exec, or remove it"
    if given.get("ssl", "true") not in ("true", VARIABLE):
        yield "Kine does not start with this ssl; write sslmode=require, or sslmode=disable"
    for name, value in given.items():
        if VARIABLE not in value and value not in _VALUES.get(name, (value,)):
            yield f"Kine does not start with this {name}; write one of {', '.join(_VALUES[name])}"


def _pooler(server: tuple[str, int | None]) -> str:
    host, port = server
    if _POOLER.search(host):
        return "its host's name"
    return f"port {port}" if port in _POOLER_PORTS else ""


def _is_kines(note: str) -> bool:
    """What concerns Kine and is not told otherwise: not that libpq leaves pgx's parameters out."""
    return note != WIDE and "libpq does not know" not in note


def _bare(note: str) -> str:
    """Without the database's name."""
    return SMALL if note.startswith("database ") else note


def _unprepared(rest: str) -> bool:
    mode = re.search(r"[?&]default_query_exec_mode=([a-z_]+)", rest)
    return mode is not None and mode[1] in _UNPREPARED


def _has_password(text: str) -> bool:
    """Whether one is written out; a variable in its place is as it should be."""
    _, mark, rest = text.partition("://")
    password = rest.rpartition("@")[0].partition(":")[2] if mark else ""
    others = _SECRET.findall(text)
    return any(value and VARIABLE not in value for value in (password, *others))
