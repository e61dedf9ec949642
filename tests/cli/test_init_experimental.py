"""`kinetune init --experimental`: printed, never applied."""

from __future__ import annotations

from tests.cli.call import call
from tests.database.test_copies import state


def test_without_a_connection_it_prints_for_the_server_named() -> None:
    said = call("init", "--experimental", "--server", "yugabytedb-2024.2")
    assert (said.status, said.err) == (0, "")
    assert "-- larger pages of the storage" in said.out
    assert "Prove: kinetune explain --query list-page --with yb_fetch_row_limit=16384" in said.out
    assert all(line.startswith("--") for line in said.out.splitlines() if line)


def test_an_era_without_recorded_statements_has_no_statement_to_try_by_hand() -> None:
    said = call("init", "--experimental", "--server", "yugabytedb-2024.2", "--kine", "v0.14.7")
    assert said.status == 0
    assert "enable_sort" in said.out
    assert "PREPARE" not in said.out


def test_on_a_store_it_looks_and_changes_nothing(store: str) -> None:
    before = state(store)
    said = call("init", "--experimental", "--yes", store)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("-- No experiment is known for PostgreSQL 15.")
    assert said.out.endswith(" with Kine v0.16.6, v0.17.3 – v0.17.5.\n")
    assert state(store) == before
