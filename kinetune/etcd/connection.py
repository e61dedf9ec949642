"""Calls to the servers of an etcd: channels, TLS, login, and the meaning of errors."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from typing import Any

from kinetune.etcd import failures
from kinetune.etcd.codec import decode_fields, encode_fields
from kinetune.etcd.endpoints import EtcdEndpoints
from kinetune.etcd.failures import AccessDenied, EtcdFailure, ExpiredToken, LoginRefused, Unreachable
from kinetune.etcd.probe import NAME_CA, find_obstacle, read_roots
from kinetune.model.failure import UsageFailure
from kinetune.model.source_address import EtcdAccess

# grpc writes each refused handshake to stderr; probe.py reports it with its cause.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
try:
    import grpc
except ModuleNotFoundError as error:
    raise UsageFailure("the package grpcio is not installed", "pip install 'kinetune[etcd]'") from error

TIMEOUT = 30.0
"""Seconds for one call, while which a server may be restarted."""
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    # By default the pause between two attempts grows to 2 minutes: a server that is back would be found too late.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
_REPEATABLE = ("Range", "Status", "LeaseTimeToLive", "Authenticate")
"""Calls that change nothing: after a lost connection they are repeated, at the next server if there are several."""
RETRY_SECONDS = 0.1
_USER = "set ETCDCTL_USER and ETCDCTL_PASSWORD"
_CAUSES: tuple[tuple[str, type[EtcdFailure], str], ...] = (
    # Words of etcd's api/v3/rpctypes/error.go; Kine uses the same where it has the error.
    ("has been compacted", failures.CompactedRevision, ""),
    ("future revision", failures.FutureRevision, ""),
    ("not supported", failures.UnsupportedCall, ""),
    ("invalid auth token", ExpiredToken, ""),
    ("revision in header is old", ExpiredToken, ""),
    ("permission denied", AccessDenied, "grant the role of this user read access"),
    ("user name is empty", LoginRefused, _USER),
    ("invalid user ID or password", LoginRefused, _USER),
    ("CERTIFICATE_VERIFY_FAILED", Unreachable, NAME_CA),
)
_CODES = {
    grpc.StatusCode.UNAVAILABLE: Unreachable,
    grpc.StatusCode.DEADLINE_EXCEEDED: Unreachable,
    grpc.StatusCode.UNIMPLEMENTED: failures.UnsupportedCall,
}


def describe_error(error: Any, place: str) -> EtcdFailure:
    """What a grpc error means."""
    words = str(error.details())
    for part, kind, next_step in _CAUSES:
        if part in words:
            return kind(f"{place}: {words}", next_step)
    return _CODES.get(error.code(), EtcdFailure)(f"{place}: {words}")


class Connection:
    """The servers of one etcd. Nothing is connected before the first call, which waits for a server for TIMEOUT."""

    def __init__(self, endpoints: EtcdEndpoints, access: EtcdAccess) -> None:
        self.place = endpoints.place
        self._access = access
        self._metadata: tuple[tuple[str, str], ...] = ()
        self._channels = [_open_channel(server, access, endpoints.secure) for server in endpoints.servers]

    def close(self) -> None:
        for channel in self._channels:
            channel.close()

    def call(self, method: str, request: bytes) -> bytes:
        """The answer to a unary call such as `KV/Range`. Raises EtcdFailure."""
        try:
            return self._call_any(method, request)
        except ExpiredToken:
            self.log_in()
            return self._call_any(method, request)

    def open_stream(self, method: str, requests: Iterator[bytes]) -> Any:
        """A running bidirectional call: an iterator of answers."""
        return self._channels[0].stream_stream(f"/etcdserverpb.{method}")(
            requests, metadata=self._metadata, wait_for_ready=True
        )

    def log_in(self) -> None:
        """Get a token for user and password, if there is a user and the server knows users. Raises LoginRefused."""
        self._metadata = ()
        if not self._access.user:
            return
        request = encode_fields([(1, self._access.user.encode()), (2, self._access.password.encode())])
        try:
            answer = self._call_any("Auth/Authenticate", request)
        except EtcdFailure as failure:
            # As in etcdctl, a user that nothing asks for does no harm.
            if "authentication is not enabled" not in failure.cause:
                raise
        else:
            self._metadata = (("token", dict(decode_fields(answer))[2].decode()),)

    def _call_any(self, method: str, request: bytes) -> bytes:
        """The first answer of any server. The one that answered is asked first from then on."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            call = self._channels[0].unary_unary(f"/etcdserverpb.{method}")
            left, wait = deadline - time.monotonic(), len(self._channels) == 1
            try:
                answer: bytes = call(request, timeout=left, metadata=self._metadata, wait_for_ready=wait)
            except grpc.RpcError as error:
                failure = describe_error(error, self.place)
                retried = isinstance(failure, Unreachable) and method.endswith(_REPEATABLE)
                if not retried or time.monotonic() > deadline - RETRY_SECONDS:
                    raise failure from error
                self._channels.append(self._channels.pop(0))
                time.sleep(RETRY_SECONDS)
            else:
                return answer


def _open_channel(server: str, access: EtcdAccess, secure: bool) -> Any:
    if not secure:
        return grpc.insecure_channel(server, _OPTIONS)
    key, certificate = (path.read_bytes() if path else None for path in (access.key_file, access.cert_file))
    credentials = grpc.ssl_channel_credentials(read_roots(access.ca_file), key, certificate)
    return grpc.secure_channel(server, credentials, _OPTIONS)


@contextlib.contextmanager
def connect(endpoints: EtcdEndpoints, access: EtcdAccess) -> Iterator[Connection]:
    """
    A connection to the servers that can be reached now, logged in.

    UsageFailure for files that are no certificates; EtcdFailure with the cause if no server can be reached or the login
    is refused.
    """
    obstacles = {server: find_obstacle(server, access, secure=endpoints.secure) for server in endpoints.servers}
    reachable = tuple(server for server, obstacle in obstacles.items() if obstacle is None)
    for obstacle in obstacles.values():
        if obstacle and not reachable:
            raise Unreachable(*obstacle)
    connection = Connection(EtcdEndpoints(reachable, endpoints.secure, endpoints.prefix), access)
    with contextlib.closing(connection):
        connection.log_in()
        yield connection
