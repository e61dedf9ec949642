from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.finding import Remark, Severity
from kinetune.model.plan import PlanNode, QueryPlan
from kinetune.model.workload import MeasuredCall
from kinetune.plans import json_form, text_form
from kinetune.plans.access import indexes_for_names
from kinetune.plans.measure import find_symptoms
from tests.plans.recorded import measured, plan, postgres, quoted, yugabyte


def spoken(found: MeasuredCall) -> dict[str, Remark]:
    remarks = {remark.symptom: remark for remark in find_symptoms(found)}
    assert len(remarks) == len(find_symptoms(found)), "one remark for each symptom is enough"
    return remarks


def of(found: QueryPlan, wish: str = "") -> dict[str, Remark]:
    return spoken(measured(found, wish))


def scan(**keys: object) -> QueryPlan:
    """One scan of kine with the keys of JSON, `Rows_Removed_by_Filter=3`, below a Limit that took 50 ms."""
    known = {"Node Type": "Seq Scan", "Relation Name": "kine", "Actual Loops": 1, "Actual Total Time": 50.0}
    named = {key.replace("_", " "): value for key, value in keys.items()}
    return json_form.read_json_plan({"Plan": {**known, **named}, "Execution Time": 50.0})


HEALTHY = [
    "postgresql-15/E20-list-page.json",
    "postgresql-15/E20-get.json",
    "postgresql-15/E20-poll.json",
    "postgresql-15/current-revision.json",
    "postgresql-15/insert.json",
    "postgresql-15/never-executed.json",
    "postgresql-15/subplan.json",
    "postgresql-15/memoize.json",
    "postgresql-18/E20-list-page.json",
    "postgresql-18/E20-get.json",
    "yugabytedb-2.21/cbo-x_lean-1024-E20_get.json",
    "yugabytedb-2.21/cbo-x_tunedfull-1024-E20_count.json",
    "yugabytedb-2.21/cbo-x_tunedfull-1024-compact1000.json",
    "yugabytedb-2.21/x_tunedfull-1024-CurrentRev.json",
    "yugabytedb-2.21/x_tunedfull-1024-E07_get.json",
]


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_plan_has_no_symptoms(name: str) -> None:
    assert find_symptoms(measured(plan(name))) == ()


@pytest.mark.parametrize("text", [text for _, text in quoted()])
def test_plans_of_other_tables_are_never_called_a_whole_read_of_kine(text: str) -> None:
    assert "whole-table-read" not in of(text_form.read_text_plan(text))


def test_every_remark_says_where_and_what_and_what_to_do() -> None:
    for name in ("x_stock-1-E07_list_L501", "x_tunedfull-1-E07_list_L501", "x_stock-1024-E11_list_L501"):
        for remark in find_symptoms(measured(yugabyte(name), "kine_list_query_index")):
            assert remark.on
            assert remark.says
            assert any(word in remark.do for word in ("kinetune", "ANALYZE", "ALTER DATABASE", "compact"))


def test_a_call_that_failed_has_no_symptoms() -> None:
    assert find_symptoms(replace(measured(yugabyte("x_stock-1024-CurrentRev")), failed="statement timeout")) == ()
    assert find_symptoms(replace(measured(postgres("E20-get")), plan=None)) == ()


def test_a_hash_sharded_maximum_reads_the_whole_table() -> None:
    remark = of(yugabyte("x_stock-1024-CurrentRev"))["whole-table-read"]
    assert remark.severity is Severity.ERROR
    assert "ids are not kept in order" in remark.says
    assert "1,000" not in remark.says, "the estimate of a table never analyzed is no number to show"


def test_a_hash_sharded_poll_reads_the_whole_table() -> None:
    assert "whole-table-read" in of(yugabyte("x_stock-1024-E20_poll"))


def test_a_range_sharded_poll_does_not() -> None:
    assert "whole-table-read" not in of(yugabyte("x_tunedfull-1024-E20_poll"))


def test_a_sequential_scan_that_keeps_a_part_reads_the_whole_table() -> None:
    remark = of(postgres("list-without-indexes"))["whole-table-read"]
    assert "50,001 rows" in remark.says
    assert remark.severity is Severity.WARNING


def test_the_processes_of_a_parallel_scan_share_one_reading() -> None:
    says = of(postgres("E11-list-page"))["whole-table-read"].says
    assert "Parallel Seq Scan" in says
    assert "times over" not in says


def test_an_index_read_from_end_to_end_for_few_rows_is_a_whole_read() -> None:
    keys = {"Index Name": "kine_name_index", "Filter": "(name ~~ '/a/%')", "Rows Removed by Filter": 49_000}
    assert "whole-table-read" in of(scan(**{"Node Type": "Index Scan", "Actual Rows": 900, **keys}))


def test_rows_scanned_by_the_storage_are_believed() -> None:
    keys = {"Actual Rows": 5, "Storage Filter": "(id > 5)", "Storage Table Rows Scanned": 80_000}
    assert "(80,000 rows)" in of(scan(**keys))["whole-table-read"].says


@pytest.mark.parametrize("rows", [10, 900, 5_000])
def test_a_small_table_may_be_read_whole(rows: int) -> None:
    quick = {"Actual Total Time": 1.0, "Actual Rows": 1, "Rows Removed by Filter": rows}
    assert "whole-table-read" not in of(scan(**quick))


def test_a_scan_that_keeps_most_of_the_rows_is_the_shortest_way() -> None:
    assert "whole-table-read" not in of(postgres("parallel-count"))


def test_lists_that_read_all_revisions_read_more_than_they_return() -> None:
    remark = of(postgres("E07-list-page"))["reads-more-than-returned"]
    assert "501" in remark.says
    assert "compact" in remark.do


def test_a_count_is_measured_by_what_it_counts() -> None:
    assert "reads-more-than-returned" not in of(yugabyte("x_tunedfull-1024-E20_count"))
    assert "reads-more-than-returned" in of(postgres("E20-count"))


def test_sorts_on_disk_are_told_once_with_the_memory_they_need() -> None:
    remark = of(yugabyte("x_stock-1024-E11_list_L501"))["sort-spilled"]
    assert remark.do == "ALTER DATABASE <database> SET work_mem = '64MB'"
    assert "sort-spilled" not in of(postgres("E18-list"))


@pytest.mark.parametrize("name", ["hash-spilled", "hashagg-spilled"])
def test_hashes_on_disk_are_told_once(name: str) -> None:
    assert "work_mem" in of(postgres(name))["hash-spilled"].do
    assert "hash-spilled" in of(plan(f"postgresql-18/{name}.txt"))


def test_a_hash_in_memory_is_no_symptom() -> None:
    assert "hash-spilled" not in of(postgres("list-without-indexes"))


def test_one_request_for_each_row_is_an_error_on_yugabytedb() -> None:
    remark = of(yugabyte("x_stock-1-E20_listval_L501"))["row-by-row-join"]
    assert "4,000 of 4,022 storage requests" in remark.says
    assert "yb_bnl_batch_size" in remark.do
    assert remark.severity is Severity.ERROR


def test_a_batched_join_is_no_symptom() -> None:
    assert "row-by-row-join" not in of(yugabyte("x_stock-1024-E20_listval_L501"))


def test_lookups_one_by_one_are_told_on_postgresql_only_where_they_are_most_of_the_call() -> None:
    assert of(postgres("lookup-each"))["row-by-row-join"].severity is Severity.INFO
    assert "row-by-row-join" not in of(postgres("nested-loop"))


def test_rows_thrown_away_after_the_fetch_are_told() -> None:
    assert "discards 20,000 of them" in of(postgres("filter"))["filter-after-fetch"].says
    assert "filter-after-fetch" not in of(postgres("E20-list-page"))


def test_rows_thrown_away_by_the_storage_are_told_mildly() -> None:
    keys = {"Node Type": "Index Scan", "Index Name": "kine_pkey", "Index Cond": "(id > 7)", "Actual Rows": 3}
    keys |= {"Storage Filter": "(deleted = 1)", "Storage Table Rows Scanned": 20_000}
    assert of(scan(**keys))["filter-after-fetch"].severity is Severity.INFO


def test_estimates_far_off_ask_for_statistics() -> None:
    remark = of(yugabyte("x_stock-1-E20_listval_L501"))["estimate-off"]
    assert "expected 1,000 rows" in remark.says
    assert "kinetune check --select KT402,KT403" in remark.do
    assert "ANALYZE" not in remark.do  # planted statistics estimate low, and serve better than those of the rows
    assert "estimate-off" not in of(yugabyte("cbo-x_stock-1024-E20_listval_L501"))


def test_the_inner_side_of_a_batched_join_is_estimated_for_one_row_and_no_symptom() -> None:
    assert "estimate-off" not in of(yugabyte("cbo-x_stock-1024-E20_count"))


def test_a_name_looked_up_from_the_end_of_the_key_is_a_symptom_of_its_own() -> None:
    """No index is named: kine_name_id_index is a placeholder in `tuned`, and no index changes that plan (§9)."""
    found = of(yugabyte("x_tunedfull-1024-E20_get"), "kine_name_id_index, backward")
    assert found["lookup-reads-table"].severity is Severity.ERROR
    assert "kine_pkey" in found["lookup-reads-table"].says
    assert not {"wrong-index", "whole-table-read"} & set(found)


def test_the_wished_index_or_no_wish_is_no_symptom() -> None:
    found = yugabyte("x_tunedfull-1024-E07_list_L501")
    assert "wrong-index" in of(found, "kine_list_query_index")
    assert "wrong-index" not in of(found, "kine_name_index or kine_list_query_index")
    assert "wrong-index" not in of(found)


def test_keys_read_from_an_index_alone_are_well_read_whatever_its_name() -> None:
    wish = "kine_list_query_index on (name, id DESC, deleted): keys in order"
    assert "wrong-index" not in of(postgres("E18-list"), wish)
    assert "wrong-index" not in of(postgres("E07-list-page"), wish)
    assert "wrong-index" not in of(yugabyte("x_lean-1024-E20_listval_L501"), "kine_name_id_index on (name, id)")


def test_an_index_by_number_is_never_wished_for_names() -> None:
    wish = "kine_pkey on (id): ids after $3 in order, names filtered"
    assert indexes_for_names(wish) == []
    assert "wrong-index" not in of(yugabyte("x_tunedfull-1024-E20_get"), wish)


def test_a_whole_read_is_not_called_a_wrong_index_as_well() -> None:
    assert "wrong-index" not in of(postgres("list-without-indexes"), "kine_list_query_index")


@pytest.mark.parametrize(
    ("chosen", "severity"), [(True, Severity.WARNING), (None, Severity.INFO), (False, Severity.INFO)]
)
def test_a_slow_generic_plan_weighs_more_when_the_server_chooses_it(chosen: bool | None, severity: Severity) -> None:
    found = replace(measured(postgres("E20-list-page")), generic_milliseconds=58.0, generic_chosen=chosen)
    assert spoken(found)["generic-worse"].severity is severity


@pytest.mark.parametrize("generic", [None, 2.0, 4.9])
def test_a_generic_plan_as_quick_is_no_symptom(generic: float | None) -> None:
    found = replace(measured(postgres("E20-list-page")), generic_milliseconds=generic, generic_chosen=True)
    assert find_symptoms(found) == ()


def otherwise(plan: QueryPlan) -> QueryPlan:
    """Another plan of the same work: each index is called otherwise."""

    def renamed(node: PlanNode) -> PlanNode:
        return replace(node, index=node.index and "other", children=tuple(map(renamed, node.children)))

    return replace(plan, root=renamed(plan.root))


@pytest.mark.parametrize(
    ("name", "milliseconds", "is_worse"),
    [
        ("E20-list-page", 12.0, False),  # the machine was busy
        ("E20-list-page", 70.0, True),  # not so busy: a plan may compile or spill
        ("list-without-indexes", 12.0, True),
    ],
)
def test_a_generic_plan_that_does_as_much_is_not_worse_by_a_busy_machine(
    name: str, milliseconds: float, is_worse: bool
) -> None:
    usual = measured(postgres("E20-list-page"))
    found = replace(usual, generic=otherwise(postgres(name)), generic_milliseconds=milliseconds, generic_chosen=True)
    assert ("generic-worse" in spoken(found)) == is_worse


def test_compiling_for_longer_than_running_is_told() -> None:
    assert "jit = off" in of(postgres("jit"))["jit-cost"].do
    assert "jit-cost" not in of(postgres("E18-list"))


def test_an_index_only_scan_that_visits_the_table_asks_for_vacuum() -> None:
    assert "VACUUM" in of(postgres("heap-fetches"))["heap-fetches"].do
    assert "heap-fetches" not in of(postgres("E18-list"))


def test_writes_speak_only_of_whole_reads() -> None:
    assert find_symptoms(measured(postgres("insert"), writes=True)) == ()
    assert [remark.symptom for remark in find_symptoms(measured(postgres("list-without-indexes"), writes=True))] == [
        "whole-table-read"
    ]
