"""The dates of each line, and what stands in for those that are not in the table."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from kinetune.servers.identification import parse_server_name
from kinetune.servers.maintenance import NEWEST, POSTGRESQL, YUGABYTEDB, find_line, recommended_line


@pytest.mark.parametrize(
    ("server", "name", "ends", "mended_until"),
    [
        ("postgresql-15.18", "PostgreSQL 15", date(2027, 11, 11), None),
        ("yugabytedb-2024.2.11.0", "YugabyteDB 2024.2", date(2027, 6, 9), date(2026, 12, 9)),
        ("postgresql-9.6", "PostgreSQL 9", date(2022, 11, 10), None),
        ("yugabytedb-2.8.1.0", "YugabyteDB 2.8", date(2025, 1, 14), None),
    ],
)
def test_a_release_belongs_to_a_line(server: str, name: str, ends: date, mended_until: date | None) -> None:
    line = find_line(parse_server_name(server))
    assert line is not None
    assert (line.name, line.ends, line.maintained_until, line.preview) == (name, ends, mended_until, False)


@pytest.mark.parametrize("server", ["yugabytedb-2.19.3.0", "yugabytedb-2.21", "yugabytedb-2.25.2.0"])
def test_odd_lines_of_yugabytedb_were_previews(server: str) -> None:
    line = find_line(parse_server_name(server))
    assert line is not None
    assert line.preview
    assert line.ends is None


@pytest.mark.parametrize("server", ["postgresql-19", "yugabytedb-2027.1"])
def test_a_line_from_after_the_table_is_none(server: str) -> None:
    assert find_line(parse_server_name(server)) is None


def test_lines_end_in_order_and_maintenance_ends_first() -> None:
    assert all(a < b for a, b in pairwise(POSTGRESQL.values()))
    assert all(mended < ends for mended, ends in YUGABYTEDB.values())


@pytest.mark.parametrize("server", ["postgresql-12", "yugabytedb-2.20"])
def test_the_successor_is_a_line_of_the_table(server: str) -> None:
    assert recommended_line(parse_server_name(server)) == NEWEST[parse_server_name(server).flavour]
    release = recommended_line(parse_server_name(server)).split()[1]
    assert find_line(parse_server_name(f"{parse_server_name(server).flavour}-{release}")) is not None
