"""Five databases of a real YugabyteDB 2.21, judged by the rules on schema, ids and sequences: the table of findings."""

from __future__ import annotations

import pytest

from kinetune.model.facts import Key, Order
from kinetune.model.finding import RuleResults, Severity
from kinetune.rules.context import CheckContext
from kinetune.rules.runner import RuleSelection, run_rules
from kinetune.rules.selection import select_rules
from kinetune.rules.table import RULES
from tests.rules.recorded import catalog, facts, with_ids

SCHEMA = RuleSelection(select_rules(RULES, ["KT1", "KT2"], []))
E, W, I = Severity.ERROR, Severity.WARNING, Severity.INFO  # noqa: E741
CACHE = (I, "KT115", "kine_id_seq")
"""Nobody saw the tservers' flag: said on every YugabyteDB without --probe."""
EXPECTED = {
    "x_stock": {
        (E, "KT103", "kine"),
        (W, "KT105", "kine_name_prev_revision_uindex"),
        (W, "KT106", "kine_id_deleted_index"),
        (W, "KT106", "kine_list_query_index"),
        (W, "KT106", "kine_name_id_index"),
        (W, "KT106", "kine_name_index"),
        (W, "KT106", "kine_name_prev_revision_uindex"),
        (W, "KT106", "kine_prev_revision_index"),
        CACHE,
    },
    "x_article": {
        (W, "KT106", "kine_id_deleted_index"),
        (W, "KT106", "kine_list_query_index"),
        (W, "KT106", "kine_name_id_index"),
        (W, "KT106", "kine_name_index"),
        (W, "KT106", "kine_prev_revision_index"),
        CACHE,
    },
    "x_tunedfull": {CACHE},
    "x_lean": {CACHE},
    "cap_fork": {
        (W, "KT106", "kine_id_deleted_index"),
        (W, "KT106", "kine_name_id_index"),
        (W, "KT106", "kine_name_index"),
        (W, "KT106", "kine_prev_revision_index"),
        (I, "KT107", "kine_list_query_index"),
        (W, "KT112", "kine.name"),
        (W, "KT113", "kine.id"),
        (W, "KT202", "kine_seq"),
    },
}
RELEASES = {"cap_fork": "v0.10.1"}


def results_of(name: str) -> RuleResults:
    return run_rules(CheckContext(facts(name, RELEASES.get(name, "v0.17.2"))), SCHEMA)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_recorded_database_gives_its_findings_and_no_other(name: str) -> None:
    found = {(finding.severity, finding.code, finding.on) for finding in results_of(name).findings}
    assert found == EXPECTED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_what_was_not_recorded_is_skipped_and_not_green(name: str) -> None:
    assert [skipped.code for skipped in results_of(name).skipped] == ["KT111", "KT114", "KT205", "KT206"]


def test_the_fork_is_warned_that_a_migration_stops_kine() -> None:
    newer = run_rules(CheckContext(facts("cap_fork", "v0.11.11")), SCHEMA)
    says = {finding.on: finding.says for finding in newer.findings if finding.code == "KT115"}
    assert "does not start (42P01)" in says["kine_seq"]
    assert "cannot change id, create_revision, prev_revision of a range-sharded table (42P17)" in says["kine"]


def test_the_old_releases_lists_need_no_new_index_but_a_new_release_would() -> None:
    new = run_rules(CheckContext(facts("cap_fork", "v0.17.2")), SCHEMA)
    assert (E, "KT107", "kine_list_query_index") in {(one.severity, one.code, one.on) for one in new.findings}


def test_rows_that_were_loaded_with_their_ids_leave_the_sequence_behind() -> None:
    """The rows of x_lean came with their ids and its sequence was never called: the next write would fail."""
    (behind,) = (one for one in run_rules(CheckContext(with_ids("x_lean")), SCHEMA).findings if one.severity is E)
    assert (behind.code, behind.on) == ("KT203", "kine_id_seq")
    assert "last returned id 0, but kine has ids up to 50,001" in behind.says
    assert not [one for one in run_rules(CheckContext(with_ids("cap_fork")), SCHEMA).findings if one.code == "KT203"]


def test_recorded_rows_become_the_words_of_the_model() -> None:
    stock, lean = facts("x_stock").table, facts("x_lean").table
    assert stock is not None
    assert lean is not None
    assert stock.primary_key is not None
    assert stock.primary_key.index.keys == (Key("id", Order.HASH),)
    assert stock.rows == 50_001
    listed, placeholder = lean.index("kine_list_query_index"), lean.index("kine_name_index")
    assert listed is not None
    assert listed.index.keys == (Key("name"), Key("id", Order.DESC), Key("deleted"))
    assert placeholder is not None
    assert placeholder.index.placeholder
    assert len(catalog("x_lean")["pg_index"]) == 7
