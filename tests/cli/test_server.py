"""`kinetune server` and `kinetune analyze`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinetune.model.cluster import Cluster, ClusterNode, ServerState
from kinetune.model.report import BulletList, Table
from kinetune.model.unknown import Unknown
from kinetune.servers.identification import parse_server_name
from kinetune.servers.yugabytedb_lines import TOPICS
from kinetune.views.server import server_report
from tests.cli.call import call
from tests.database.stores import STOCK, ask, facts, make

AWAY = Unknown("cannot read node c:5433: timeout expired")


@pytest.mark.parametrize("name", ["yugabytedb-2.20", "yugabytedb-2024.2.11", "yugabytedb-2026.1", "postgresql-15"])
def test_a_release_is_reported_without_a_connection(name: str) -> None:
    said = call("server", "--server", name)
    assert (said.status, said.err) == (0, "")
    assert name.partition("-")[2] in said.out.splitlines()[0]


def test_json_has_every_topic_with_its_basis() -> None:
    data = json.loads(call("server", "--server", "yugabytedb-2.20", "--format", "json").out)
    assert {one["topic"] for one in data["known"]} == set(TOPICS)
    assert {one["basis"] for one in data["known"]} == {"documented", "inferred"}
    assert data["cluster"] == {"reason": "not requested"}


def test_the_capabilities_and_settings_of_a_real_server_are_reported(database: str) -> None:
    said = call("server", database)
    assert said.status == 0
    assert "transactional ddl" in said.out
    assert "random_page_cost" in said.out


def test_sizes_have_a_unit(database15: str) -> None:
    ask(database15, f"ALTER DATABASE {database15.rpartition('/')[2]} SET work_mem = '8MB'")
    settings = json.loads(call("server", "--format", "json", database15).out)["settings"]
    assert settings["work_mem"] == "8MB"
    assert settings["shared_buffers"].endswith("B")
    assert settings["max_connections"].isdecimal()


@pytest.mark.parametrize(
    ("name", "newest"), [("postgresql-31", "PostgreSQL 18"), ("yugabytedb-2031.1", "YugabyteDB 2026.1")]
)
def test_a_release_newer_than_the_known_ones_gets_their_facts_with_a_note(name: str, newest: str) -> None:
    words = f"is newer than this kinetune: the facts of {newest} are used"
    assert words in call("server", "--server", name, COLUMNS="200").out
    said = call("init", "--print", "--server", name)
    assert said.status == 0
    assert words in said.err
    assert "is newer" not in said.out


def test_a_database_that_is_not_there_yet_is_no_hindrance(database15: str) -> None:
    assert call("server", database15.rsplit("/", 1)[0] + "/kinetune_nowhere").status == 0


def cells(table: Table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_nodes_stand_side_by_side_and_what_differs_is_reported_of_each() -> None:
    server = parse_server_name("yugabytedb-2024.2.11.0")
    flags = {"ysql_sequence_cache_minval": "1"}
    a = ClusterNode("a:5433", "aws", "r1", "z1", server, {"yb_bnl_batch_size": "1024"}, None, flags, 2)
    b = ClusterNode(
        "b:5433", "aws", "r1", "z2", server, {"yb_bnl_batch_size": "1"}, None, {"ysql_sequence_cache_minval": "100"}, 1
    )
    c = ClusterNode("c:5433", "aws", "r1", "z3", AWAY, AWAY, AWAY, AWAY, AWAY)
    sections = server_report(ServerState(server, "kubernetes", {}, Cluster((a, b, c), 3))).sections
    topics, nodes = (section for section in sections if isinstance(section, Table))
    assert [row[3] for row in cells(topics) if row[0] == "yb_bnl_batch_size"] == ["1024 on a:5433; 1 on b:5433"]
    assert [row[3] for row in cells(topics) if row[0] == "ysql_sequence_cache_minval"] == ["1 on a:5433; 100 on b:5433"]
    assert cells(nodes)[1] == ["b:5433", "aws.r1.z2", "2024.2.11.0", "100", "1", "never"]
    assert cells(nodes)[2] == ["c:5433", "aws.r1.z3", "not reached", "–", "–", "–"]
    (notes,) = (section for section in sections if isinstance(section, BulletList))
    assert [cell.text for cell in notes.items] == [AWAY.reason]


def test_an_unknown_server_and_an_unwritable_output_are_reported_first(tmp_path: Path) -> None:
    assert call("server", "--server", "oracle-23").line.startswith("unknown server 'oracle-23'")
    assert call("server", "--server", "postgresql-15", "-o", "/nowhere/x.json").status == 2


def test_analyze_reports_a_database_that_does_not_exist_as_explain_does(database15: str) -> None:
    nowhere = database15.rsplit("/", 1)[0] + "/kinetune_nowhere"
    said = call("analyze", nowhere)
    assert said.status == 3
    assert 'database "kinetune_nowhere" does not exist' in said.line
    assert said.line == call("explain", nowhere).line


def test_analyze_gives_the_planner_the_number_of_rows(database: str) -> None:
    make(database, STOCK, objects=200)
    said = call("analyze", database)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("ANALYZE kine: about 1,101 rows, ")
    seen = facts(database).table
    assert seen is not None
    assert seen.rows == 1101


def test_analyze_without_a_table_or_the_right_says_what_helps(database15: str) -> None:
    assert "has no table kine" in call("analyze", database15).line
    make(database15, STOCK, objects=20)
    ask(database15, "CREATE ROLE poor_analyst LOGIN; GRANT SELECT ON kine, kine_id_seq TO poor_analyst")
    try:
        said = call("analyze", database15.replace("postgres@", "poor_analyst@"))
        assert said.status == 3
        assert "connect as the owner of the table kine" in said.line
    finally:
        ask(database15, "DROP OWNED BY poor_analyst; DROP ROLE poor_analyst")
