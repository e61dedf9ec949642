from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.row_by_row_reads import row_by_row_reads
from tests.rules.made import healthy, run_one, yugabytedb
from tests.rules.recordings import BATCHED, HEALTHY, JOINED_BACK, ROW_BY_ROW, WHOLE, recorded


def test_a_join_without_batches_is_an_error_on_yugabytedb() -> None:
    (found,) = run_one(row_by_row_reads, yugabytedb(recordings=(recorded(ROW_BY_ROW),), database="k3s"))
    assert (found.severity, found.on) == (Severity.ERROR, "list-page")
    assert "4,000 of 4,022 storage requests" in found.says
    assert "ALTER DATABASE k3s SET yb_bnl_batch_size = 1024" in found.do


def test_requests_that_grow_with_the_rows_are_seen_without_a_nested_loop() -> None:
    (found,) = run_one(row_by_row_reads, yugabytedb(recordings=(recorded(JOINED_BACK),)))
    assert found.severity is Severity.ERROR
    assert "414 storage requests for 501 rows" in found.says
    assert found.do.startswith("kinetune analyze, then kinetune explain --query list-page --tree to find the join")


def test_look_ups_that_take_most_of_a_call_are_a_remark_on_postgresql() -> None:
    (found,) = run_one(row_by_row_reads, healthy(recordings=(recorded("postgresql-15/lookup-each"),)))
    assert found.severity is Severity.INFO
    assert "one by one" in found.says


def test_a_batched_join_is_fine() -> None:
    assert run_one(row_by_row_reads, yugabytedb(recordings=(recorded(BATCHED),))) == ()


def test_a_page_is_fine_and_a_whole_read_is_left_to_its_own_rule() -> None:
    assert run_one(row_by_row_reads, healthy(recordings=(recorded(HEALTHY), recorded(WHOLE)))) == ()
