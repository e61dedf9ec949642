"""A made-up store is what Kine would have written: chains, ids, sequence; and a real Kine goes on with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kinetune.commands.change import apply_change
from kinetune.commands.init import InitChange, InitOptions, plan_init
from kinetune.kine.keyspace import resource_prefix
from kinetune.kine.releases import EraInUse, newest_era
from kinetune.model.endpoint import Endpoint, parse
from kinetune.model.failure import Refused, UsageFailure
from kinetune.workload.history import Row, generate_rows, plan_resources
from kinetune.workload.store import StoreSize, fill_store
from tests.kine.process import Kine
from tests.kine.smoke import present

SMALL = StoreSize(objects=400)


def prepared(dsn: str, profile: str) -> Endpoint:
    endpoint = parse(dsn, "test")
    assert isinstance(endpoint, Endpoint)
    options = InitOptions(profile, EraInUse(newest_era(), "test"))
    apply_change(InitChange(plan_init(endpoint, options), options))
    return endpoint


@pytest.fixture(params=["stock", "tuned"])
def filled(request: pytest.FixtureRequest, database: str) -> Iterator[psycopg.Connection[Any]]:
    fill_store(prepared(database, request.param), SMALL)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


def test_a_filled_store_has_every_row_and_every_link(filled: psycopg.Connection[Any]) -> None:
    assert one(filled, "SELECT count(*), min(id), max(id) FROM kine") == (2002, 1, 2002)
    assert one(filled, "SELECT count(DISTINCT name) FROM kine WHERE name LIKE '/registry/%'") == 401
    broken = (
        "SELECT count(*) FROM kine AS k WHERE prev_revision != 0 AND NOT EXISTS (SELECT FROM kine AS p "
        "WHERE p.id = k.prev_revision AND p.name = k.name AND p.deleted = 0 AND p.value = k.old_value "
        "AND coalesce(p.create_revision, p.id) = k.create_revision AND p.id < k.id)"
    )
    assert one(filled, broken) == 0
    duplicates = "SELECT count(*) FROM (SELECT FROM kine GROUP BY name, prev_revision HAVING count(*) > 1) AS twice"
    assert one(filled, duplicates) == 0


def test_the_next_id_follows_the_last(filled: psycopg.Connection[Any]) -> None:
    assert one(filled, "SELECT nextval('kine_id_seq')") == 2003


def test_a_filled_store_is_analysed_and_all_visible(filled: psycopg.Connection[Any]) -> None:
    seen = "SELECT reltuples, relallvisible, relpages FROM pg_class WHERE oid = 'kine'::regclass"
    rows, visible, pages = one(filled, seen)
    assert rows == 2002
    assert visible == pages


def test_a_store_that_holds_rows_is_refused(filled: psycopg.Connection[Any]) -> None:
    endpoint = parse(f"postgres://postgres@127.0.0.1:{filled.info.port}/{filled.info.dbname}", "test")
    assert isinstance(endpoint, Endpoint)
    with pytest.raises(Refused, match="not empty"):
        fill_store(endpoint, SMALL)


def test_values_compress_as_protobuf_does(database15: str) -> None:
    fill_store(prepared(database15, "stock"), StoreSize(objects=2000))
    query = (
        "SELECT sum(length(value))::float / sum(pg_column_size(value)) FROM kine "
        "WHERE name LIKE '/registry/pods/%' AND length(value) > 2500"
    )
    with psycopg.connect(database15) as connection:
        assert 1.8 < one(connection, query) < 3.5


def rows_of(store: StoreSize) -> list[Row]:
    return list(generate_rows(store.objects, store.rows, store.seed))


def test_a_store_is_the_same_for_the_same_seed() -> None:
    assert rows_of(SMALL) == rows_of(SMALL)
    assert rows_of(SMALL) != rows_of(StoreSize(objects=400, seed=2))


@pytest.mark.parametrize("rows", [3, 4, 10, 1000, 12_345])
def test_rows_are_exact(rows: int) -> None:
    store = StoreSize.of_rows(rows)
    assert store.rows == rows
    assert [row[0] for row in rows_of(store)] == list(range(1, rows + 1))


@pytest.mark.parametrize(("objects", "revisions"), [(1, 1), (1, 50), (7, 1.5), (300, 1), (100, 80)])
def test_objects_and_mean_are_exact(objects: int, revisions: float) -> None:
    rows = rows_of(StoreSize(objects, revisions))
    assert len({row[1] for row in rows}) == objects + 2
    assert len(rows) == round(objects * revisions) + 2


def test_a_store_without_objects_is_a_usage_failure() -> None:
    with pytest.raises(UsageFailure):
        StoreSize(objects=0)
    with pytest.raises(UsageFailure):
        StoreSize(revisions=0.5)


def test_a_row_is_what_kine_writes() -> None:
    """Create, change and tombstone as v0.17.5 left them on PostgreSQL 15."""
    for number, _, created, deleted, create, before, lease, value, old in islice(rows_of(SMALL), 2, None):
        if created:
            assert (deleted, create, before, old) == (0, None, 0, None)
            assert value
        else:
            assert create is not None
            assert create <= before < number
            assert old
            assert (lease, value is None) == (0, True) if deleted else value


def test_no_key_lives_on_after_its_tombstone() -> None:
    gone: set[str] = set()
    for row in rows_of(StoreSize(objects=3000)):
        assert row[1] not in gone
        gone |= {row[1]} if row[3] else set()
    assert {resource_prefix(key) for key in gone} >= {"/registry/pods/", "/registry/events/"}


def test_leases_are_renewed_often_pods_sometimes_and_all_mixed_in_time() -> None:
    rows = rows_of(StoreSize(objects=5000))
    counts = Counter(row[1] for row in rows)
    renewed = [count for key, count in counts.items() if "/kube-node-lease/" in key]
    pods = [count for key, count in counts.items() if key.startswith("/registry/pods/")]
    assert min(renewed) > 100
    assert 4 < sum(pods) / len(pods) < 8
    (key, _), *_ = counts.most_common(1)
    places = [row[0] for row in rows if row[1] == key]
    assert max(after - before for before, after in pairwise(places)) < len(rows) / 20


def test_shares_add_up() -> None:
    for objects, rows in ((1, 1), (2, 100), (19_999, 99_999)):
        parts = plan_resources(objects, rows)
        assert sum(part.objects for part in parts) == objects
        assert sum(part.revisions for part in parts) == rows
        assert all(part.revisions >= part.objects for part in parts)


@pytest.mark.parametrize("profile", ["stock", "tuned"])
def test_a_real_kine_goes_on_with_a_filled_store(built: Callable[[str], Path], database15: str, profile: str) -> None:
    built("v0.17.5")
    fill_store(prepared(database15, profile), SMALL)
    rows = rows_of(SMALL)
    dead = {row[1] for row in rows if row[3]}
    alive = {row[1]: row for row in rows if row[1].startswith("/registry/pods/") and row[1] not in dead}
    with Kine("v0.17.5", database15) as kine, kine.client() as etcd:
        listed = etcd.list("/registry/pods/")
        assert {kv.key: (kv.revision, kv.value) for kv in listed.objects} == {
            key: (row[0], row[7]) for key, row in alive.items()
        }
        assert etcd.count("/registry/pods/") == len(alive)
        assert etcd.create("/registry/pods/default/new", b"v1") > SMALL.rows
        old = present(etcd, min(alive))
        assert etcd.update(old, b"v2") > old.revision
        etcd.delete(present(etcd, max(alive)))
        assert etcd.get(max(alive)) is None
