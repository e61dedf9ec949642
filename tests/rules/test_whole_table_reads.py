from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.whole_table_reads import whole_table_reads
from tests.rules.made import healthy, run_one, skip_one, written_by, yugabytedb
from tests.rules.recordings import HEALTHY, WHOLE, recorded


def test_a_list_without_its_index_is_a_warning_on_postgresql() -> None:
    (found,) = run_one(whole_table_reads, healthy(recordings=(recorded(WHOLE),)))
    assert (found.severity, found.on) == (Severity.WARNING, "list-page")
    assert "list pods, first page: Seq Scan on kine reads the whole table" in found.says
    assert found.do == "kinetune init --dry-run; if it has nothing to do, VACUUM (ANALYZE) kine"


def test_an_old_kine_whose_lists_no_index_helps_is_advised_to_upgrade() -> None:
    (found,) = run_one(whole_table_reads, healthy(recordings=(recorded(WHOLE),), kine=written_by("v0.14.16")))
    assert "if init has nothing to do, upgrade Kine: lists end early from v0.16.5" in found.do


def test_only_lists_wait_for_another_kine() -> None:
    facts = healthy(recordings=(recorded(WHOLE, "poll"),), kine=written_by("v0.14.16"))
    (found,) = run_one(whole_table_reads, facts)
    assert found.do == "kinetune init --dry-run; if it has nothing to do, VACUUM (ANALYZE) kine"


def test_a_poll_of_a_hash_sharded_table_is_an_error_on_yugabytedb() -> None:
    facts = yugabytedb(recordings=(recorded("yugabytedb-2.21/x_stock-1024-E20_poll", "poll"),))
    (found,) = run_one(whole_table_reads, facts)
    assert (found.severity, found.on) == (Severity.ERROR, "poll")


def test_a_page_from_its_index_is_fine() -> None:
    assert run_one(whole_table_reads, healthy(recordings=(recorded(HEALTHY),))) == ()


def test_without_plans_it_is_skipped() -> None:
    assert skip_one(whole_table_reads, healthy(recordings=Unknown("--no-plans"))).reason == "--no-plans"
