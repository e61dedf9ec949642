"""pg_stat_statements and pg_stat_activity of real servers, and YugabyteDB's rows as they were recorded."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from kinetune.database.activity import read_activity, statement_name
from kinetune.database.pg_stat_statements import build_counter, read_statement_counters
from kinetune.database.session import open_session
from kinetune.kine.counter_costs import compute_costs
from kinetune.kine.queries import load_catalogue, with_limit
from kinetune.kine.query_recognition import name_of
from kinetune.kine.releases import ERAS
from kinetune.model.counters import Activity, Bucket, Counters
from kinetune.model.failure import CouldNotLook
from tests.cli.call import call
from tests.cluster import Cluster
from tests.database.stores import ask, make, place

RECORDED = {
    "text": "EXPLAIN (ANALYZE, DIST) SELECT MAX(id) AS current_rev FROM kine",
    "counters": {
        "userid": 13319, "dbid": 16539, "queryid": -2837484876580378618, "calls": 4, "total_time": 19224.576827,
        "min_time": 418.395284, "max_time": 9800.25, "mean_time": 4806.1, "stddev_time": 4381.2, "rows": 8,
        "shared_blks_hit": 0, "temp_blks_read": 0, "blk_read_time": 0.0, "docdb_read_rpcs": 414,
        "yb_latency_histogram": [
            {"[409.6,460.8)": 1}, {"[614.4,665.6)": 1}, {"[8192.0,9011.2)": 1}, {"[9011.2,9830.4)": 1}
        ],
    },
}  # fmt: skip
"""data/yugabytedb/statements/pg_stat_statements.json (2.21), with a DocDB column of later releases."""


@pytest.fixture
def counted(database: str) -> str:
    make(database, objects=20)
    ask(database, "CREATE EXTENSION pg_stat_statements")
    return database


def send(dsn: str, name: str, times: int, era: str = "v0.17.3") -> None:
    """Kine's own query with made-up arguments, as pgx sends it: prepared."""
    query = load_catalogue(era)[name]
    values = {"text": "/registry/pods/", "int8": 5, "bool": False}
    with psycopg.connect(dsn, autocommit=True) as kine:
        text, arguments = query.text, list[object]()
        for parameter in sorted(query.parameters, key=lambda one: -one.number):
            text = text.replace(f"${parameter.number}", "%s")
            arguments.insert(0, values.get(parameter.type, 0))
        for _ in range(times):
            kine.execute(text.encode(), arguments, prepare=True)


def read(dsn: str) -> Counters:
    with open_session(place(dsn), "test") as session:
        return read_statement_counters(session)


def by_name(dsn: str, before: Counters | None = None) -> dict[str, int]:
    return {cost.query: cost.count for cost in compute_costs(read(dsn), before).costs}


def test_kines_calls_are_counted_by_kines_names(counted: str) -> None:
    send(counted, "CurrentRev", 7)
    send(counted, "CompactRev", 3)
    ask(counted, "SELECT count(*) FROM kine WHERE name = 'mine'")
    found = by_name(counted)
    assert (found["CurrentRev"], found["CompactRev"]) == (7, 3)
    assert not [name for name in found if name not in ("CurrentRev", "CompactRev")]


def test_kines_calls_are_counted_after_every_command_of_ours(counted: str) -> None:
    """The server keeps the first text of statements that it takes for equal: kinetune must know it as Kine's."""
    for arguments in (("check",), ("explain", "--kine", "v0.17.5"), ("init", "--yes")):
        assert call(*arguments, counted).status in (0, 1), arguments
    for name in ("CurrentRev", "CompactRev"):
        before = read(counted)
        send(counted, name, 3)
        assert by_name(counted, before) == {name: 3}


@pytest.mark.parametrize("era", [era.name for era in ERAS if era.catalogue == era.name])
def test_the_server_normalises_each_statement_of_each_era_to_one_that_is_known(pg15: Cluster, era: str) -> None:
    """What pg_stat_statements makes of a text: constants become parameters after the last."""
    for query in load_catalogue(era).values():
        for text in (query.text, with_limit(query.text, 501)):
            assert name_of(text.replace("LIMIT 501", "LIMIT $99").replace("'compact_rev_key'", "$98")) is not None


def test_a_difference_counts_only_what_came_between(counted: str) -> None:
    send(counted, "CurrentRev", 7)
    before = read(counted)
    send(counted, "CurrentRev", 4)
    assert by_name(counted, before) == {"CurrentRev": 4}


def test_a_difference_across_a_reset_counts_from_the_reset(counted: str) -> None:
    send(counted, "CurrentRev", 3)
    before = read(counted)
    ask(counted, "SELECT pg_stat_statements_reset() IS NULL")
    send(counted, "CurrentRev", 9)  # more than before: only the time of the reset tells
    found = compute_costs(read(counted), before)
    assert {cost.query: cost.count for cost in found.costs} == {"CurrentRev": 9}
    assert "were reset after the earlier reading" in found.notices[0]
    assert found.seconds is not None


@pytest.fixture
def poor(pg15: Cluster) -> Iterator[str]:
    role = f"poor-{uuid.uuid4().hex[:8]}"
    ask(pg15.dsn(), f'CREATE ROLE "{role}" LOGIN')
    yield role
    ask(pg15.dsn(), f'DROP OWNED BY "{role}"')
    ask(pg15.dsn(), f'DROP ROLE "{role}"')


def test_without_the_right_the_view_is_not_touched(pg15: Cluster, database15: str, poor: str) -> None:
    ask(database15, "CREATE EXTENSION pg_stat_statements")
    dsn = database15.replace("postgres@", f"{poor}@")
    with pytest.raises(CouldNotLook, match=f'GRANT pg_read_all_stats TO "{poor}"'):
        read(dsn)
    ask(pg15.dsn(), f'GRANT pg_read_all_stats TO "{poor}"')
    assert read(dsn).places


def test_a_missing_extension_is_told_with_the_statement_that_makes_it(database15: str) -> None:
    with pytest.raises(CouldNotLook, match="CREATE EXTENSION pg_stat_statements"):
        read(database15)


def test_yugabytedbs_row_has_buckets_and_its_own_counters() -> None:
    found = build_counter(RECORDED, "10.0.0.1:5433", (("v0.17.3",), "CurrentRev"))
    assert (found.id, found.calls, found.total_ms) == ("13319/16539/-2837484876580378618", 4, 19224.576827)
    assert (found.max_ms, found.rows, found.extra) == (9800.25, 8, {"docdb_read_rpcs": 414.0})
    assert found.buckets[0] == Bucket(409.6, 460.8, 1)
    (cost,) = compute_costs(Counters(datetime.now(UTC), (), (found,))).costs
    assert cost.p99 is not None
    assert 9011.2 <= cost.p99 <= 9830.4


def test_statements_of_a_session_are_told_by_name_and_never_with_what_they_carry() -> None:
    assert statement_name(load_catalogue("v0.17.3")["CurrentRev"].text) == ("CurrentRev", True)
    assert statement_name("UPDATE kine SET value = 'secret'") == ("UPDATE", False)
    assert statement_name("/* hidden */ vacuum kine") == ("VACUUM", False)
    assert statement_name("'secret'") == ("other", False)
    assert statement_name("secret") == ("other", False)


def test_who_runs_and_who_waits_for_whom_is_seen(counted: str) -> None:
    with psycopg.connect(counted) as holder, psycopg.connect(counted, autocommit=True) as waiter:
        holder.execute("LOCK TABLE kine IN ACCESS EXCLUSIVE MODE")
        thread = threading.Thread(target=waiter.execute, args=("SELECT MAX(id) AS current_rev FROM kine",))
        thread.start()
        waits, holds = waiter.info.backend_pid, holder.info.backend_pid
        found = waited(counted, waits)
        holder.rollback()
        thread.join()
    running = {one.pid: one for one in found.running}
    assert (running[waits].query, running[waits].is_kine) == ("CurrentRev", True)
    assert (running[waits].blocked_by, running[waits].waits_for) == ((holds,), "Lock: relation")
    assert (running[holds].query, running[holds].is_kine) == ("LOCK", False)


def waited(dsn: str, pid: int) -> Activity:
    deadline = time.monotonic() + 10
    while True:
        with open_session(place(dsn), "test") as session:
            found = read_activity(session)
        if any(one.pid == pid and one.blocked_by for one in found.running):
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_sessions_of_others_are_counted_where_they_cannot_be_seen(pg15: Cluster, database15: str, poor: str) -> None:
    with (
        psycopg.connect(database15),
        open_session(place(database15.replace("postgres@", f"{poor}@")), "test") as session,
    ):
        found = read_activity(session)
    assert found.hidden >= 1
    assert "GRANT pg_read_all_stats" in found.notices[0]


@pytest.mark.yugabytedb
@pytest.mark.skipif("KINETUNE_TEST_YB_DSN" not in os.environ, reason="YugabyteDB is in no package registry")
def test_every_node_of_a_cluster_is_asked() -> None:
    with open_session(place(os.environ["KINETUNE_TEST_YB_DSN"]), "test") as session:
        names = {f"{row['host']}:{row['port']}" for row in session.query_file("nodes")}
        assert {one.name for one in read_statement_counters(session).places} == names
        assert read_activity(session).notices == ()
