"""The text that names a source or an archive: `sqlite:PATH`, `etcd://host:2379`, a database's endpoint …"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kinetune.model.endpoint import AnyEndpoint, parse
from kinetune.model.failure import UsageFailure

HOW_TO_NAME_ONE = (
    "name one, such as sqlite:/var/lib/rancher/k3s/server/db/state.db, postgres://kine@db/kubernetes, "
    "mysql://kine@tcp(db:3306)/kine, etcd://127.0.0.1:2379, etcd-snapshot:FILE or archive:FILE"
)


class AddressKind(StrEnum):
    """How a source is reached. The value is the beginning of its text, up to the colon."""

    SQLITE = "sqlite"
    DATABASE = "postgres"
    MYSQL = "mysql"
    ETCD = "etcd"
    ETCD_SNAPSHOT = "etcd-snapshot"
    ARCHIVE = "archive"

    @property
    def is_file(self) -> bool:
        return self in (AddressKind.SQLITE, AddressKind.ETCD_SNAPSHOT, AddressKind.ARCHIVE)


@dataclass(frozen=True)
class EtcdAccess:
    """
    Files of the etcd client's TLS, and user and password, as etcdctl has them. One of the files, or https://, turns TLS
    on. Without a CA file the server's certificate is verified with those that the system trusts.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class SourceAddress:
    """
    `file` for the kinds that are files, `endpoint` for a database, `text` for MySQL and etcd (may contain a password).
    """

    kind: AddressKind
    file: Path | None = None
    endpoint: AnyEndpoint | None = None
    text: str = field(default="", repr=False)
    access: EtcdAccess = EtcdAccess()


def parse_source(text: str, access: EtcdAccess = EtcdAccess()) -> SourceAddress:
    """
    The address of a text. `http://` and `https://` are etcd, a libpq keyword string and `yugabytedb://` a database.

    UsageFailure for any other text; nothing of it is quoted beyond its scheme, because it may contain a password.
    """
    scheme, colon, rest = text.strip().partition(":")
    if not colon and "=" not in text and scheme != "embedded":
        raise UsageFailure("the source has no scheme", HOW_TO_NAME_ONE)
    if scheme in ("etcd", "http", "https"):
        return SourceAddress(AddressKind.ETCD, text=text.strip(), access=access)
    if scheme == "mysql":
        return SourceAddress(AddressKind.MYSQL, text=text.strip())
    for kind in AddressKind:
        if kind.is_file and scheme == kind:
            path = rest.removeprefix("//")
            if not path:
                raise UsageFailure(f"{kind}: names no file", f"name one: {kind}:FILE")
            return SourceAddress(kind, file=Path(path))
    if scheme == "yugabytedb":
        text = f"postgres:{rest}"
    return SourceAddress(AddressKind.DATABASE, endpoint=parse(text, "source"))


def etcd_access_from(environ: Mapping[str, str]) -> EtcdAccess:
    """What etcdctl reads from its environment variables (ETCDCTL_CACERT, …_CERT, …_KEY, …_USER, …_PASSWORD)."""
    user, _, password = environ.get("ETCDCTL_USER", "").partition(":")
    files = [environ.get(f"ETCDCTL_{name}") for name in ("CACERT", "CERT", "KEY")]
    ca, cert, key = (Path(name) if name else None for name in files)
    return EtcdAccess(ca, cert, key, user, environ.get("ETCDCTL_PASSWORD", "") or password)
