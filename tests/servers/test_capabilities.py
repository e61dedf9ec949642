"""What a server can do follows from its release alone, and grows with it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from kinetune.resources import data_folder
from kinetune.servers.identification import parse_server_name, select_variant
from kinetune.servers.yugabytedb import base_of, drops_batched_joins, planner_settings

BNL = {"yb_bnl_batch_size": "1024"}
MODE = {"yb_enable_cbo": "on"}
SWITCHES = {"yb_enable_optimizer_statistics": "on", "yb_enable_base_scans_cost_model": "on"}


@pytest.mark.parametrize(
    ("capability", "first"),
    [
        ("covering_index", 11),
        ("plan_cache_mode", 12),
        ("rename_index_online", 12),
        ("index_progress", 12),
        ("explain_wal", 13),
        ("client_check", 14),
    ],
)
def test_postgresql_gains_a_capability_once_and_keeps_it(capability: str, first: int) -> None:
    assert [parse_server_name(f"postgresql-{major}").can(capability) for major in range(9, 19)] == [
        major >= first for major in range(9, 19)
    ]


@pytest.mark.parametrize(
    "capability",
    ["advisory_lock", "index_concurrently", "transactional_ddl", "tablesample", "lock_table", "rename_sequence"],
)
def test_every_postgresql_served_works_online_and_in_transactions(capability: str) -> None:
    assert all(parse_server_name(f"postgresql-{major}").can(capability) for major in range(11, 19))


@pytest.mark.parametrize("capability", ["explain_dist", "batched_nested_loop", "range_sharding", "nonconcurrently"])
def test_postgresql_has_nothing_of_yugabytedbs(capability: str) -> None:
    assert not any(parse_server_name(f"postgresql-{major}").can(capability) for major in range(11, 19))


@pytest.mark.parametrize(
    ("release", "can", "cannot"),
    [
        ("2.14", {"range_sharding", "nonconcurrently"}, {"explain_dist", "batched_nested_loop", "plan_cache_mode"}),
        ("2.16.6", {"explain_dist", "batched_nested_loop"}, {"plan_cache_mode", "transactional_ddl"}),
        ("2.21.0.0", {"explain_dist", "batched_nested_loop"}, {"plan_cache_mode", "transactional_ddl"}),
        ("2024.2.11", {"explain_dist", "covering_index"}, {"plan_cache_mode", "transactional_ddl"}),
        ("2.25.0", {"plan_cache_mode", "explain_dist"}, {"transactional_ddl"}),
        ("2025.2.6", {"plan_cache_mode", "explain_dist"}, {"transactional_ddl"}),
        ("2026.1.1", {"plan_cache_mode", "transactional_ddl"}, set()),
    ],
)
def test_yugabytedb_can_what_its_release_can(release: str, can: set[str], cannot: set[str]) -> None:
    server = parse_server_name(f"yugabytedb-{release}")
    assert {name for name in can | cannot if server.can(name)} == can


@pytest.mark.parametrize("release", ["2.14", "2.20", "2024.2", "2025.2", "2026.1"])
def test_no_yugabytedb_is_trusted_with_what_holds_on_one_node_or_is_refused(release: str) -> None:
    server = parse_server_name(f"yugabytedb-{release}")
    refused = (
        "advisory_lock",
        "lock_table",
        "rename_sequence",
        "index_concurrently",
        "tablesample",
        "index_progress",
        "explain_wal",
    )
    assert not any(server.can(name) for name in refused)


@pytest.mark.parametrize("line", [("2.0", "2.4", "2.14", "2.16", "2.20", "2.25", "2025.1", "2026.1")])
def test_yugabytedb_loses_nothing_from_one_line_to_the_next(line: tuple[str, ...]) -> None:
    kinds = [parse_server_name(f"yugabytedb-{release}").capabilities - {"lasting_statistics"} for release in line]
    assert all(older <= newer for older, newer in pairwise(kinds))


@pytest.mark.parametrize(
    ("release", "base"),
    [((2, 0), 11), ((2, 23, 1), 11), ((2, 25), 15), ((2024, 1), 11), ((2024, 2, 11), 11), ((2025, 1), 15)],
)
def test_the_base_is_postgresql_15_from_2_25_and_2025_1(release: tuple[int, ...], base: int) -> None:
    assert base_of(release) == base


@pytest.mark.parametrize(
    ("release", "wanted"),
    [
        ((2, 14, 12), {}),
        ((2, 16), BNL | SWITCHES),
        ((2, 20, 5), BNL | SWITCHES),
        ((2024, 1), BNL | SWITCHES),
        ((2024, 2, 3), BNL | SWITCHES),
        ((2024, 2, 4), BNL | MODE),
        ((2024, 2, 11, 0), BNL | MODE),
        ((2025, 1, 0), BNL | MODE),
        ((2025, 2), BNL | MODE),
        ((2026, 1), BNL | MODE),
    ],
)
def test_the_planner_gets_what_its_release_needs(release: tuple[int, ...], wanted: dict[str, str]) -> None:
    settings = planner_settings(release, "E20")
    assert {name: value for name, (value, _) in settings.items()} == wanted
    assert all(reason for _, reason in settings.values())


@pytest.mark.parametrize(("era", "cost_model"), [("E07", True), ("E11", False), ("E16", False), ("E18", True)])
def test_eras_whose_pages_the_cost_model_sorts_go_without_it(era: str, cost_model: bool) -> None:
    """docs/facts/measured.md §11: a page of 4,000 pods is 8 requests without it, 22 with it."""
    settings = planner_settings((2, 21, 0, 0), era)
    assert settings["yb_enable_optimizer_statistics"][0] == "on"
    assert ("yb_enable_base_scans_cost_model" in settings) is cost_model


@pytest.mark.parametrize(
    ("name", "lasting"),
    [("2.14", False), ("2.20", True), ("2024.2.11", True), ("2.25", False), ("2025.1", False), ("2026.1", False)],
)
def test_statistics_last_where_nothing_analyses_by_itself(name: str, lasting: bool) -> None:
    assert parse_server_name(f"yugabytedb-{name}").can("lasting_statistics") is lasting


def test_the_special_file_wins_over_the_common_one(tmp_path: Path) -> None:
    for name in ("a.sql", "a.yugabytedb.sql", "b.sql"):
        (tmp_path / name).touch()
    yugabytedb, postgresql = parse_server_name("yugabytedb-2.20"), parse_server_name("postgresql-16")
    assert [select_variant(tmp_path, name, yugabytedb) for name in "ab"] == ["a.yugabytedb.sql", "b.sql"]
    assert [select_variant(tmp_path, name, postgresql) for name in "ab"] == ["a.sql", "b.sql"]


def test_every_special_file_has_a_common_one_beside_it() -> None:
    special = [file for room in ("sql/facts", "templates/schema") for file in _files(room) if file.name.count(".") == 2]
    assert special
    assert all((file.parent / f"{file.name.split('.')[0]}.sql").is_file() for file in special)


def _files(room: str) -> list[Path]:
    top, inside = room.split("/")
    return sorted((data_folder(top) / inside).iterdir())


@pytest.mark.parametrize("release", [(2024, 1, 3, 0), (2024, 2, 4, 0), (2025, 1, 0, 0)])
def test_a_release_that_drops_batched_joins_gets_the_cost_model_for_every_era(release: tuple[int, ...]) -> None:
    assert drops_batched_joins(release)
    settings = planner_settings(release, "E16")
    assert {"yb_enable_cbo", "yb_enable_base_scans_cost_model"} & set(settings)


@pytest.mark.parametrize("release", [(2, 20, 5, 0), (2024, 2, 5, 0), (2024, 2, 11, 0), (2025, 1, 1, 0), (2025, 2, 0)])
def test_its_successors_keep_them(release: tuple[int, ...]) -> None:
    assert not drops_batched_joins(release)
