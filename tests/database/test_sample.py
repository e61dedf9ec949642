"""Arguments come from the store: its largest resource, its busiest key, revisions at both ends, and no value."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from kinetune.database.explain import EMPTY_PREFIX, OLD_REVISIONS, sample_store
from kinetune.database.session import open_session
from kinetune.model.failure import CouldNotLook
from kinetune.model.workload import SampleArguments
from tests.database.stores import BUSY_KEY, STOCK, ask, make, place


def sampled(dsn: str) -> SampleArguments:
    with open_session(place(dsn), "test") as session:
        return sample_store(session)


def test_the_sample_holds_the_largest_resource_and_the_busiest_key(database: str) -> None:
    make(database, STOCK, 400)
    found = sampled(database)
    assert (found.prefix, found.empty_prefix, found.key) == ("/registry/pods/", EMPTY_PREFIX, BUSY_KEY)
    assert (found.newest_revision, found.compact_revision, found.old_revision) == (2101, 400, 400)
    inside = [
        name for (name,) in ask(database, "SELECT name FROM kine WHERE name LIKE '/registry/pods/%' ORDER BY name")
    ]
    assert found.middle_key in inside[len(inside) // 3 : -len(inside) // 3]


def test_of_a_large_store_the_old_revision_is_not_older_than_ten_thousand(database15: str) -> None:
    make(database15, STOCK, 4000)
    found = sampled(database15)
    assert found.prefix == "/registry/pods/"
    assert found.old_revision == found.newest_revision - OLD_REVISIONS == 10101
    assert found.compact_revision == 4000


def test_two_samples_of_a_store_at_rest_are_equal(database: str) -> None:
    make(database, STOCK, 4000)
    ask(database, "ANALYZE kine")
    assert sampled(database) == sampled(database)


def test_a_sample_holds_no_value(database15: str) -> None:
    make(database15, STOCK, 20)
    ask(database15, "UPDATE kine SET value = 'top secret', old_value = 'top secret'")
    assert "secret" not in str(asdict(sampled(database15))).replace("/registry/secrets/", "")


@pytest.mark.parametrize("rows", ["", "('compact_rev_key')", "('gap-1'), ('gap-2')"])
def test_a_store_without_objects_has_nothing_to_ask_for(database: str, rows: str) -> None:
    make(database)
    if rows:
        ask(database, f"INSERT INTO kine (name) VALUES {rows}")
    message = "the table kine contains no objects, so there is nothing to explain; start Kine"
    with pytest.raises(CouldNotLook, match=message):
        sampled(database)


def test_one_object_is_enough(database: str) -> None:
    make(database)
    ask(database, "INSERT INTO kine (name, created, deleted) VALUES ('/registry/pods/ns/one', 1, 0)")
    found = sampled(database)
    assert (found.prefix, found.key, found.middle_key) == (
        "/registry/pods/",
        "/registry/pods/ns/one",
        "/registry/pods/ns/one",
    )
    assert (found.newest_revision, found.old_revision, found.compact_revision) == (1, 0, 0)
