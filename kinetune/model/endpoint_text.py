"""
Parse the text of an endpoint, a URL (Kine) or keyword=value pairs (libpq), into libpq's keywords.

Kine's parser is prepareConfig in its pkg/drivers/pgsql/pgsql.go (v0.17.5): net/url, then pgx's ParseConfig. Errors
never quote the text: after a typing error, a part of the password may be anywhere in it.
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
FORK = "yugabytedb:// is the scheme of a fork of Kine; stock Kine and K3s need postgres://"
PLUS = "a + in a parameter is read as +, as libpq and Kine v0.16.6, v0.17.2 and later do; older Kine reads a space"
SPACE = "a space in a parameter is read as a space; Kine v0.16.6, v0.17.2 and later send a + instead"
PORTS = "a host without a port has port 5432, as in libpq; Kine before v0.16.6 and v0.17.2 uses another host's port"
WIDE = "Kine rejects this user or password: percent-encode it in Kine's endpoint"
# validUserinfo of Go's net/url.
NARROW = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
PAIR = re.compile(r"\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?!')(?:[^\s\\]|\\.)*))(?=\s|$)", re.DOTALL)
HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]*))(?::(.*))?")

Words = dict[str, str]


def read_endpoint(text: str) -> tuple[Words, tuple[str, ...]]:
    """Keywords of libpq (host and port as comma-separated lists), and notes on what was read in another way."""
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
        raise UsageFailure(
            f"{scheme}:// is {FOREIGN[scheme]}, but kinetune supports only PostgreSQL and YugabyteDB", EXAMPLE
        )
    if scheme not in SCHEMES:
        raise UsageFailure("the endpoint has a scheme that Kine does not know", EXAMPLE)
    place, _, query = (rest or ALONE.get(scheme, "postgres:postgres@localhost/")).partition("?")
    authority, _, path = place.partition("/")
    # Checked before anything is parsed, so that no part of a password becomes a host that is shown.
    _refuse_stray(path, query, rest)
    account, _, servers = authority.rpartition("@")
    words, notes = _parse_account(account) | _parse_servers(servers, SCHEMES[scheme]), []
    # Kine converts the name to lower case from v0.13.0 on.
    words["dbname"] = _percent_decode(path).lower() or DATABASE
    parameters = _parse_parameters(query)
    if scheme == "yugabytedb":
        # The default user of the fork's driver.
        words = {"user": "yugabyte"} | words
        notes = [FORK]
    notes += _reading_notes(authority, path, query)
    return words | parameters, tuple(notes)


def _refuse_stray(path: str, query: str, rest: str) -> None:
    """
    Raise UsageFailure for signs of a password that was not percent-encoded: a part of it would be read as a host, a
    database or a parameter, and shown.

    Kine accepts an @ there (not a #). Written as %40, it has the same meaning for Kine and kinetune.
    """
    pairs = (pair.partition("=") for pair in query.split("&"))
    if "@" in path or any("@" in name or ("@" in value and "password" not in name) for name, _, value in pairs):
        raise UsageFailure("the endpoint contains an @ in its path or parameters", ENCODE)
    if "#" in rest or " " in rest.partition("/")[0]:
        raise UsageFailure("the endpoint contains a #, or a space in its first part", ENCODE)


def _parse_account(account: str) -> Words:
    user, _, password = account.partition(":")
    found = {"user": _percent_decode(user), "password": _percent_decode(password)}
    return {word: value for word, value in found.items() if value}


def _parse_servers(servers: str, port: str) -> Words:
    """`h1:p1,h2` as two lists of equal length. Brackets of IPv6 addresses are removed."""
    matches = [HOST.fullmatch(server) for server in servers.split(",")]
    if not all(matches):
        raise UsageFailure("the host of the endpoint is not valid", f"{ENCODE}; write IPv6 addresses in brackets")
    hosts = [_percent_decode(match[1] or match[2]) for match in matches if match]
    ports = [_percent_decode(match[3] or port) for match in matches if match]
    found = {"host": ",".join(hosts), "port": ",".join(ports)}
    return {word: value for word, value in found.items() if value}


def _parse_parameters(query: str) -> Words:
    """The first value of each name is used (`v[0]` in Kine). dbname overrides `database`, because Kine sorts them."""
    found: Words = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        found.setdefault(_percent_decode(name), _percent_decode(value))
    if "database" in found:
        found.setdefault("dbname", found.pop("database"))
        # libpq does not know the name `database`.
        found.pop("database", None)
    return found


_URL = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_SECRET = re.compile("(?!passfile$).*(?:pas|pw|secret|token)", re.IGNORECASE)
_PARAMETER = re.compile(r"[A-Za-z_][\w.-]{0,62}")


def parameter_names(text: str) -> tuple[str, ...]:
    """
    Names of the parameters in a URL, up to one that may contain a password: an & in the password would make its rest
    look like a name.
    """
    names: dict[str, None] = {}
    query = text.partition("?")[2] if _URL.match(text) else ""
    for name, mark, _ in (pair.partition("=") for pair in query.split("&")):
        # The name is compared after decoding, as the drivers do, so that an encoded `password` is recognised too.
        name = unquote(name).strip()
        if mark and _PARAMETER.fullmatch(name):
            names[name] = None
        if _SECRET.match(name):
            break
    return tuple(names)


def _reading_notes(authority: str, path: str, query: str) -> list[str]:
    account, _, servers = authority.rpartition("@")
    database, ports = (
        _percent_decode(path),
        [server.rpartition("]")[2].partition(":")[2] for server in servers.split(",")],
    )
    found = {
        f"database {database} is read as {database.lower()}, as Kine does from v0.13.0": database != database.lower(),
        PORTS: any(ports) and not all(ports),
        PLUS: "+" in query,
        SPACE: "%20" in query or " " in query,
        WIDE: not NARROW.fullmatch(account),
    }
    return [note for note, holds in found.items() if holds]


def _percent_decode(text: str) -> str:
    """Percent-decode. UsageFailure for an invalid escape, a NUL or bytes that are not UTF-8, as in Go and libpq."""
    if re.search("%(?![0-9A-Fa-f]{2})|%00", text):
        raise UsageFailure("the endpoint contains a % that is not an escape", "write %25 for a percent sign")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UsageFailure("the endpoint is not UTF-8 when percent-decoded", ENCODE) from None


def _from_keywords(text: str) -> Words:
    """
    Keywords of libpq, `host=… dbname=…`, which Kine itself does not accept. The last value of each name is used.

    Without a service and without dbname the database is kubernetes, as in a URL; libpq's default would be the name of
    the user.
    """
    words: Words = {}
    position = 0
    while match := PAIR.match(text, position):
        quoted, bare = match[2], match[3]
        words[match[1]] = re.sub(r"\\(.)", r"\1", quoted if quoted is not None else bare, flags=re.DOTALL)
        position = match.end()
    if text[position:].strip():
        raise UsageFailure(
            "the keywords of the endpoint are not valid", "write host=… user=… dbname=…, and quote values with '…'"
        )
    return words if words.get("dbname") or "service" in words else words | {"dbname": DATABASE}
