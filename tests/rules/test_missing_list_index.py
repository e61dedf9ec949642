from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.kine.schema import LIST_QUERY
from kinetune.model.facts import Facts, Index, Key, ObservedIndex, Order
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.missing_list_index import missing_list_index
from tests.rules.made import (
    hashed,
    healthy,
    run_one,
    skip_one,
    with_index,
    with_table,
    without_index,
    written_by,
    yugabytedb,
)

NAME = "kine_list_query_index"
UNKNOWN = Unknown("pg_stat_statements is not installed")


def without(facts: Facts) -> Facts:
    return without_index(facts, NAME)


def test_kines_own_index_is_fine_on_both_servers() -> None:
    assert not run_one(missing_list_index, healthy())
    assert not run_one(missing_list_index, yugabytedb())


@pytest.mark.parametrize("release", ["v0.16.5", "v0.17.2", "v0.17.5"])
def test_releases_that_stop_after_a_page_need_it(release: str) -> None:
    (finding,) = run_one(missing_list_index, without(healthy(kine=written_by(release))))
    assert (finding.severity, finding.on, finding.do) == (Severity.ERROR, NAME, "kinetune init")
    assert finding.says == "is missing: every page of a list reads the whole table (20,000 rows)"


@pytest.mark.parametrize("release", ["v0.10.1", "v0.14.16", "v0.16.4"])
def test_older_releases_do_without_until_they_are_upgraded(release: str) -> None:
    (finding,) = run_one(missing_list_index, without(healthy(kine=written_by(release))))
    assert (finding.severity, finding.do) == (Severity.INFO, "kinetune init")
    assert "v0.16.5, v0.17.1 and newer need it" in finding.says


def test_of_an_unknown_kine_it_is_a_warning() -> None:
    (finding,) = run_one(missing_list_index, without(healthy(kine=UNKNOWN)))
    assert finding.severity is Severity.WARNING
    assert "with Kine v0.16.5, v0.17.1 or newer every page of a list reads the whole table" in finding.says


def test_on_yugabytedb_lists_take_another_index() -> None:
    (finding,) = run_one(missing_list_index, without(yugabytedb()))
    assert finding.severity is Severity.ERROR
    assert "uses a less suitable index" in finding.says
    (moved,) = run_one(missing_list_index, hashed(without(yugabytedb())))
    assert "kinetune init --allow REBUILD" in moved.do


@pytest.mark.parametrize(
    ("index", "says"),
    [
        (replace(LIST_QUERY, predicate="false"), "is only a placeholder"),
        (Index(NAME, (Key("name"), Key("id"), Key("deleted"))), "is not on (name, id DESC, deleted)"),
        (replace(LIST_QUERY, predicate="(deleted = 0)"), "is not on (name, id DESC, deleted)"),
    ],
)
def test_an_index_that_only_has_the_name_does_not_serve(index: Index, says: str) -> None:
    (finding,) = run_one(missing_list_index, with_index(healthy(), ObservedIndex(index)))
    assert (finding.severity, finding.on) == (Severity.ERROR, NAME)
    assert finding.says.startswith(says)


def test_more_columns_hash_and_an_unfinished_build_are_not_this_rules() -> None:
    more = replace(LIST_QUERY, keys=(*LIST_QUERY.keys, Key("lease")))
    by_hash = replace(LIST_QUERY, keys=(Key("name", Order.HASH), *LIST_QUERY.keys[1:]))
    for seen in (ObservedIndex(more), ObservedIndex(by_hash), ObservedIndex(LIST_QUERY, valid=False)):
        assert not run_one(missing_list_index, with_index(yugabytedb(), seen))


def test_of_what_is_not_kines_table_nothing_is_reported() -> None:
    assert "is a view" in skip_one(missing_list_index, with_table(healthy(), kind="v")).reason
