"""Stock Kine starts on a database that kinetune prepared, changes nothing of it, and serves an apiserver."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.database.stores import ask, script
from tests.kine.prepared import definitions, init
from tests.kine.process import Kine
from tests.kine.smoke import smoke

Built = Callable[[str], Path]
ERAS = {"v0.17.5": "E20", "v0.14.16": "E16", "v0.10.1": "E07"}


@pytest.mark.parametrize("start", ["tuned 0", "tuned 2", "article 0", "article 2"])
@pytest.mark.parametrize("tag", ERAS)
def test_kine_serves_on_a_prepared_database_and_changes_nothing(
    built: Built, database15: str, tag: str, start: str
) -> None:
    """`start` is the profile and KINE_SCHEMA_MIGRATION."""
    built(tag)
    profile, migration = start.split()
    init(database15, "--kine", tag, "--profile", profile)
    before = definitions(database15)
    with Kine(tag, database15, {"KINE_SCHEMA_MIGRATION": migration}) as kine, kine.client() as etcd:
        smoke(etcd, tag)
    assert definitions(database15) == before
    assert not script(database15, profile, ERAS[tag])


@pytest.mark.parametrize("tag", ERAS)
def test_what_kine_itself_makes_is_stock(built: Built, database15: str, tag: str) -> None:
    built(tag)
    with Kine(tag, database15):
        pass
    assert not script(database15, "stock", ERAS[tag])


@pytest.mark.parametrize("tag", ERAS)
def test_init_creates_the_database_that_old_kines_cannot(built: Built, database15: str, tag: str) -> None:
    built(tag)
    dsn = f"{database15}-more"
    try:
        init(dsn, "--kine", tag)
        with Kine(tag, dsn) as kine, kine.client() as etcd:
            revision = etcd.create("/registry/pods/d/a", b"v")
        assert ask(dsn, "SELECT max(id) FROM kine") == [(revision,)]
    finally:
        ask(database15, f'DROP DATABASE IF EXISTS "{dsn.rsplit("/", 1)[1]}" WITH (FORCE)')


def test_a_newer_kine_finds_its_index_on_a_store_prepared_for_an_older_one(built: Built, database15: str) -> None:
    """An upgrade of K3s changes nothing of a tuned store; only the settings for LIKE and joins are no longer needed."""
    built("v0.17.5")
    init(database15, "--kine", "v0.10.1")
    before = definitions(database15)
    with Kine("v0.17.5", database15, {"KINE_SCHEMA_MIGRATION": "2"}) as kine, kine.client() as etcd:
        smoke(etcd, "v0.17.5")
    assert definitions(database15) == before
    *reset, noted = [step.does.split(" for ")[0] for step in script(database15, "tuned").steps]
    assert reset == ["reset plan_cache_mode", "reset random_page_cost", "reset enable_mergejoin"]
    assert noted == "record the time of these settings in the comment of the table kine"


@pytest.mark.parametrize("tag", ERAS)
def test_kine_continues_on_a_rebuilt_table(built: Built, database15: str, tag: str) -> None:
    """Revisions go on, every object is still there with its value, and a watch from before sees what came after."""
    built(tag)
    with Kine(tag, database15) as kine, kine.client() as etcd:
        smoke(etcd, tag)
        revision = etcd.create("/registry/kept", b"v")
    init(database15, "--kine", tag, "--rebuild", "--allow", "REBUILD")
    before = definitions(database15)
    with Kine(tag, database15) as kine, kine.client() as etcd:
        kept = etcd.get("/registry/kept")
        assert kept is not None
        assert (kept.revision, kept.value) == (revision, b"v")
        assert etcd.create("/registry/next", b"v") > revision
        smoke(etcd, tag)
    assert definitions(database15) == before
    init(database15, "--drop-old-table")
    with Kine(tag, database15) as kine, kine.client() as etcd:
        smoke(etcd, tag)
