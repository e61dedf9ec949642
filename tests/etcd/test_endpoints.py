"""Texts that name an etcd."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.etcd.endpoints import EtcdEndpoints, parse_endpoints
from kinetune.model.failure import UsageFailure
from kinetune.model.source_address import EtcdAccess

NONE = EtcdAccess()
WITH_CA = EtcdAccess(ca_file=Path("ca.crt"))


@pytest.mark.parametrize(
    ("text", "access", "endpoints"),
    [
        ("etcd://h:2379", NONE, EtcdEndpoints(("h:2379",))),
        ("etcd://h", NONE, EtcdEndpoints(("h:2379",))),
        ("h:1", NONE, EtcdEndpoints(("h:1",))),
        (" etcd://h:1/ ", NONE, EtcdEndpoints(("h:1",))),
        ("etcd://h:1", WITH_CA, EtcdEndpoints(("h:1",), secure=True)),
        ("https://h:1", NONE, EtcdEndpoints(("h:1",), secure=True)),
        ("http://h:1", NONE, EtcdEndpoints(("h:1",))),
        ("etcd://a:1,b,[::1]:3", NONE, EtcdEndpoints(("a:1", "b:2379", "[::1]:3"))),
        ("https://a:1,https://b:2", NONE, EtcdEndpoints(("a:1", "b:2"), secure=True)),
        ("etcd://h:1/tenant/", NONE, EtcdEndpoints(("h:1",), prefix="/tenant/")),
        ("etcd://a:1,b:2/registry", NONE, EtcdEndpoints(("a:1", "b:2"), prefix="/registry")),
    ],
)
def test_servers_tls_and_prefix(text: str, access: EtcdAccess, endpoints: EtcdEndpoints) -> None:
    assert parse_endpoints(text, access) == endpoints


@pytest.mark.parametrize(
    ("text", "access", "problem"),
    [
        ("etcd://user:sEcReT@h:1", NONE, "contains a user"),
        ("etcd://", NONE, "not a list of HOST:PORT"),
        ("etcd://h:sEcReT", NONE, "not a list of HOST:PORT"),
        ("etcd://a:1,,b:2", NONE, "not a list of HOST:PORT"),
        ("etcd://h:123456", NONE, "not a list of HOST:PORT"),
        ("ftp://h:1", NONE, "not a list of HOST:PORT"),
        ("http://a:1,https://b:1", NONE, "with and without TLS"),
        ("http://h:1", WITH_CA, "http:// is not encrypted"),
    ],
)
def test_other_texts_are_refused_and_not_quoted(text: str, access: EtcdAccess, problem: str) -> None:
    with pytest.raises(UsageFailure, match=problem) as refused:
        parse_endpoints(text, access)
    assert "sEcReT" not in str(refused.value)


def test_the_place_names_servers_and_prefix() -> None:
    assert parse_endpoints("https://a:1,https://b:2/registry/", NONE).place == "etcd://a:1,b:2/registry/"
