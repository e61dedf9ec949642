"""The text that names an etcd: its servers, whether they use TLS, and a prefix of its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kinetune.model.failure import UsageFailure
from kinetune.model.source_address import EtcdAccess

EXAMPLE = "write etcd://HOST:2379, several as etcd://HOST1:2379,HOST2:2379"
PORT = 2379
_ADDRESS = re.compile(r"(?:(etcd|https?)://)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?")


@dataclass(frozen=True)
class EtcdEndpoints:
    """`servers` as HOST:PORT, any of which may answer. `prefix` limits the keys to read; empty for all."""

    servers: tuple[str, ...]
    secure: bool = False
    prefix: str = ""

    @property
    def place(self) -> str:
        return f"etcd://{','.join(self.servers)}{self.prefix}"


def parse_endpoints(text: str, access: EtcdAccess) -> EtcdEndpoints:
    """
    The servers of `etcd://h1:2379,h2:2379/PREFIX`. `https://` and `http://` may replace `etcd://`, and each server may
    have its own scheme, as in --etcd-servers of kube-apiserver. TLS is used with https://, or if `access` names a file.

    UsageFailure for any other text, which is never quoted: it may contain a password.
    """
    scheme, mark, rest = text.strip().rpartition("://")
    servers, slash, path = rest.partition("/")
    found = [_ADDRESS.fullmatch(part) for part in f"{scheme}{mark}{servers}".split(",")]
    if "@" in text:
        raise UsageFailure("the etcd address contains a user", "name it with ETCDCTL_USER and ETCDCTL_PASSWORD")
    if not all(found):
        raise UsageFailure("the etcd address is not a list of HOST:PORT", EXAMPLE)
    schemes = {match[1] for match in found if match and match[1]} or {"etcd"}
    if len(schemes) > 1:
        raise UsageFailure("the etcd address mixes servers with and without TLS", EXAMPLE)
    has_files = any((access.ca_file, access.cert_file, access.key_file))
    if "http" in schemes and has_files:
        raise UsageFailure("http:// is not encrypted, but a certificate or CA is given", "write https://")
    names = tuple(f"{match[2]}:{match[3] or PORT}" for match in found if match)
    return EtcdEndpoints(names, "https" in schemes or has_files, f"{slash}{path}" if path else "")
