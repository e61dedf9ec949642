"""The catalogue of Kine's statements is complete, readable and whole."""

from __future__ import annotations

import pytest

from kinetune.kine.queries import LIMIT_TOKEN, load_catalogue, with_limit
from kinetune.kine.releases import ERAS
from kinetune.model.failure import UsageFailure
from kinetune.model.workload import Parameter, Query
from tests.kine.seen import unlimited

RECORDED = [era.name for era in ERAS if era.catalogue is not None]
MEANINGS = {
    "prefix-start",
    "prefix-end",
    "like-prefix",
    "start-key",
    "include-deleted",
    "revision",
    "after-revision",
    "from-revision",
    "to-revision",
    "key",
    "id",
    "created",
    "deleted",
    "create-revision",
    "prev-revision",
    "lease",
    "value",
    "old-value",
}
QUERIES = [query for era in RECORDED for query in load_catalogue(era).values()]


def by_name(query: Query) -> str:
    return f"{query.era}/{query.name}"


def test_a_query_is_read_with_all_its_parts() -> None:
    query = load_catalogue("v0.17.3")["ListCurrentVal"]
    assert query.era == "v0.17.3"
    assert query.text.startswith("WITH ikv AS ( SELECT DISTINCT ON (name)")
    assert query.parameters == (
        Parameter(1, "text", "prefix-start"),
        Parameter(2, "text", "prefix-end"),
        Parameter(3, "boolean", "include-deleted"),
    )
    assert query.trigger == "a list without a revision: first page, watch cache"
    assert query.frequency.startswith("bursts")
    assert query.wish.startswith("kine_list_query_index on (name, id DESC, deleted)")


@pytest.mark.parametrize("query", QUERIES, ids=by_name)
def test_every_query_is_whole(query: Query) -> None:
    numbers = [parameter.number for parameter in query.parameters]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(f"${number}" in query.text for number in numbers)
    assert f"${len(numbers) + 1}" not in query.text
    assert {parameter.meaning for parameter in query.parameters} <= MEANINGS
    assert all((query.trigger, query.frequency, query.wish))


@pytest.mark.parametrize("query", QUERIES, ids=by_name)
def test_a_limit_is_put_where_the_recorder_took_it_from(query: Query) -> None:
    assert unlimited(with_limit(query.text, 501)) == (query.text, 501)
    assert LIMIT_TOKEN not in with_limit(query.text, 501)


@pytest.mark.parametrize("era", RECORDED)
def test_an_era_polls_inserts_and_compacts(era: str) -> None:
    names = set(load_catalogue(era))
    assert names & {"After", "AfterOldVal", "AfterAllOldVal"}
    assert names & {"Insert", "InsertReturning"}
    assert {"Compact", "UpdateCompact", "CurrentRev", "CompactRev", "Fill", "Delete", "GetSize"} <= names


def test_eras_with_equal_sql_share_a_catalogue() -> None:
    assert load_catalogue("E09") is load_catalogue("v0.11.4")


def test_an_era_that_was_not_recorded_is_a_usage_failure() -> None:
    with pytest.raises(UsageFailure, match="not recorded"):
        load_catalogue("v0.16.0")
