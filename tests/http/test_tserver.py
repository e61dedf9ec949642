"""Pages of a real tserver (recorded, 2.21), served on loopback: relevant flags, leaders, replicas."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kinetune.http.tserver import RELEVANT_FLAGS, add_http_details, parse_flags
from kinetune.model.cluster import Cluster, ClusterNode
from kinetune.model.unknown import Unknown
from tests.cluster import free_port

DATA = Path(__file__).parents[1] / "data" / "yugabytedb-2.21" / "http"
TABLETS = json.loads((DATA / "tserver_api_v1_tablets.json").read_text(encoding="utf-8"))


class Recorded(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = f"tserver_{self.path.strip('/').replace('/', '_')}.json"
        body = (DATA / name).read_bytes() if (DATA / name).is_file() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Recorded)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_flags_are_read_as_recorded_and_no_others() -> None:
    one = parse_flags(json.loads((DATA / "tserver_api_v1_varz.json").read_text(encoding="utf-8")))
    default = parse_flags(json.loads((DATA / "tserver_api_v1_varz_default.json").read_text(encoding="utf-8")))
    assert (one["ysql_sequence_cache_minval"], default["ysql_sequence_cache_minval"]) == ("1", "100")
    assert one["yb_enable_read_committed_isolation"] == "false"
    assert one.keys() <= set(RELEVANT_FLAGS)


@pytest.mark.parametrize("database", sorted({one["namespace"] for one in TABLETS.values()}))
def test_leaders_and_replicas_are_those_of_the_store(port: int, database: str) -> None:
    cluster = add_http_details(Cluster((ClusterNode("127.0.0.1:5433"),)), database, port)
    ours = [one for one in TABLETS.values() if one["namespace"] == database and one["table_name"].startswith("kine")]
    led = sum({"LEADER": "127.0.0.1"} in one["raft_config"] for one in ours)
    assert cluster.nodes[0].leaders == led
    assert cluster.replication == 3 if ours else isinstance(cluster.replication, Unknown)
    unnamed = {node.name: node.server for node in cluster.nodes[1:]}
    assert set(unnamed) == {"127.0.0.2:5433", "127.0.0.3:5433"}
    assert all("cannot read node" in str(one) for one in unnamed.values())


def test_replicas_with_other_addresses_are_not_unreachable_nodes(port: int) -> None:
    """yb_servers() has public names, the tablets private ones: no node is missing."""
    database = next(one["namespace"] for one in TABLETS.values() if one["table_name"] == "kine")
    cluster = add_http_details(Cluster((ClusterNode("localhost:5433"),)), database, port)
    assert len(cluster.nodes) == 1


def test_a_tserver_that_does_not_answer_is_unknown_with_the_reason() -> None:
    (node,) = add_http_details(Cluster((ClusterNode("127.0.0.1:5433"),)), "kubernetes", free_port()).nodes
    assert isinstance(node.flags, Unknown)
    assert "Connection refused" in node.flags.reason
    assert "--tserver-http" in node.flags.reason
