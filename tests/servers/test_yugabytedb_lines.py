"""What is known of each line is there for all of them, agrees with the capabilities, and with the recorded server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinetune.servers.identification import parse_server_name
from kinetune.servers.maintenance import YUGABYTEDB
from kinetune.servers.yugabytedb_lines import LINES, TOPICS, Basis, list_known_facts, nearest_line

SETTINGS = Path(__file__).parents[1] / "data" / "rules" / "yugabytedb-2.21" / "settings.json"


def of(release: str) -> dict[str, str]:
    return {one.topic: one.value for one in list_known_facts(tuple(map(int, release.split("."))))}


@pytest.mark.parametrize("line", LINES)
def test_every_topic_has_a_value_and_a_source_on_every_line(line: tuple[int, int]) -> None:
    found = list(list_known_facts(line))
    assert {one.topic for one in found} == set(TOPICS)
    assert all(one.value and one.source.startswith(("§", "recorded §")) for one in found)


@pytest.mark.parametrize("topic", TOPICS)
def test_changes_stand_in_the_order_of_the_lines_from_the_first_on(topic: str) -> None:
    places = [LINES.index(change.since) for change in TOPICS[topic]]
    assert places[0] == 0
    assert places == sorted(set(places))


@pytest.mark.parametrize(
    ("release", "line"),
    [("2.20.1.3", (2, 20)), ("2.22", (2, 21)), ("2.13", (2, 14)), ("2024.2.11", (2024, 2)), ("2027.1", (2026, 1))],
)
def test_a_release_belongs_to_the_newest_line_not_newer(release: str, line: tuple[int, int]) -> None:
    assert nearest_line(tuple(map(int, release.split(".")))) == line


def test_what_was_measured_is_of_the_recorded_release_alone() -> None:
    for changes in TOPICS.values():
        assert all(change.since == (2, 21) for change in changes if change.basis is Basis.MEASURED)


def test_measured_settings_are_the_recorded_ones() -> None:
    recorded = json.loads(SETTINGS.read_text(encoding="utf-8"))
    for topic, value in of("2.21.0").items():
        if topic.startswith("yb_"):
            assert recorded.get(topic, "absent") == value.split(":")[0]


@pytest.mark.parametrize("line", LINES)
def test_the_table_agrees_with_the_capabilities(line: tuple[int, int]) -> None:
    name = ".".join(map(str, line))
    server, told = parse_server_name(f"yugabytedb-{name}"), of(name)
    assert server.can("batched_nested_loop") is (told["yb_bnl_batch_size"] != "absent")
    assert server.can("explain_dist") is (told["EXPLAIN (DIST)"] == "yes")
    assert server.can("transactional_ddl") is (told["DDL in transactions"] == "transactional by default")
    assert told["PostgreSQL base"].startswith(str(server.base))


def test_every_stable_line_has_an_end_of_maintenance() -> None:
    assert {line for line in LINES if line[0] >= 2024 or line[1] % 2 == 0} <= set(YUGABYTEDB)
