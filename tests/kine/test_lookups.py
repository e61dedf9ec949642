"""
PostgreSQL does not have YugabyteDB's trap: a lookup of one name never reads the table (docs/facts/measured.md §9).
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from statistics import median

import pytest

from bench.yugabytedb import run_load
from kinetune.database.explain import plan_calls
from kinetune.database.session import open_session
from kinetune.kine.queries import build_lookup_calls as calls
from kinetune.kine.queries import load_catalogue
from kinetune.kine.releases import era_of_kine
from kinetune.plans import json_form
from kinetune.plans.reads import table_reading_lookups
from tests.cli.call import call
from tests.cluster import Cluster
from tests.conftest import scratch
from tests.database.stores import STOCK, ask, connection, make, place, reach
from tests.kine.binary import kine

OBJECTS = 10_000
MISSING = "EXPLAIN (FORMAT JSON) SELECT MAX(id) FROM kine WHERE name = '/registry/configmaps/none/new'"
UNTOUCHED = "ALTER TABLE kine SET (autovacuum_enabled = false)"


def store(dsn: str, profile: str, *before: str) -> None:
    """50,000 rows, never analysed but by the statements `before` them."""
    make(dsn, STOCK)
    reach(dsn, profile)
    ask(dsn, UNTOUCHED)
    with connection(dsn) as session:
        session.execute("DELETE FROM pg_statistic WHERE starelid = 'kine'::regclass")
        session.execute("UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE oid = 'kine'::regclass")
        for statement in before:
            session.execute(statement.encode())
    make(dsn, "SELECT 1", OBJECTS)


def is_index_only(dsn: str) -> bool:
    ((plan,),) = ask(dsn, MISSING)
    kinds = {node.kind for node in json_form.read_json_plan(json.dumps(plan)).nodes() if node.relation == "kine"}
    return kinds == {"Index Only Scan"}


@pytest.mark.parametrize("before", [(), ("ANALYZE kine",), ("TRUNCATE kine", "ANALYZE kine")], ids=str)
@pytest.mark.parametrize("profile", ["stock", "tuned"])
def test_a_new_key_is_looked_up_in_an_index_alone(database: str, profile: str, before: tuple[str, ...]) -> None:
    store(database, profile, *before)
    assert is_index_only(database)


@pytest.mark.parametrize("tag", ["v0.10.1", "v0.14.16", "v0.16.4", "v0.17.5"])
@pytest.mark.parametrize("profile", ["stock", "tuned"])
def test_no_statement_of_any_era_that_names_one_key_reads_the_table(database15: str, profile: str, tag: str) -> None:
    """Planned, not executed, the writes too."""
    store(database15, profile)
    with open_session(place(database15), "test") as session:
        found = list(plan_calls(session, calls(load_catalogue(era_of_kine(tag).name))))
    assert found
    for one in found:
        assert not one.failed, one.failed
        assert not list(table_reading_lookups(json_form.read_json_plan(one.custom[0]), 5 * OBJECTS)), one.call.scenario
    assert ask(database15, "SELECT count(*) = max(id) FROM kine") == [(True,)]


def test_right_after_a_restore_a_new_key_is_looked_up_in_an_index(database15: str, tmp_path: Path) -> None:
    make(database15, STOCK, OBJECTS)
    copy, name = tmp_path / "copy.kinetune", database15.rpartition("/")[2]
    dropped = call(
        "drop", "--confirm", name, "--backup", copy, "--observe", "0.2", "--allow", "RECENT_WRITES", database15
    )
    assert dropped.status == 0, dropped.err
    assert call("restore", "--yes", copy, database15).status == 0
    assert is_index_only(database15)


ROUNDS = 5


@pytest.mark.parametrize("server", ["pg15", "pg18"])
def test_a_prepared_store_takes_as_many_writes_as_stock(request: pytest.FixtureRequest, server: str) -> None:
    """Medians of alternating rounds: a machine that runs other tests slows single ones."""
    kine("v0.17.5")
    cluster = request.getfixturevalue(server)
    assert isinstance(cluster, Cluster)
    with contextlib.contextmanager(scratch)(cluster) as stock, contextlib.contextmanager(scratch)(cluster) as ready:
        for dsn, profile in ((stock, "stock"), (ready, "tuned")):
            make(dsn, STOCK, 4_000)
            reach(dsn, profile)
        found = [
            (run_load(stock, "v0.17.5", 2.0).updates, run_load(ready, "v0.17.5", 2.0).updates) for _ in range(ROUNDS)
        ]
    assert median(one for _, one in found) >= 0.9 * median(one for one, _ in found), found
