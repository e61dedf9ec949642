"""
The endpoint of Kine's MySQL driver: `mysql://USER:PASSWORD@tcp(HOST:PORT)/DATABASE?tls=true`.

Parsed as by ParseDSN of github.com/go-sql-driver/mysql v1.10.1 and prepareConfig of Kine v0.17.5
(pkg/drivers/mysql/mysql.go). User and password are not percent-encoded, and may contain any character but an @ in the
user. Errors never quote the text: after a typing error, a part of the password may be anywhere in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, unquote_plus

from kinetune.model.failure import UsageFailure

EXAMPLE = "write mysql://USER:PASSWORD@tcp(HOST:3306)/DATABASE or mysql://USER@unix(/run/mysqld/mysqld.sock)/DATABASE"
SCHEME = "mysql://"
ALONE = "root@unix(/var/run/mysqld/mysqld.sock)/"
DATABASE = "kubernetes"
PORT = 3306
# [user[:password]@][net[(address)]]/database[?parameters]: the last @ before the last /, and the first ( after it.
_PLACE = re.compile(r"(?:(?P<account>.*)@)?(?P<net>[^@(]*)(?:\((?P<address>[^@]*)\))?", re.DOTALL)
_FILES = re.compile(r"[?&]ssl-(?:ca|cert|key)=")
_HOST = re.compile(r"(?:\[(?P<bracketed>[^\[\]]+)\]|(?P<host>[^:\[\]]*))(?::(?P<port>\d{1,5}))?")
_TRUE = ("1", "true", "TRUE", "True")
_FALSE = ("0", "false", "FALSE", "False")


class MysqlTls(StrEnum):
    """How the connection is encrypted. IF_OFFERED: not verified, and not required."""

    IF_OFFERED = "preferred"
    OFF = "false"
    UNVERIFIED = "skip-verify"
    VERIFIED = "true"


@dataclass(frozen=True)
class MysqlEndpoint:
    """
    A database of MySQL or MariaDB. str() and repr() show no password and no files.

    `socket` is a path, or empty for TCP. `ca_file`, `cert_file` and `key_file` are what Kine has as --ca-file,
    --cert-file and --key-file (K3s: --datastore-cafile …); in the text they are the parameters ssl-ca, ssl-cert and
    ssl-key, the names of MySQL's own client.
    """

    user: str = ""
    host: str = "127.0.0.1"
    port: int = PORT
    socket: str = ""
    database: str = DATABASE
    tls: MysqlTls = MysqlTls.IF_OFFERED
    ca_file: str = field(default="", repr=False)
    cert_file: str = field(default="", repr=False)
    key_file: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        address = f"unix({self.socket})" if self.socket else f"tcp({host}:{self.port})"
        return f"{SCHEME}{self.user}{'@' if self.user else ''}{address}/{self.database}"


def parse_mysql_endpoint(text: str) -> MysqlEndpoint:
    """The endpoint of a text that begins with `mysql://`. UsageFailure for a text that Kine would reject too."""
    text = text.removeprefix(SCHEME)
    # Parameters of kinetune: cut off first, because in the rest the last / is that before the database.
    files = match.start() if (match := _FILES.search(text)) else len(text)
    place, slash, rest = (text[:files] or ALONE).rpartition("/")
    if not slash:
        raise UsageFailure("the MySQL endpoint has no / before the name of its database", EXAMPLE)
    match = _PLACE.fullmatch(place)
    if match is None:
        raise UsageFailure("the address in the MySQL endpoint is not closed by )/", EXAMPLE)
    user, _, password = (match["account"] or "").partition(":")
    name, _, query = rest.partition("?")
    # A password with a / and a forgotten database end up here, and the name of a database is shown.
    if re.search(r"[@()]", name):
        raise UsageFailure("the MySQL endpoint has no / between its address and the name of its database", EXAMPLE)
    host, port, socket = _parse_address(match["net"], match["address"] or "")
    found = dict(pair.split("=", 1) for pair in f"{query}&{text[files + 1 :]}".split("&") if "=" in pair)
    ca_file, cert_file, key_file = (unquote_plus(found.get(name, "")) for name in ("ssl-ca", "ssl-cert", "ssl-key"))
    # Kine replaces the parameter tls by its files.
    tls = MysqlTls.VERIFIED if ca_file or cert_file else _parse_tls(found.get("tls", ""))
    return MysqlEndpoint(
        user, host, port, socket, unquote(name) or DATABASE, tls, ca_file, cert_file, key_file, password
    )  # fmt: skip


def _parse_address(net: str, address: str) -> tuple[str, int, str]:
    """Host, port and socket. The default port is 3306, also of an address without one."""
    if net == "unix":
        return "localhost", PORT, address or "/tmp/mysql.sock"
    if net not in ("", "tcp"):
        raise UsageFailure("the MySQL endpoint names neither tcp(HOST:PORT) nor unix(SOCKET)", EXAMPLE)
    match = _HOST.fullmatch(address or "127.0.0.1")
    if match is None or not 0 < int(match["port"] or PORT) < 65536:
        raise UsageFailure("the address in the MySQL endpoint is not HOST:PORT", EXAMPLE)
    return match["bracketed"] or match["host"] or "127.0.0.1", int(match["port"] or PORT), ""


def _parse_tls(value: str) -> MysqlTls:
    if not value or value.lower() == MysqlTls.IF_OFFERED:
        return MysqlTls.IF_OFFERED
    if value.lower() == MysqlTls.UNVERIFIED:
        return MysqlTls.UNVERIFIED
    if value in _TRUE:
        return MysqlTls.VERIFIED
    if value in _FALSE:
        return MysqlTls.OFF
    raise UsageFailure(
        "the parameter tls of the MySQL endpoint is not one of Kine's values",
        "write true, false, skip-verify or preferred",
    )
