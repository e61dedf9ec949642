"""What is asked for must be possible: topologies, pools and places, each refusal one line that says what to do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kinetune.kine.releases import LOSES_CREATES, era_of_k3s, era_of_kine
from kinetune.model.facts import KineRelease
from kinetune.model.failure import Exit, UsageFailure
from kinetune.model.server import Flavour
from kinetune.render.kinds import KINDS, find_kind, format_call, render_files
from kinetune.render.values import RenderValues
from kinetune.servers import images
from kinetune.servers.maintenance import NEWEST
from tests.render.made import texts

SECRET = "tr0ub4dor"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"nodes": 2}, "2 nodes cannot hold 3 copies; use --nodes 3 or --rf 1"),
    ({"nodes": 1, "rf": 3}, "1 node cannot hold 3 copies; use --nodes 3 or --rf 1"),
    ({"metrics_bind_address": "8080"}, "write the address like 127.0.0.1:8080"),
    ({"cert_file": "x"}, "--cert-file is not an absolute path, or contains a colon; write it like /etc/kine/client"),
    ({"base_dir": "x"}, "write it like /var/lib/yugabytedb"),
    ({"nodes": 3, "rf": 5}, "3 nodes cannot hold 5 copies"),
    ({"nodes": 4, "rf": 4}, "--rf 4 is not 1, 3, 5 or 7"),
    ({"nodes": 3, "rf": 1}, "three copies as soon as a third node joins"),
    ({"nodes": 0}, "--nodes 0 is not between 1 and 7"),
    ({"nodes": 8}, "--nodes 8 is not between 1 and 7"),
    ({"rtt": "2s"}, "--rtt 2s is not between 0.01ms and 1s; write it like 60ms"),
    ({"rtt": "60"}, "--rtt is not a duration with its unit"),
    ({"rtt": "-1ms"}, "--rtt is not a duration with its unit; write it like 60ms"),
    ({"level": "planets"}, "--level is not a level; use one of machine, zones, regions"),
    ({"pool": 1}, "Kine hangs with a pool of 1"),
    ({"servers": 90}, "90 servers share 100 connections: too few"),
    ({"pool": 50, "servers": 3}, "3 servers × 50 connections are more than the 90 left for Kine"),
    ({"name": "yugabytedb_node"}, "--name is not a DNS name"),
    ({"image": "yugabytedb/yugabyte:latest"}, "--image is not an image with a release (never latest)"),
    ({"image": "yugabytedb/yugabyte"}, "--image is not an image with a release"),
    ({"listen": "0.0.0.0:2379"}, "--listen is not a loopback address"),
    ({"listen": "127.999.1.1:2379"}, "--listen is not a loopback address"),
    ({"address": "a..b"}, "--address is not a host name or address"),
    ({"address": "10.0.0.300"}, "--address is not a host name or address"),
    ({"address": "a" * 64}, "--address is not a host name or address"),
    ({"metrics_bind_address": ":8080"}, "--metrics-bind-address is not a loopback address"),
    ({"metrics_bind_address": "127.0.0.1:99999"}, "--metrics-bind-address is not a loopback address"),
    ({"listen": "127.0.0.1:8080"}, "--listen and --metrics-bind-address have the same port"),
    ({"cert_file": "/a"}, "a certificate and its key are used together"),
    ({"ca_file": "ca.crt"}, "--ca-file is not an absolute path"),
    ({"base_dir": "/a:b"}, "contains a colon"),
    ({"kine": "v0.10.1"}, "Kine v0.10.1 does not read settings from the environment"),
    ({"kine": "newest"}, "--kine is not a release of Kine"),
    ({"schedule": "daily"}, "--schedule is not a schedule of five fields"),
    ({"memory": "4G"}, "--memory is not a size in Gi"),
    ({"placement": ("aws.us-east-1",)}, "--placement is not a place"),
    ({"endpoint": "yugabytedb://db/k"}, "--endpoint is not a URL that stock Kine accepts"),
    ({"endpoint": "host=db dbname=k"}, "--endpoint is not a URL that stock Kine accepts"),
    ({"endpoint": "embedded"}, "--endpoint is not a URL that stock Kine accepts"),
    ({"endpoint": "postgres:///k"}, "--endpoint names no host"),
    ({"endpoint": f"postgres://kine:{SECRET}@db/k"}, "--endpoint contains a password"),
    ({"endpoint": f"postgres://kine@db/k?password={SECRET}"}, "--endpoint contains a password"),
    ({"endpoint": f"postgres://kine@db/k?sslpassword={SECRET}"}, "--endpoint contains a password"),
    ({"endpoint": f"postgres://kine:{SECRET}#@db/k"}, "--endpoint: the endpoint contains a #"),
]


@pytest.mark.parametrize(("given", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_cannot_be_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageFailure, match=re.escape(told)) as caught:
        RenderValues(**given)
    assert caught.value.exit is Exit.USAGE
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.next_step


@pytest.mark.parametrize("address", ["k3s.example", "10.0.0.3", "fd00::1", "a" * 63])
def test_names_and_addresses_of_either_kind_are_taken(address: str) -> None:
    assert RenderValues(address=address).address == address


PLACES = {"aws.a.a1", "aws.a.a2", "aws.b.b1"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"placement": ("aws.a.a1",)}, "1 zone cannot hold 3 copies"),
        ({"placement": ("aws.a.a1", "aws.a.a2")}, "2 zones cannot hold 3 copies"),
        ({"placement": tuple(sorted(PLACES)), "level": "regions"}, "2 regions cannot hold 3 copies"),
        ({"placement": ("aws.a.a1", "aws.a.a1", "aws.b.b1")}, "names one place twice"),
        ({"placement": tuple(f"aws.a.a{n}" for n in range(4))}, "3 nodes leave one of 4 places empty"),
        ({"nodes": 1}, "a single copy does not survive a loss"),
        (
            {"placement": ("aws.a.a1", "gcp.a.a1", "aws.b.b1")},
            "two places of --placement have the same region and zone",
        ),
    ],
)
def test_a_topology_that_does_not_survive_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageFailure, match=told):
        render_files(find_kind("topology"), RenderValues(**given))


@pytest.mark.parametrize(("most", "servers", "pool"), [(100, 2, 20), (100, 9, 10), (300, 3, 20), (30, 2, 10)])
def test_each_kine_gets_its_share_and_no_more_than_twenty(most: int, servers: int, pool: int) -> None:
    values = RenderValues(max_connections=most, servers=servers)
    assert values.pool_size == pool
    assert f'MAX_OPEN_CONNECTIONS="{pool}"' in texts("kine", values)["kine.env"]


def test_a_call_holds_what_is_no_default_and_what_the_kind_reads() -> None:
    values = RenderValues(
        servers=3, endpoint="postgres://kine@db/k?application_name=a b", placement=("a.b.c",), nodes=5
    )
    assert format_call(find_kind("kine"), values) == (
        "kinetune render kine --endpoint 'postgres://kine@db/k?application_name=a b' --servers 3"
    )
    assert format_call(find_kind("topology"), values).endswith("--nodes 5 --placement a.b.c")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_reads_only_options_that_are_there(kind: Any) -> None:
    assert set(kind.uses) <= set(RenderValues.__dataclass_fields__)
    assert len(set(kind.uses)) == len(kind.uses)


def test_zones_of_one_name_in_several_regions_are_told_apart() -> None:
    made = texts("topology", RenderValues(placement=("on.east.z1", "on.west.z1", "on.north.z1"), level="regions"))
    assert {"helm/east-z1.yaml", "helm/west-z1.yaml", "helm/north-z1.yaml"} < made.keys()
    assert "yb-masters.yb-west-z1.svc" in made["helm/east-z1.yaml"]


def test_servers_begin_with_different_nodes_of_the_database() -> None:
    made = texts("k3s", RenderValues(endpoint="postgres://k@a:1,b:2,c/k?sslmode=require", servers=3))
    found = [re.findall('endpoint: "(.*)"', made[f"server-{n}.yaml"])[0] for n in (1, 2, 3)]
    assert found == [
        "postgres://k@a:1,b:2,c:5432/k?sslmode=require",
        "postgres://k@b:2,c:5432,a:1/k?sslmode=require",
        "postgres://k@c:5432,a:1,b:2/k?sslmode=require",
    ]


def test_no_file_has_a_place_for_a_password_but_pgpass_a_secret_or_the_environment() -> None:
    for kind in KINDS:
        for file in render_files(kind, RenderValues(secure=True)):
            for line in file.text.splitlines():
                if re.search(r"(?i)password\s*[=:]\s*\S", line):
                    assert re.search(r"\$YSQL_PASSWORD|YSQL_PASSWORD:\?|PGPASSWORD=\.\.\.|password\.txt|^#", line), line


def test_the_pinned_releases_are_those_kinetune_advises() -> None:
    """YugabyteDB of the line that maintenance.NEWEST names; a Kine that loses nothing, and the K3s that holds it."""
    series = re.findall(r":(\d+\.\d+)\.", images.YUGABYTEDB)[0]
    assert NEWEST[Flavour.YUGABYTEDB].startswith(f"YugabyteDB {series} ")
    era = era_of_kine(images.KINE)
    assert LOSES_CREATES.applies_to(KineRelease(era.name, era.number, "said", images.KINE)) is False
    assert era_of_k3s(images.K3S)[1] == images.KINE


def test_the_latency_of_a_write_counts_its_round_trips() -> None:
    text = texts("topology", RenderValues(level="regions", rtt="25ms"))["topology.md"]
    assert "| sequence | 25 ms | 50 ms |" in text
    assert "| insert | 25 ms | 50 ms |" in text
    assert "| **sum** | **75 ms** | **150 ms** |" in text
