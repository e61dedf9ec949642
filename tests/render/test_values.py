"""What is asked for must be possible: topologies, pools and places, each refusal one line that says what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kinetune.kine.releases import era_of_k3s, era_of_kine
from kinetune.kine.traits import LOSES_CREATES
from kinetune.model.facts import KineRelease
from kinetune.model.failure import Exit, UsageFailure
from kinetune.model.server import Flavour
from kinetune.render.kinds import KINDS, call, kind_named, render
from kinetune.render.values import Values
from kinetune.servers import images
from kinetune.servers.maintenance import NEWEST
from tests.render.made import texts

SECRET = "tr0ub4dor"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nodes": 2}, "2 nodes cannot hold 3 copies; give --nodes 3"),
    ({"nodes": 3, "rf": 5}, "3 nodes cannot hold 5 copies"),
    ({"nodes": 4, "rf": 4}, "--rf 4 has no majority"),
    ({"nodes": 3, "rf": 1}, "three copies"),
    ({"nodes": 0}, "--nodes 0 is not between 1 and 7"),
    ({"nodes": 8}, "--nodes 8 is not between 1 and 7"),
    ({"rtt": -1.0}, "--rtt -1 is not between"),
    ({"level": "planets"}, "--level is no level; choose machine, zones, regions"),
    ({"pool": 1}, "a pool of 1 hangs Kine"),
    ({"servers": 90}, "90 servers share 100 connections: too few"),
    ({"pool": 50, "servers": 3}, "3 servers × 50 connections are more than the 90 left for Kine"),
    ({"name": "yugabytedb_node"}, "--name is no DNS name"),
    ({"image": "yugabytedb/yugabyte:latest"}, "--image is no image with a release (never latest)"),
    ({"image": "yugabytedb/yugabyte"}, "--image is no image with a release"),
    ({"listen": "0.0.0.0:2379"}, "--listen is no loopback address"),
    ({"listen": "127.999.1.1:2379"}, "--listen is no loopback address"),
    ({"address": "a..b"}, "--address is no host name or address"),
    ({"address": "10.0.0.300"}, "--address is no host name or address"),
    ({"address": "a" * 64}, "--address is no host name or address"),
    ({"metrics": ":8080"}, "--metrics is no loopback address"),
    ({"metrics": "127.0.0.1:99999"}, "--metrics is no loopback address"),
    ({"listen": "127.0.0.1:8080"}, "--listen and --metrics name one port"),
    ({"cert_file": "/a"}, "a certificate and its key go together"),
    ({"ca_file": "ca.crt"}, "--ca-file is no absolute path"),
    ({"base_dir": "/a:b"}, "holds a colon"),
    ({"kine": "v0.10.1"}, "Kine v0.10.1 does not read its settings from the environment"),
    ({"kine": "newest"}, "--kine is no release of Kine"),
    ({"schedule": "daily"}, "--schedule is no schedule of five fields"),
    ({"memory": "4G"}, "--memory is no size in Gi"),
    ({"zone": ("aws.us-east-1",)}, "--zone is no place"),
    ({"endpoint": "yugabytedb://db/k"}, "--endpoint is no URL of stock Kine"),
    ({"endpoint": "host=db dbname=k"}, "--endpoint is no URL of stock Kine"),
    ({"endpoint": "embedded"}, "--endpoint is no URL of stock Kine"),
    ({"endpoint": "postgres:///k"}, "--endpoint names no host"),
    ({"endpoint": f"postgres://kine:{SECRET}@db/k"}, "--endpoint holds a password"),
    ({"endpoint": f"postgres://kine@db/k?password={SECRET}"}, "--endpoint holds a password"),
    ({"endpoint": f"postgres://kine@db/k?sslpassword={SECRET}"}, "--endpoint holds a password"),
    ({"endpoint": f"postgres://kine:{SECRET}#@db/k"}, "--endpoint: the endpoint contains a #"),
]


@pytest.mark.parametrize(("given", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_cannot_be_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageFailure, match=re.escape(told)) as caught:
        Values(**given)
    assert caught.value.exit is Exit.USAGE
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize("address", ["k3s.example", "10.0.0.3", "fd00::1", "a" * 63])
def test_names_and_addresses_of_either_kind_are_taken(address: str) -> None:
    assert Values(address=address).address == address


PLACES = {"aws.a.a1", "aws.a.a2", "aws.b.b1"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"zone": ("aws.a.a1", "aws.a.a2")}, "2 zones cannot hold 3 copies"),
        ({"zone": tuple(sorted(PLACES)), "level": "regions"}, "2 regions cannot hold 3 copies"),
        ({"zone": ("aws.a.a1", "aws.a.a1", "aws.b.b1")}, "names one place twice"),
        ({"zone": tuple(f"aws.a.a{n}" for n in range(4))}, "3 nodes leave one of 4 places empty"),
        ({"nodes": 1}, "one copy survives no loss"),
        ({"zone": ("aws.a.a1", "gcp.a.a1", "aws.b.b1")}, "two places with --zone have one region and zone"),
    ],
)
def test_a_topology_that_does_not_survive_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageFailure, match=told):
        render(kind_named("topology"), Values(**given))


@pytest.mark.parametrize(("most", "servers", "pool"), [(100, 2, 20), (100, 9, 10), (300, 3, 20), (30, 2, 10)])
def test_each_kine_gets_its_share_and_no_more_than_twenty(most: int, servers: int, pool: int) -> None:
    values = Values(max_connections=most, servers=servers)
    assert values.pool_size == pool
    assert f'MAX_OPEN_CONNECTIONS="{pool}"' in texts("kine", values)["kine.env"]


def test_a_call_holds_what_is_no_default_and_what_the_kind_reads() -> None:
    values = Values(servers=3, endpoint="postgres://kine@db/k?application_name=a b", zone=("a.b.c",), nodes=5)
    assert call(kind_named("kine"), values) == (
        "kinetune render kine --endpoint 'postgres://kine@db/k?application_name=a b' --servers 3"
    )
    assert call(kind_named("topology"), values).endswith("--nodes 5 --zone a.b.c")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_reads_only_options_that_are_there(kind: Any) -> None:
    assert set(kind.uses) <= set(Values.__dataclass_fields__)
    assert len(set(kind.uses)) == len(kind.uses)


def test_zones_of_one_name_in_several_regions_are_told_apart() -> None:
    made = texts("topology", Values(zone=("on.east.z1", "on.west.z1", "on.north.z1"), level="regions"))
    assert {"helm/east-z1.yaml", "helm/west-z1.yaml", "helm/north-z1.yaml"} < made.keys()
    assert "yb-masters.yb-west-z1.svc" in made["helm/east-z1.yaml"]


def test_servers_begin_with_different_nodes_of_the_database() -> None:
    made = texts("k3s", Values(endpoint="postgres://k@a:1,b:2,c/k?sslmode=require", servers=3))
    found = [re.findall('endpoint: "(.*)"', made[f"server-{n}.yaml"])[0] for n in (1, 2, 3)]
    assert found == [
        "postgres://k@a:1,b:2,c:5432/k?sslmode=require",
        "postgres://k@b:2,c:5432,a:1/k?sslmode=require",
        "postgres://k@c:5432,a:1,b:2/k?sslmode=require",
    ]


def test_no_file_has_a_place_for_a_password_but_pgpass_a_secret_or_the_environment() -> None:
    for kind in KINDS:
        for file in render(kind, Values(secure=True)):
            for line in file.text.splitlines():
                if re.search(r"(?i)password\s*[=:]\s*\S", line):
                    assert re.search(r"\$YSQL_PASSWORD|YSQL_PASSWORD:\?|PGPASSWORD=\.\.\.|password\.txt|^#", line), line


def test_the_pinned_releases_are_those_kinetune_advises() -> None:
    """YugabyteDB of the line that maintenance.NEWEST names; a Kine that loses nothing, and the K3s that holds it."""
    series = re.findall(r":(\d+\.\d+)\.", images.YUGABYTEDB)[0]
    assert NEWEST[Flavour.YUGABYTEDB].startswith(f"YugabyteDB {series} ")
    era = era_of_kine(images.KINE)
    assert LOSES_CREATES.of(KineRelease(era.name, era.number, "said", images.KINE)) is False
    assert era_of_k3s(images.K3S)[1] == images.KINE


def test_the_latency_of_a_write_counts_its_round_trips() -> None:
    text = texts("topology", Values(level="regions", rtt=25))["topology.md"]
    assert "| sequence | 25 ms | 50 ms |" in text
    assert "| insert | 25 ms | 50 ms |" in text
    assert "| **sum** | **75 ms** | **150 ms** |" in text
