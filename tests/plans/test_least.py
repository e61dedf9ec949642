"""Requests to YugabyteDB's storage against the least that an answer needs, and what is said where they are more."""

from __future__ import annotations

import json

import pytest

from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import QueryPlan
from kinetune.model.workload import MeasuredCall, Recording
from kinetune.plans import json_form, text_form
from kinetune.plans.measure import find_symptoms
from kinetune.plans.measure import measure_call as measure
from kinetune.plans.reads import ROWS_PER_REQUEST, describe_least, least_requests, rows_per_request, scan_reads
from kinetune.plans.text_form import is_node_line
from tests.plans.recorded import DATA, all_json, all_text, documents, measured, plan, postgres, quoted, yugabyte

DISTRIBUTED = [
    (name, found)
    for name, found in [*all_json(), *all_text()]
    if found.requests is not None and not name.startswith("yugabytedb-2.21/writes")
]
OURS = {"limit-applied-late", "batched-join-lost", "backward-scan", "more-requests-than-needed"}


def of(found: QueryPlan) -> dict[str, Remark]:
    return {remark.symptom: remark for remark in find_symptoms(measured(found)) if remark.symptom in OURS}


def scan(kind: str = "Index Scan", **keys: object) -> dict[str, object]:
    known: dict[str, object] = {
        "Node Type": kind,
        "Relation Name": "kine",
        "Index Name": "kine_name_index",
        "Actual Loops": 1,
        "Index Cond": "(name >= '/a/')",
        "Storage Index Read Requests": 1,
    }
    return known | {key.replace("_", " "): value for key, value in keys.items()}


def distributed(root: dict[str, object], requests: int = 1) -> QueryPlan:
    return json_form.read_json_plan({"Plan": root, "Execution Time": 50.0, "Storage Read Requests": requests})


@pytest.mark.parametrize("found", [found for _, found in DISTRIBUTED], ids=[name for name, _ in DISTRIBUTED])
def test_no_recorded_plan_made_fewer_requests_than_its_least(found: QueryPlan) -> None:
    least = least_requests(found)
    assert least is not None
    assert 0 < least <= (found.requests or 0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x_tunedfull-1024-E20_listval_L501", "requests: 26, at least 4 needed; rows: 24,002, at least 1,004 needed"),
        ("x_tunedfull-1-E20_listval_L501", "requests: 4,022, at least 4 needed; rows: 24,002, at least 1,004 needed"),
        ("x_tunedfull-1024-E18_listval", "requests: 46, at least 10 needed; rows: 24,002, at least 8,002 needed"),
        ("x_tunedfull-1024-E20_get", "requests: 4, at least 4 needed; rows: 4, at least 4 needed"),
        ("x_tunedfull-1024-CurrentRev", "requests: 1, at least 1 needed; rows: 1, at least 1 needed"),
        ("x_stock-1024-CurrentRev", "requests: 1, at least 1 needed; rows: unknown, at least 1 needed"),
    ],
)
def test_requests_and_rows_are_set_against_the_least(name: str, said: str) -> None:
    assert describe_least(yugabyte(name)) == said


def test_postgresql_counts_no_requests_and_has_no_least() -> None:
    assert least_requests(postgres("E20-list-page")) is None
    assert describe_least(postgres("E20-list-page")) == ""


def test_smaller_pages_need_more_requests_and_no_limit_needs_one() -> None:
    found = yugabyte("x_tunedfull-1024-E18_listval")
    assert least_requests(found, page=512) == 8 + 8 + 1 + 1
    assert least_requests(found, page=0) == 4


@pytest.mark.parametrize(
    ("settings", "page"),
    [({}, ROWS_PER_REQUEST), ({"yb_fetch_row_limit": "512"}, 512), ({"yb_fetch_row_limit": "0"}, 0)],
)
def test_the_page_is_the_servers_own(settings: dict[str, str], page: int) -> None:
    assert rows_per_request(settings) == page


def test_rows_scanned_by_the_storage_are_counted_where_the_release_tells_them() -> None:
    (step,) = scan_reads(distributed(scan(Actual_Rows=5, Storage_Index_Rows_Scanned=80_000)))
    assert (step.rows, step.least_rows, step.least) == (80_000, 5, 1)


LIMITED = {
    "x_tunedfull-1024-E20_listval_L501": "LIMIT 501 reads all 4,000 rows: the PostgreSQL 11 base evaluates CTEs",
    "x_tunedfull-1024-E20_page": "LIMIT 501 reads all 4,000 rows: the PostgreSQL 11 base evaluates CTEs",
    "x_tunedfull-1024-E11_list_L501": "LIMIT 501 reads all 20,000 rows: the rows are not read in the order",
    "x_tunedfull-1024-E07_list_L501": "LIMIT 501 reads all 4,000 rows: this Kine orders lists by rev",
}


@pytest.mark.parametrize("name", LIMITED)
def test_a_limit_that_does_not_help_is_said_with_its_cause(name: str) -> None:
    remark = of(yugabyte(name))["limit-applied-late"]
    assert remark.says.startswith(LIMITED[name])
    assert remark.severity is Severity.WARNING


@pytest.mark.parametrize(
    "name", ["x_tunedfull-1024-E20_get", "x_tunedfull-1024-E20_poll", "x_tunedfull-1024-E20_count"]
)
def test_a_limit_that_stops_in_time_or_is_not_there_is_no_matter(name: str) -> None:
    assert "limit-applied-late" not in of(yugabyte(name))


def test_a_limit_over_rows_in_their_order_stops_in_time() -> None:
    """
    As lean does for v0.13 and v0.14 (docs/facts/measured.md §3: 8 requests): 2,501 rows for 501 objects, nothing
    sorted.
    """
    unique = {"Node Type": "Unique", "Actual Rows": 501, "Actual Loops": 1, "Plans": [scan(Actual_Rows=2501)]}
    found = distributed({"Node Type": "Limit", "Actual Rows": 501, "Actual Loops": 1, "Plans": [unique]}, 3)
    assert "limit-applied-late" not in of(found)


def test_a_list_that_groups_by_name_first_says_so() -> None:
    """E17 and E18: MAX(id) … GROUP BY name, joined back, sorted by name (sql/kine/v0.16.3)."""
    one = {"Actual Loops": 1}
    groups = {"Node Type": "Aggregate", "Group Key": ["name"], "Actual Rows": 4000, **one}
    groups["Plans"] = [scan(Actual_Rows=20_000)]
    join = {
        "Node Type": "YB Batched Nested Loop",
        "Actual Rows": 4000,
        **one,
        "Plans": [groups, scan(Actual_Rows=4000)],
    }
    sort = {"Node Type": "Sort", "Sort Key": ["kine.name"], "Actual Rows": 501, **one, "Plans": [join]}
    found = distributed({"Node Type": "Limit", "Actual Rows": 501, **one, "Plans": [sort]}, 26)
    remark = of(found)["limit-applied-late"]
    assert remark.says.startswith("LIMIT 501 reads all 4,000 rows: this Kine groups all revisions by name")
    assert remark.do == "use Kine v0.17.1 or newer, which applies the LIMIT to the keys"


def test_on_postgresql_a_limit_is_no_matter_of_requests() -> None:
    assert of(postgres("E11-list-page")) == {}


def test_an_index_that_lacks_a_column_costs_a_request_of_the_table_for_each_of_its_own() -> None:
    remark = of(yugabyte("x_tunedfull-1024-E18_listval"))["more-requests-than-needed"]
    assert remark.says == (
        "46 requests, at least 10 needed: Index Scan using kine_name_index on kine takes 40 instead of 4, "
        "one to the table for each one to the index"
    )
    assert remark.severity is Severity.INFO
    assert "--compare" in remark.do


@pytest.mark.parametrize("name", ["x_stock-1-E20_listval_L501", "x_stock-1024-E20_count"])
def test_row_by_row_joins_and_whole_reads_have_a_better_word_for_too_many_requests(name: str) -> None:
    assert "more-requests-than-needed" not in of(yugabyte(name))


def lost(kind: str, *sides: dict[str, object], rows: int = 100) -> QueryPlan:
    plans = [side | {"Parent Relationship": way} for side, way in zip(sides, ("Outer", "Inner"), strict=True)]
    return distributed({"Node Type": kind, "Actual Rows": rows, "Actual Loops": 1, "Plans": plans}, 50)


@pytest.mark.parametrize("kind", ["Merge Join", "Hash Join"])
def test_a_merge_or_hash_join_that_reads_the_table_for_a_few_rows_has_lost_the_batched_one(kind: str) -> None:
    whole = scan("Seq Scan", Index_Name=None, Index_Cond=None, Actual_Rows=50_000)
    remark = of(lost(kind, scan(Actual_Rows=100), whole))["batched-join-lost"]
    assert "reads 50,000 rows by Seq Scan on kine to keep 100" in remark.says
    assert "kinetune init --dry-run" in remark.do
    assert "TA-28222" in remark.do


def test_a_join_of_all_rows_or_of_two_whole_reads_has_lost_nothing() -> None:
    whole = scan("Seq Scan", Index_Name=None, Index_Cond=None, Actual_Rows=50_000)
    assert "batched-join-lost" not in of(lost("Hash Join", scan(Actual_Rows=100), whole, rows=50_000))
    assert "batched-join-lost" not in of(yugabyte("x_stock-1024-compact1000"))


def test_many_rows_read_backwards_are_told() -> None:
    back = scan("Index Only Scan", Scan_Direction="Backward", Actual_Rows=4000, Storage_Index_Read_Requests=4)
    assert "reads 4,000 rows against the storage order" in of(distributed(back, 4))["backward-scan"].says


def test_the_largest_id_is_one_row_read_backwards() -> None:
    assert "backward-scan" not in of(yugabyte("x_tunedfull-1024-CurrentRev"))


def test_the_page_in_force_goes_into_the_measure() -> None:
    document = json.loads((DATA / "yugabytedb-2.21" / "x_tunedfull-1024-E18_listval.json").read_text())
    call = measured(yugabyte("x_tunedfull-1024-E18_listval")).call
    found: MeasuredCall = measure(Recording(call, (document,)), page=512)
    assert (found.page, least_requests(plan("yugabytedb-2.21/x_tunedfull-1024-E18_listval.json"), 512)) == (512, 18)
    assert "46 requests, at least 18 needed" in {r.symptom: r for r in found.remarks}["more-requests-than-needed"].says


@pytest.mark.parametrize("name", ["first_vs_later_run", "prepared_generic"])
def test_runs_of_one_session_add_up_to_the_servers_totals_too(name: str) -> None:
    found = [
        json_form.read_json_plan(one)
        for one in documents(json.loads((DATA / f"yugabytedb-2.21/{name}.json").read_text()))
    ]
    assert len(found) >= 6
    for each in found:
        said = each.totals.get("Storage Read Requests")
        assert said is None or sum(node.requests or 0 for node in each.nodes()) == said


def test_plans_under_hints_are_read() -> None:
    recorded = json.loads((DATA / "yugabytedb-2.21" / "hints.json").read_text())
    answers = ["\n".join(str(row.get("QUERY PLAN", "")) for row in one.get("rows", ())) for one in recorded]
    plans = [text_form.read_text_plan(text) for text in answers if text.strip() and is_node_line(text.splitlines()[0])]
    assert len(plans) >= 5
    batched = next(each for each in plans if any(node.kind == "Sort" for node in each.nodes()))
    assert {node.kind for node in batched.nodes()} >= {"Nested Loop", "CTE Scan"}


@pytest.mark.parametrize("text", [text for _, text in quoted()])
def test_requests_of_documented_plans_add_up_to_the_totals_they_quote(text: str) -> None:
    found = text_form.read_text_plan(text)
    said = found.totals.get("Storage Read Requests")
    if isinstance(said, int | float):
        assert sum(node.requests or 0 for node in found.nodes()) == said
