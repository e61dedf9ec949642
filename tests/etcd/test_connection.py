"""Connections that are refused, each with its cause and the next step."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kinetune.etcd.client import open_client
from kinetune.etcd.endpoints import EtcdEndpoints
from kinetune.etcd.failures import AccessDenied, LoginRefused
from kinetune.model.failure import Failure, UsageFailure
from kinetune.model.source_address import EtcdAccess
from tests.cluster import free_port
from tests.etcd.server import Certificates, EtcdServer

NONE = EtcdAccess()


def refusal(server: str, access: EtcdAccess, secure: bool) -> str:
    started = time.monotonic()
    with (
        pytest.raises(Failure) as refused,
        open_client(EtcdEndpoints((server,), secure), access) as client,
    ):
        client.list("", limit=1)
    assert time.monotonic() - started < 20
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_nothing_listens() -> None:
    server = f"127.0.0.1:{free_port()}"
    assert refusal(server, NONE, False) == (
        f"cannot connect to {server}: connection refused; check the address, and that etcd is running"
    )
    assert "cannot connect to" in refusal("nowhere.invalid:2379", NONE, False)


@pytest.mark.parametrize("secure", [False, True])
def test_another_program_listens(secure: bool) -> None:
    """One that reads and says nothing of use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert "does not answer as etcd does" in refusal(f"127.0.0.1:{listener.getsockname()[1]}", NONE, secure)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_tls_on_one_side_alone(etcd: EtcdServer, secure_etcd: EtcdServer) -> None:
    assert "does not use TLS; write http://" in refusal(etcd.address, secure_etcd.access(), True)
    assert "requires TLS; write https://" in refusal(secure_etcd.address, NONE, False)


def test_certificates_that_are_refused(secure_etcd: EtcdServer, tmp_path: Path) -> None:
    right, server = secure_etcd.access(), secure_etcd.address
    other = Certificates(tmp_path, "other")
    wrong_ca = replace(right, ca_file=other.ca)
    assert f"the certificate of {server} was refused: unable to get local issuer" in refusal(server, wrong_ca, True)
    assert "ETCDCTL_CACERT" in refusal(server, replace(right, ca_file=None), True)
    no_certificate = replace(right, cert_file=None, key_file=None)
    assert "requires a client certificate; name a certificate" in refusal(server, no_certificate, True)
    certificate, key = other.make("root")
    foreign = replace(right, cert_file=certificate, key_file=key)
    assert "refused the client certificate" in refusal(server, foreign, True)


def test_a_certificate_for_another_host(secure_etcd: EtcdServer) -> None:
    server = secure_etcd.address.replace("127.0.0.1", "localhost")
    assert "was refused: Hostname mismatch" in refusal(server, secure_etcd.access(), True)


def test_files_that_are_no_certificates(secure_etcd: EtcdServer, tmp_path: Path) -> None:
    right, server = secure_etcd.access(), secure_etcd.address
    assert right.cert_file is not None
    for access, problem in (
        (replace(right, key_file=None), "a client certificate needs its key"),
        (replace(right, ca_file=tmp_path / "absent"), "cannot read"),
        (replace(right, ca_file=right.key_file), "contains no CA certificate"),
        (replace(right, key_file=right.cert_file), "are not a certificate and its key"),
        (replace(right, key_file=secure_etcd.access("server").key_file), "are not a certificate and its key"),
    ):
        with pytest.raises(UsageFailure, match=problem), open_client(EtcdEndpoints((server,), True), access):
            pass


def test_users_and_roles(secure_etcd: EtcdServer) -> None:
    endpoints = EtcdEndpoints((secure_etcd.address,), secure=True)
    with open_client(endpoints, secure_etcd.access("root", "root", "rootpw")) as client:
        assert client.list("").count == 2
    with open_client(endpoints, secure_etcd.access("nobody", "reader", "readerpw")) as client:
        assert client.list("/registry/").count == 1
        with pytest.raises(AccessDenied, match=r"permission denied; grant the role of this user"):
            client.list("")
    with (
        pytest.raises(LoginRefused, match="invalid user ID or password; set ETCDCTL_USER") as wrong,
        open_client(endpoints, secure_etcd.access("root", "reader", "sEcReT")),
    ):
        pass
    assert "sEcReT" not in str(wrong.value)


def test_the_common_name_of_a_certificate_is_a_user(secure_etcd: EtcdServer) -> None:
    with open_client(EtcdEndpoints((secure_etcd.address,), secure=True), secure_etcd.access("reader")) as client:
        assert client.list("/registry/").count == 1
        with pytest.raises(AccessDenied):
            client.list("")


def test_a_user_is_required(etcd: EtcdServer) -> None:
    etcd.require_users()
    assert "user name is empty; set ETCDCTL_USER and ETCDCTL_PASSWORD" in refusal(etcd.address, NONE, False)


def test_a_user_that_no_server_asks_for_does_no_harm(etcd: EtcdServer) -> None:
    with open_client(EtcdEndpoints((etcd.address,)), EtcdAccess(user="a", password="b")) as client:
        assert client.list("").count == 0


def test_an_expired_login_is_renewed(etcd: EtcdServer) -> None:
    etcd.require_users()
    with open_client(EtcdEndpoints((etcd.address,)), EtcdAccess(user="root", password="rootpw")) as client:
        client.list("")
        # etcd keeps simple tokens in memory.
        etcd.stop()
        etcd.start()
        assert client.list("").count == 0


def test_another_member_answers_when_one_is_gone() -> None:
    """Two servers stand for two members: a read needs either."""
    absent = f"127.0.0.1:{free_port()}"
    with EtcdServer() as first, EtcdServer() as second:
        endpoints = EtcdEndpoints((absent, first.address, second.address))
        with open_client(endpoints, NONE) as client:
            assert client.list("").revision == 1
            first.stop()
            assert client.list("").revision == 1


def test_without_grpcio_the_extra_is_named() -> None:
    code = """
import sys
sys.modules["grpc"] = None
from kinetune.model.failure import UsageFailure
try:
    import kinetune.etcd.client
except UsageFailure as failure:
    print(failure)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "the package grpcio is not installed; pip install 'kinetune[etcd]'\n"
