"""
An endpoint's text, as Kine (a URL) or libpq (keyword=value) writes it, taken apart into libpq's keywords.

Kine's reading is prepareConfig in its pkg/drivers/pgsql/pgsql.go (v0.17.5): net/url, then pgx's ParseConfig.
No failure raised here quotes the text: what a typing error leaves of a password may stand anywhere in it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from kinetune.model.failure import UsageFailure

DATABASE = "kubernetes"
EXAMPLE = "write postgres://USER:PASSWORD@HOST:5432/kubernetes"
ENCODE = "percent-encode special characters of user and password, as in p%40ss for p@ss"
SCHEMES = {"postgres": "", "postgresql": "", "yugabytedb": "5433"}
# What stands for `postgres://` alone: defaultDSN of Kine. The fork dmagda/kine-yugabytedb documents
# yugabytedb://yugabyte:yugabyte@127.0.0.1:5433/yugabyte as its example; its code is in no store we could read.
ALONE = {"yugabytedb": "yugabyte:yugabyte@localhost/"}
FOREIGN = {
    "mysql": "MySQL",
    "http": "etcd",
    "https": "etcd",
    "unix": "etcd",
    "unixs": "etcd",
    "sqlite": "SQLite",
    "nats": "NATS",
    "jetstream": "NATS",
    "t4": "S3",
}
FORK = "yugabytedb:// is the scheme of a fork of Kine: stock Kine and K3s want postgres:// here"
PLUS = "a + in a parameter is read as +, as libpq and Kine v0.16.6, v0.17.2 and later do; older Kine reads a space"
SPACE = "a space in a parameter is read as such; Kine v0.16.6, v0.17.2 and later send a + in its place"
PORTS = "a host without a port has port 5432, as in libpq; Kine before v0.16.6 and v0.17.2 gives it another host's"
WIDE = "Kine refuses this user or password as it stands: percent-encode it there"
# validUserinfo of Go's net/url.
NARROW = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
PAIR = re.compile(r"\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?!')(?:[^\s\\]|\\.)*))(?=\s|$)", re.DOTALL)
HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]*))(?::(.*))?")

Words = dict[str, str]


def read(text: str) -> tuple[Words, tuple[str, ...]]:
    """Keywords of libpq (host and port as comma-separated lists) with notes on what was read otherwise than written."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise UsageFailure("the endpoint contains a control character", ENCODE)
    scheme, mark, rest = text.partition("://")
    if mark and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        return _from_url(scheme, rest)
    if "=" in text:
        return _from_keywords(text), ()
    raise UsageFailure("the endpoint is empty" if not text else "the endpoint is not a URL", EXAMPLE)


def _from_url(scheme: str, rest: str) -> tuple[Words, tuple[str, ...]]:
    if scheme in FOREIGN:
        raise UsageFailure(f"{scheme}:// is {FOREIGN[scheme]}, kinetune knows PostgreSQL and YugabyteDB", EXAMPLE)
    if scheme not in SCHEMES:
        raise UsageFailure("the endpoint has a scheme that Kine does not know", EXAMPLE)
    place, _, query = (rest or ALONE.get(scheme, "postgres:postgres@localhost/")).partition("?")
    authority, _, path = place.partition("/")
    _refuse_stray(path, query, rest)
    account, _, servers = authority.rpartition("@")
    words, notes = _account(account) | _servers(servers, SCHEMES[scheme]), []
    words["dbname"] = _decode(path).lower() or DATABASE
    parameters = _parameters(query)
    if scheme == "yugabytedb":
        words = {"user": "yugabyte"} | words
        notes = [FORK]
    notes += _notes(authority, path, query)
    return words | parameters, tuple(notes)


def _refuse_stray(path: str, query: str, rest: str) -> None:
    """
    Signs of a password that was not percent-encoded, parts of which would be taken for a host, database or parameter.

    Kine takes an @ there (not a #); written as %40 it means the same to both.
    """
    pairs = (pair.partition("=") for pair in query.split("&"))
    if "@" in path or any("@" in name or ("@" in value and "password" not in name) for name, _, value in pairs):
        raise UsageFailure("the endpoint has an @ after its path began", ENCODE)
    if "#" in rest or " " in rest.partition("/")[0]:
        raise UsageFailure("the endpoint contains a #, or a space in its first part", ENCODE)


def _account(account: str) -> Words:
    user, _, password = account.partition(":")
    found = {"user": _decode(user), "password": _decode(password)}
    return {word: value for word, value in found.items() if value}


def _servers(servers: str, port: str) -> Words:
    """`h1:p1,h2` as lists of equal length. Brackets of IPv6 addresses are taken off."""
    matches = [HOST.fullmatch(server) for server in servers.split(",")]
    if not all(matches):
        raise UsageFailure("the endpoint's host cannot be read", f"{ENCODE}; write IPv6 addresses in brackets")
    hosts = [_decode(match[1] or match[2]) for match in matches if match]
    ports = [_decode(match[3] or port) for match in matches if match]
    found = {"host": ",".join(hosts), "port": ",".join(ports)}
    return {word: value for word, value in found.items() if value}


def _parameters(query: str) -> Words:
    """The first of each name counts (`v[0]` in Kine); dbname wins over its other name, since Kine sorts them."""
    found: Words = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        found.setdefault(_decode(name), _decode(value))
    if "database" in found:
        found.setdefault("dbname", found.pop("database"))
        found.pop("database", None)
    return found


_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_SECRET = re.compile("(?!passfile$).*(?:pas|pw|secret|token)", re.IGNORECASE)
_PARAMETER = re.compile(r"[A-Za-z_][\w.-]{0,62}")


def parameter_names(text: str) -> tuple[str, ...]:
    """
    Names of a URL's parameters. None behind one that may hold a password: an & in it would make a name of its rest.
    """
    names: dict[str, None] = {}
    query = text.partition("?")[2] if _URL.match(text) else ""
    for name, mark, _ in (pair.partition("=") for pair in query.split("&")):
        name = unquote(name).strip()
        if mark and _PARAMETER.fullmatch(name):
            names[name] = None
        if _SECRET.match(name):
            break
    return tuple(names)


def _notes(authority: str, path: str, query: str) -> list[str]:
    account, _, servers = authority.rpartition("@")
    database, ports = _decode(path), [server.rpartition("]")[2].partition(":")[2] for server in servers.split(",")]
    found = {
        f"database {database} is read as {database.lower()}, as Kine does from v0.13.0": database != database.lower(),
        PORTS: any(ports) and not all(ports),
        PLUS: "+" in query,
        SPACE: "%20" in query or " " in query,
        WIDE: not NARROW.fullmatch(account),
    }
    return [note for note, holds in found.items() if holds]


def _decode(text: str) -> str:
    """Percent-decoded; a broken escape, a NUL or bytes that are not UTF-8 are refused, as Go and libpq refuse them."""
    if re.search("%(?![0-9A-Fa-f]{2})|%00", text):
        raise UsageFailure("the endpoint contains a % that is no escape", "write %25 for a percent sign")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UsageFailure("the endpoint is not UTF-8 when percent-decoded", ENCODE) from None


def _from_keywords(text: str) -> Words:
    """
    libpq's `host=… dbname=…`, which Kine itself does not take. The last of each name counts, nothing is lower-cased.

    Without service and without dbname (or with an empty one) the database is kubernetes: libpq's own default, the
    user's name, holds no Kine.
    """
    words: Words = {}
    position = 0
    while match := PAIR.match(text, position):
        quoted, bare = match[2], match[3]
        words[match[1]] = re.sub(r"\\(.)", r"\1", quoted if quoted is not None else bare, flags=re.DOTALL)
        position = match.end()
    if text[position:].strip():
        raise UsageFailure("the endpoint's keywords cannot be read", "write host=… user=… dbname=…, quote with '…'")
    return words if words.get("dbname") or "service" in words else words | {"dbname": DATABASE}
