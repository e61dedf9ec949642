"""Nodes out of recorded rows of yb_servers(), by the code that reads live ones; a server without nodes."""

from __future__ import annotations

import json
from pathlib import Path

from kinetune.database.nodes import NodeSessions, _parse_address, node_addresses, observe_cluster
from kinetune.database.session import open_session
from kinetune.model.unknown import Unknown
from tests.database.stores import place

RECORDED = Path(__file__).parents[1] / "data" / "yugabytedb-2.21" / "yb_servers.json"


def test_recorded_nodes_have_their_names_places_and_endpoints() -> None:
    (call,) = json.loads(RECORDED.read_text(encoding="utf-8"))
    named = place("postgres://kine@10.0.0.9:5433/kubernetes?target_session_attrs=read-write&sslmode=require")
    seen = [_parse_address(named, row) for row in call["rows"]]
    assert [one.name for one in seen] == ["127.0.0.3:5433", "127.0.0.2:5433", "127.0.0.1:5433"]
    assert {(one.cloud, one.region, one.zone) for one in seen} == {("cloud1", "datacenter1", "rack1")}
    (there,) = seen[0].endpoints
    assert there.hosts == (("127.0.0.3", 5433),)
    assert dict(there.parameters) == {"sslmode": "require"}


def test_a_public_address_is_tried_after_the_nodes_own() -> None:
    row = {"host": "10.0.0.1", "port": 5433, "public_ip": "203.0.113.7"}
    seen = _parse_address(place("postgres://kine@db/kubernetes"), row)
    assert [one.hosts[0][0] for one in seen.endpoints] == ["10.0.0.1", "203.0.113.7"]
    assert (seen.cloud, seen.zone) == ("", "")


def test_postgresql_is_its_only_node(database15: str) -> None:
    with open_session(place(database15), "test") as session:
        assert node_addresses(session) == ()
        assert isinstance(observe_cluster(session, "test"), Unknown)
        ((name, there),) = NodeSessions(session, "test")
        assert there is session
        assert name.startswith("127.0.0.1:")
