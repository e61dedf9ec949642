"""The sequence behind the ids and the types of older Kines: what is changed, when, and at what hazard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.facts import Column
from kinetune.model.script import Hazard
from kinetune.tuning.difference import plan_changes
from tests.rules.made import cluster, node
from tests.tuning.made import YB, facts_of, wanted

TUNED = wanted("tuned")


def statements(profile: str, /, **changes: object) -> list[str]:
    """The statements for a store of that profile with these changes to its table."""
    made = wanted(profile)
    return [text for step in plan_changes(facts_of(made, **changes), made).steps for text in step.statements]


def test_a_renamed_sequence_gets_its_name_back() -> None:
    sequence = replace(TUNED.sequence, name="kine_seq")
    assert statements("tuned", sequence=sequence) == ["ALTER TABLE kine_seq RENAME TO kine_id_seq"]


@pytest.mark.parametrize(
    "change", [{"cache": 100}, {"increment": 2}, {"owned_by": None}, {"owned_by": ("other", "id")}, {"type": "integer"}]
)
def test_a_sequence_that_draws_otherwise_is_changed_and_can_be_changed_back(change: dict[str, object]) -> None:
    sequence = replace(TUNED.sequence, **change)  # type: ignore[arg-type]
    (step,) = plan_changes(facts_of(TUNED, sequence=sequence), TUNED).steps
    assert step.statements == ("ALTER SEQUENCE kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY kine.id",)
    owner = ".".join(sequence.owned_by) if sequence.owned_by else "NONE"
    back = f"AS {sequence.type} INCREMENT BY {sequence.increment} CACHE {sequence.cache} OWNED BY {owner}"
    assert step.undo == (f"ALTER SEQUENCE kine_id_seq {back}",)
    assert step.hazard is None


def test_a_sequence_that_is_behind_is_raised_under_a_lock_that_writers_wait_for() -> None:
    (step,) = plan_changes(facts_of(TUNED, max_id=100, last_id=99), TUNED).steps
    assert step.atomic
    assert step.does == "raise kine_id_seq from 99 to 100"
    assert step.statements[0] == "LOCK TABLE kine IN SHARE ROW EXCLUSIVE MODE"


@pytest.mark.parametrize(("newest", "last"), [(100, 100), (100, 4000), (None, 0), (None, 7)])
def test_a_sequence_that_is_not_behind_is_left_alone(newest: int | None, last: int) -> None:
    assert statements("tuned", max_id=newest, last_id=last) == []


def test_changing_a_sequence_on_yugabytedb_is_a_hazard_until_the_flag_is_seen_to_be_one() -> None:
    made = wanted("tuned", YB)
    unseen = facts_of(made, YB, sequence=replace(made.sequence, cache=100))
    script = plan_changes(unseen, made)
    assert script.hazards == (Hazard.SEQUENCE_CACHE,)
    assert not script.without_hazards(frozenset({"SEQUENCE_CACHE"}))
    assert plan_changes(replace(unseen, cluster=cluster(node(1), node(2, flags={}))), made).hazards
    seen = plan_changes(replace(unseen, cluster=cluster()), made)
    assert not seen.hazards
    assert [step.statements for step in seen.steps] == [
        ("ALTER SEQUENCE kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY kine.id",)
    ]


def test_making_the_table_on_yugabytedb_is_one_too() -> None:
    made = wanted("tuned", YB)
    empty = replace(facts_of(made, YB), table=None)
    assert plan_changes(empty, made).hazards == (Hazard.SEQUENCE_CACHE,)
    left = plan_changes(empty, made).without_hazards(frozenset(("SEQUENCE_CACHE",)))
    assert not [step for step in left.steps if "kine" in step.does and "note" not in step.does]
    assert not plan_changes(replace(empty, cluster=cluster()), made).hazards
    assert not plan_changes(replace(facts_of(TUNED), table=None), TUNED).hazards


OLD_COLUMNS = tuple(
    Column(column.name, {"bigint": "integer", "text": "character varying(630)"}.get(column.type, column.type))
    for column in TUNED.columns
)


@pytest.mark.parametrize("profile", ["tuned", "article"])
def test_types_of_older_kines_are_changed_in_one_statement_with_kine_stopped(profile: str) -> None:
    (step,) = plan_changes(facts_of(wanted(profile), columns=OLD_COLUMNS), wanted(profile)).steps
    assert step.statements == (
        'ALTER TABLE kine ALTER COLUMN id TYPE bigint, ALTER COLUMN name TYPE text COLLATE "C", '
        "ALTER COLUMN create_revision TYPE bigint, ALTER COLUMN prev_revision TYPE bigint",
        "ANALYZE kine",
    )
    assert step.undo == (
        "ALTER TABLE kine ALTER COLUMN id TYPE integer, ALTER COLUMN name TYPE character varying(630), "
        "ALTER COLUMN create_revision TYPE integer, ALTER COLUMN prev_revision TYPE integer",
        "ANALYZE kine",
    )
    assert (step.hazard, step.kine_may_run) == (Hazard.COLUMN_TYPES, False)


def test_types_come_before_indexes_which_they_would_rebuild() -> None:
    script = plan_changes(facts_of(TUNED, columns=OLD_COLUMNS, indexes=()), TUNED)
    assert [step.hazard for step in script.steps] == [Hazard.COLUMN_TYPES, *[None] * 12]


def test_stock_leaves_the_types_of_older_kines_as_kine_itself_does() -> None:
    stock = wanted("stock")
    integers = replace(stock.sequence, type="integer")
    assert not plan_changes(facts_of(stock, columns=OLD_COLUMNS, sequence=integers), stock)


def test_a_name_without_the_collation_c_is_a_hazard_too() -> None:
    columns = tuple(replace(column, collation=None) for column in TUNED.columns)
    assert plan_changes(facts_of(TUNED, columns=columns), TUNED).hazards == (Hazard.COLUMN_TYPES,)
