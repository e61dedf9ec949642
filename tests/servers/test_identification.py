"""What a server says of itself leads to a flavour, a release and the PostgreSQL it speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinetune.model.failure import UsageFailure
from kinetune.model.server import Flavour
from kinetune.servers.identification import identify_server, parse_server_name
from kinetune.servers.postgresql import OLDEST

YUGABYTEDB = [  # docs/facts/yugabytedb.md §1.1; 2.21 is what the recorded cluster answered
    ("PostgreSQL 11.2-YB-2.5.1.0-b0 on x86_64-pc-linux-gnu, compiled by gcc, 64-bit", 110002, (2, 5, 1, 0), 11),
    ("PostgreSQL 11.2-YB-2.17.2.0-b0 on x86_64-pc-linux-gnu", 110002, (2, 17, 2, 0), 11),
    (
        "PostgreSQL 11.2-YB-2.21.0.0-b0 on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14+deb12u1) 12.2.0, "
        "64-bit",
        110002,
        (2, 21, 0, 0),
        11,
    ),
    ("PostgreSQL 11.2-YB-2024.2.11.0-b0 on aarch64-unknown-linux-gnu", 110002, (2024, 2, 11, 0), 11),
    ("PostgreSQL 15.2-YB-2.25.0.0-b0 on x86_64-pc-linux-gnu", 150002, (2, 25, 0, 0), 15),
    ("PostgreSQL 15.12-YB-2.25.2.0-b0 on x86_64-pc-linux-gnu", 150012, (2, 25, 2, 0), 15),
    (
        "PostgreSQL 15.12-YB-2025.2.6.0-b0 on x86_64-pc-linux-gnu, compiled by clang version 19.1.0",
        150012,
        (2025, 2, 6, 0),
        15,
    ),
    ("PostgreSQL 15.12-YB-2026.1.1.2-b0 on x86_64-pc-linux-gnu", 150012, (2026, 1, 1, 2), 15),
]
POSTGRESQL = [
    ("PostgreSQL 11.22 on x86_64-pc-linux-gnu, compiled by gcc 8.3.0, 64-bit", 110022, (11, 22)),
    ("PostgreSQL 12.20 (Ubuntu 12.20-0ubuntu0.20.04.1) on x86_64-pc-linux-gnu", 120020, (12, 20)),
    ("PostgreSQL 13.16 on aarch64-apple-darwin", 130016, (13, 16)),
    ("PostgreSQL 14.13 on x86_64-pc-linux-musl", 140013, (14, 13)),
    ("PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu", 150018, (15, 18)),
    ("PostgreSQL 16.4, compiled by Visual C++ build 1940, 64-bit", 160004, (16, 4)),
    ("PostgreSQL 17.0 on x86_64-pc-linux-gnu", 170000, (17, 0)),
    ("PostgreSQL 18.6 on x86_64-pc-linux-gnu", 180006, (18, 6)),
    ("PostgreSQL 18beta1 on x86_64-pc-linux-gnu", 180000, (18, 0)),
    ("EnterpriseDB PostgreSQL 16.4.1 on x86_64-pc-linux-gnu", 160004, (16, 4)),
]
COCKROACHDB = "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27 01:53:43, go1.19.10)"


@pytest.mark.parametrize(("version", "number", "release", "base"), YUGABYTEDB)
def test_yugabytedb_is_recognized_by_its_version_text(
    version: str, number: int, release: tuple[int, ...], base: int
) -> None:
    server = identify_server(version, number)
    assert (server.flavour, server.release, server.base, server.note) == (Flavour.YUGABYTEDB, release, base, "")
    assert str(server) == f"YugabyteDB {'.'.join(map(str, release))}"


@pytest.mark.parametrize(("version", "number", "release"), POSTGRESQL)
def test_postgresql_is_recognized_by_its_number(version: str, number: int, release: tuple[int, ...]) -> None:
    server = identify_server(version, number)
    assert (server.flavour, server.release, server.base) == (Flavour.POSTGRESQL, release, release[0])
    assert server.note == ""


def test_an_unknown_server_is_served_as_the_postgresql_it_claims_with_one_note() -> None:
    server = identify_server("Materialize v0.26.1 (x86_64-unknown-linux-gnu)", 130000)
    assert (server.flavour, server.base, server.unsupported) == (Flavour.POSTGRESQL, 13, "")
    assert "Materialize" in server.note
    assert "treated as PostgreSQL 13" in server.note
    assert len(server.note) < 100


def test_a_server_that_no_kine_works_on_is_named() -> None:
    assert identify_server(COCKROACHDB, 130000).unsupported == "CockroachDB"


def test_a_postgresql_too_old_is_served_with_a_note() -> None:
    server = identify_server("PostgreSQL 9.6.24 on x86_64-pc-linux-gnu", 90624)
    assert str(OLDEST) in server.note
    assert not server.can("covering_index")


@given(st.text(max_size=200), st.integers(80000, 200000))
def test_no_answer_of_a_server_is_fatal(version: str, number: int) -> None:
    assert str(identify_server(version, number))


@pytest.mark.parametrize(
    ("name", "shown", "base"),
    [
        ("postgresql-16", "PostgreSQL 16", 16),
        ("postgresql-15.18", "PostgreSQL 15.18", 15),
        ("yugabytedb-2.20", "YugabyteDB 2.20", 11),
        ("yugabytedb-2024.2", "YugabyteDB 2024.2", 11),
        ("yugabytedb-2025.2.6.0", "YugabyteDB 2025.2.6.0", 15),
    ],
)
def test_a_server_may_be_named_without_being_there(name: str, shown: str, base: int) -> None:
    server = parse_server_name(name)
    assert (str(server), server.base, server.note) == (shown, base, "")


@pytest.mark.parametrize("name", ["", "16", "postgres-16", "postgresql", "postgresql-", "PostgreSQL-16", "mysql-8"])
def test_another_name_is_a_usage_failure_that_shows_the_form(name: str) -> None:
    with pytest.raises(UsageFailure, match=r"use a name such as postgresql-16 or yugabytedb-2024\.2"):
        parse_server_name(name)
