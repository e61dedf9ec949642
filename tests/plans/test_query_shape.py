"""Kine's query is recognised by the conditions of its plan, and no other query is taken for Kine's."""

from __future__ import annotations

import json

import pytest

from kinetune.plans.json_form import read_json_plan
from kinetune.plans.pasted import read_pasted_plans
from kinetune.plans.query_shape import names_by_shape
from kinetune.plans.text_form import read_text_plan
from tests.plans import recorded

QUERIES = {
    "E07-list": "GetCurrent", "E07_list": "GetCurrent", "E07_get": "GetCurrent", "E07_poll": "After",
    "E11-list": "GetCurrent", "E11_list": "GetCurrent", "E18-list": "ListCurrent", "E18_list": "ListCurrent",
    "E20-list": "ListCurrent", "E20_list": "ListCurrent", "E20-get": "GetSingle", "E20_get": "GetSingle",
    "E20-poll": "AfterAllOldVal", "E20_poll": "AfterAllOldVal", "E20-count": "CountCurrent",
    "E20_count": "CountCurrent", "E20_page": "GetRevisionAfter", "current-revision": "CurrentRev",
    "tunedfull-1024-CurrentRev": "CurrentRev", "prepared_generic": ("GetSingle", "ListCurrent"),
    "first_vs_later_run": ("ListCurrent", "CurrentRev"), "/analyze": "GetSingle", "verbose": "GetSingle",
    # Kine's lists with other settings of the planner
    "jit": "ListCurrent", "list-without-indexes": "ListCurrent", "nested-loop": "ListCurrent",
}  # fmt: skip
WRITES = {
    "INSERT … WITH": ("InsertReturning",),
    "Compact": ("Compact",),
    "Update": ("UpdateCompact",),
    "Delete": ("Delete",),
    "Fill": (),  # its plan is that of the INSERT before v0.16.3: a row of values
    "INSERT (Kine before v0.16.3)": (),
}
ALL = [*recorded.all_json(), *recorded.all_text()]


@pytest.mark.parametrize("name", [name for name, _ in ALL if "writes" not in name])
def test_a_query_is_recognised_or_none_is(name: str) -> None:
    expected = next((query for part, query in QUERIES.items() if part in name), ())
    found = {query for names in names_by_shape(dict(ALL)[name]).values() for query in names}
    allowed = (expected,) if isinstance(expected, str) else tuple(expected)
    assert bool(found) == bool(expected)
    assert all(query.startswith(allowed) for query in found)


def test_the_aliases_of_old_releases_tell_them_from_new_ones() -> None:
    old = names_by_shape(recorded.yugabyte("x_tunedfull-1024-E07_list_L501"))
    assert max(old) == "v0.9.0"
    assert "v0.14.8" in old
    assert min(names_by_shape(recorded.postgres("E20-list-page"))) == "v0.16.3"


def test_writes_are_recognised_where_they_differ() -> None:
    text = (recorded.DATA / "yugabytedb-2.21" / "writes.json").read_text(encoding="utf-8")
    queries = [one["query"] for one in json.loads(text)]
    plans = [read_json_plan(pasted.document) for pasted in read_pasted_plans(text)]
    found = [max(names_by_shape(plan).values(), default=())[:1] for plan in plans]
    for query, names in zip(queries, found, strict=True):
        assert names == next(name for part, name in WRITES.items() if query.startswith(part))


@pytest.mark.parametrize(
    "text",
    [
        "Aggregate\n  ->  Seq Scan on kine",
        "Index Scan using kine_pkey on kine\n  Index Cond: (id > 100)",
        "Index Scan using kine_name_index on kine\n  Index Cond: (name = '/registry/pods/a/b'::text)",
        "Limit\n  ->  Index Scan using kine_list_query_index on kine\n        Index Cond: (name >= '/a'::text)",
        "HashAggregate\n  Group Key: name\n  ->  Seq Scan on kine",
        "Seq Scan on pods\n  Filter: (name = 'compact_rev_key'::text)",
        "Nested Loop\n  ->  Seq Scan on kine\n  ->  Seq Scan on pods",
        "Delete on kine\n  ->  Seq Scan on kine\n        Filter: (lease = 7)",
        "Result",
    ],
)
def test_a_query_of_somebody_else_is_not_kines(text: str) -> None:
    assert names_by_shape(read_text_plan(text)) == {}
