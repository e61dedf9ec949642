"""
Why a server cannot be reached: one connection with Python's own TLS, which names the cause where grpc says UNAVAILABLE.
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path

from kinetune.model.failure import UsageFailure
from kinetune.model.source_address import EtcdAccess

TIMEOUT = 5.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
"""The client's preface and an empty SETTINGS frame, which every HTTP/2 server answers with its own (RFC 9113 §3.4)."""
_SETTINGS = 4
NAME_CA = "name the CA of its certificate with ETCDCTL_CACERT"
_STRANGE, _CHECK = "does not answer as etcd does", "check the address"
_CERTIFICATE = "name a certificate that its CA signed with ETCDCTL_CERT and ETCDCTL_KEY"


def read_tls_context(access: EtcdAccess) -> ssl.SSLContext:
    """UsageFailure if a file cannot be read or is not what it should be."""
    if bool(access.cert_file) != bool(access.key_file):
        raise UsageFailure("a client certificate needs its key, and a key its certificate", "name both")
    for path in (access.ca_file, access.cert_file, access.key_file):
        if path and not os.access(path, os.R_OK):
            raise UsageFailure(f"cannot read {path}", "check its path and permissions")
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
    except ssl.SSLError as error:
        raise UsageFailure(f"{access.ca_file} contains no CA certificate", "name a PEM file") from error
    try:
        if access.cert_file:
            context.load_cert_chain(access.cert_file, access.key_file, password="")
    except (ssl.SSLError, ValueError) as error:
        names = f"{access.cert_file} and {access.key_file}"
        raise UsageFailure(f"{names} are not a certificate and its key", "name PEM files without a password") from error
    context.set_alpn_protocols(["h2"])
    return context


def read_roots(ca_file: Path | None) -> bytes | None:
    """The certificates that a server's is verified with: the CA file's, or the system's. None for those of grpc."""
    paths = ssl.get_default_verify_paths()
    if file := ca_file or paths.cafile:
        return Path(file).read_bytes()
    folder = Path(paths.capath) if paths.capath else None
    return b"\n".join(file.read_bytes() for file in sorted(folder.glob("*.0"))) or None if folder else None


def find_obstacle(server: str, access: EtcdAccess, *, secure: bool) -> tuple[str, str] | None:
    """Why HTTP/2 cannot be spoken with the server, and the next step; None if it can."""
    host, _, port = server.rpartition(":")
    address = (host.strip("[]"), int(port))
    try:
        with socket.create_connection(address, TIMEOUT) as plain:
            if secure:
                return _find_tls_obstacle(plain, server, access)
            return None if _answers(plain) else _explain_silence(server, address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return f"cannot connect to {server}: {reason}", "check the address, and that etcd is running"


def _find_tls_obstacle(plain: socket.socket, server: str, access: EtcdAccess) -> tuple[str, str] | None:
    address = plain.getpeername()[:2]
    refused = "refused the client certificate" if access.cert_file else "requires a client certificate"
    try:
        tls = read_tls_context(access).wrap_socket(plain, server_hostname=server.rpartition(":")[0].strip("[]"))
    except ssl.SSLCertVerificationError as error:
        return f"the certificate of {server} was refused: {error.verify_message}", NAME_CA
    except OSError as error:
        # A server of TLS 1.2 refuses a client certificate within the handshake.
        if "ALERT" in (getattr(error, "reason", None) or ""):
            return f"{server} {refused}", _CERTIFICATE
        with suppress(OSError), socket.create_connection(address, TIMEOUT) as again:
            if _answers(again):
                return f"{server} does not use TLS", "write http://, and name no certificate"
        return f"{server} {_STRANGE}", _CHECK
    with tls:
        if _answers(tls):
            return None
        return f"{server} {refused}", _CERTIFICATE


def _answers(connection: socket.socket) -> bool:
    """Whether the other side speaks HTTP/2."""
    try:
        connection.settimeout(TIMEOUT)
        connection.sendall(_PREFACE)
        frame = connection.recv(9)
    except OSError:
        return False
    return len(frame) > 3 and frame[3] == _SETTINGS


def _explain_silence(server: str, address: tuple[str, int]) -> tuple[str, str]:
    """Why a server did not answer to HTTP/2 without TLS."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only whether TLS is spoken: nothing is sent
    with suppress(OSError), socket.create_connection(address, TIMEOUT) as plain, context.wrap_socket(plain):
        return f"{server} requires TLS", f"write https://, or {NAME_CA}"
    return f"{server} {_STRANGE}", _CHECK
