"""Stores as a real YugabyteDB 2.21 showed them: what leads from each to each profile, and on from any interruption."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kinetune.model.facts import Facts, Grant
from kinetune.model.failure import Refused
from kinetune.model.script import Hazard, Script
from kinetune.servers.identification import parse_server_name
from kinetune.tuning.copying import plan_old_table_drop, require_superseded
from kinetune.tuning.difference import plan_changes
from kinetune.tuning.profiles import PROFILES
from kinetune.tuning.rebuild import RebuildOptions
from kinetune.tuning.target import TargetSchema
from kinetune.views.init import format_script_file
from tests.rules.recorded import with_ids
from tests.tuning.made import wanted
from tests.tuning.simulated import MADE, after

FOLDER = Path(__file__).parents[1] / "data" / "tuning" / "recorded"
STORES = ["x_stock", "x_article", "x_tunedfull", "x_lean", "cap_fork"]


def store(name: str) -> Facts:
    facts = with_ids(name)
    assert facts.table is not None
    return replace(facts, table=replace(facts.table, owner="kine"), role=replace(facts.role, name="kine"))


def goal(facts: Facts, profile: str = "tuned") -> TargetSchema:
    return wanted(profile, facts.server)


def golden(name: str, text: str) -> None:
    """UPDATE_GOLDEN=1 writes the file anew; then look again."""
    if os.environ.get("UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    assert text == (FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", STORES)
def test_the_script_for_a_recorded_store_is_the_reviewed_one(name: str, profile: str) -> None:
    facts = store(name)
    script = plan_changes(facts, goal(facts, profile))
    hazards = f"-- hazards: {', '.join(script.hazards) or 'none'}\n\n"
    golden(f"{name}-{profile}.sql", hazards + format_script_file(script))


def walk(facts: Facts, script: Script) -> Iterator[tuple[str, Facts]]:
    """Each statement of the script, and the facts once it has run."""
    MADE.clear()
    for statement in (statement for step in script.steps for statement in step.statements):
        facts = after(facts, statement)
        yield statement, facts


def title(statement: str) -> str:
    return " ".join(statement.split("\n")[0].split())[:90]


@pytest.mark.parametrize("profile", ["tuned", "stock"])
@pytest.mark.parametrize("name", STORES)
def test_whichever_statement_was_the_last_the_next_run_comes_to_the_same_end(name: str, profile: str) -> None:
    facts = store(name)
    target = goal(facts, profile)
    states = list(walk(facts, plan_changes(facts, target)))
    end = states[-1][1] if states else facts
    assert not plan_changes(end, target)
    for statement, between in states:
        made = dict(MADE)
        *_, (_, reached) = [("", between), *walk_on(between, plan_changes(between, target))]
        MADE.update(made)
        assert not plan_changes(reached, target), statement
        assert _shape(reached) == _shape(end), statement


def walk_on(facts: Facts, script: Script) -> Iterator[tuple[str, Facts]]:
    """The same on the same server: a sequence that was made is still there."""
    for statement in (statement for step in script.steps for statement in step.statements):
        facts = after(facts, statement)
        yield statement, facts


def _shape(facts: Facts) -> object:
    assert facts.table is not None
    indexes = {seen.index for seen in facts.table.indexes}
    key = facts.table.primary_key
    return (
        facts.table.columns,
        key and (key.index.keys, key.constraint),
        indexes,
        facts.table.sequence,
        set(facts.beside),
    )


@pytest.mark.parametrize("name", ["x_stock", "cap_fork"])
def test_what_is_left_after_each_statement_is_the_reviewed_list(name: str) -> None:
    facts = store(name)
    target = goal(facts)
    told = []
    for statement, between in walk(facts, plan_changes(facts, target)):
        left = [step.does for step in plan_changes(between, target).steps]
        told.append(f"after {title(statement)}\n    {len(left)} left: {'; '.join(left[:2]) or 'nothing'}\n")
    golden(f"{name}-interrupted.txt", "".join(told))


@pytest.mark.parametrize(("name", "sequence"), [("x_stock", "kine_id_seq"), ("cap_fork", "kine_id_seq")])
def test_the_end_has_kines_own_names_and_the_former_table_beside(name: str, sequence: str) -> None:
    facts = store(name)
    target = goal(facts)
    *_, (_, end) = walk(facts, plan_changes(facts, target))
    assert end.table is not None
    assert end.table.sequence is not None
    assert (end.table.sequence.name, end.table.sequence.owned_by) == (sequence, ("kine", "id"))
    assert {seen.index.name for seen in end.table.indexes} == {index.name for index in target.indexes}
    assert set(end.beside) == {"kine_before_init"}
    drop = [statement for step in plan_old_table_drop(end, "tuned").steps for statement in step.statements]
    renamed = ["ALTER SEQUENCE kine_seq OWNED BY kine_before_init.id"] if name == "cap_fork" else []
    assert drop == [require_superseded("kine_before_init"), *renamed, "DROP TABLE kine_before_init"]


def test_who_may_insert_may_draw_from_the_sequence_that_replaces_the_forks() -> None:
    facts = store("cap_fork")
    assert facts.table is not None
    grants = Grant("INSERT", "kine_app"), Grant("SELECT", "kine_app"), Grant("SELECT", "")
    facts = replace(facts, table=replace(facts.table, grants=grants))
    texts = [one for step in plan_changes(facts, goal(facts)).steps for one in step.statements]
    given = [number for number, one in enumerate(texts) if "GRANT USAGE" in one]
    assert [texts[number] for number in given] == ["GRANT USAGE ON SEQUENCE public.kine_id_seq TO kine_app"]
    assert given[0] < texts.index("ALTER TABLE kine RENAME TO kine_before_init")


@pytest.mark.parametrize("name", ["x_stock", "cap_fork"])
def test_every_step_of_a_rebuild_needs_kine_stopped_and_carries_a_hazard(name: str) -> None:
    script = plan_changes(store(name), goal(store(name)))
    settings = ("ALTER DATABASE", "DO $note$")
    changes = [step for step in script.steps if not step.statements[0].startswith(settings)]
    assert all(step.hazard and not step.kine_may_run for step in changes)
    assert script.hazards[0] is Hazard.REBUILD


def test_left_out_nothing_of_it_is_done_and_what_was_begun_is_dropped() -> None:
    facts = store("x_stock")
    target = goal(facts)
    left = RebuildOptions(skipped=True)
    states = [between for _, between in walk(facts, plan_changes(facts, target))]
    assert not any(step.hazard is Hazard.REBUILD for step in plan_changes(facts, target, left).steps)
    (first, *_) = plan_changes(states[3], target, left).steps
    assert first.statements == ("DROP TABLE kinetune_new_kine",)


def test_an_unfinished_copy_for_another_profile_is_dropped_first() -> None:
    facts = store("x_stock")
    begun = next(between for _, between in walk(facts, plan_changes(facts, goal(facts))) if between.beside)
    other = plan_changes(begun, replace(goal(facts), columns=goal(facts).columns[::-1]))
    assert other.steps[0].statements == ("DROP TABLE kinetune_new_kine",)


def test_an_unfinished_index_of_the_copy_is_dropped_and_built_again() -> None:
    facts = store("x_stock")
    target = goal(facts)
    states = list(walk(facts, plan_changes(facts, target)))
    between = next(between for statement, between in states if "INDEX NONCONCURRENTLY" in statement)
    copy = between.beside["kinetune_new_kine"]
    invalid = replace(copy, indexes=tuple(replace(seen, valid=False) for seen in copy.indexes))
    script = plan_changes(replace(between, beside={"kinetune_new_kine": invalid}), target)
    (step,) = (step for step in script.steps if len(step.statements) == 2 and "INDEX" in step.statements[1])
    assert step.statements[0] == f"DROP INDEX {copy.indexes[0].index.name}"


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ({"kine_before_init"}, "database x_stock has no table kine, only kine_before_init"),
        ({"kinetune_new_kine"}, "database x_stock has no table kine, only kinetune_new_kine"),
        (
            {"kine", "kine_before_init", "kinetune_new_kine"},
            "a Kine that started during a rebuild has created a new kine",
        ),
        ({"kine", "kine_before_init"}, "kine_before_init, the former table of an earlier rebuild, still exists"),
    ],
)
def test_what_no_interruption_leaves_is_refused_with_the_way_out(there: set[str], said: str) -> None:
    facts = store("x_stock")
    assert facts.table is not None
    beside = dict.fromkeys(there - {"kine"}, facts.table)
    seen = replace(facts, table=facts.table if "kine" in there else None, beside=beside)
    with pytest.raises(Refused, match=said):
        plan_changes(seen, goal(facts))


@pytest.mark.parametrize("change", ["column", "trigger"])
def test_what_a_rebuild_would_lose_is_named_and_refused(change: str) -> None:
    facts = store("x_stock")
    table = facts.table
    assert table is not None
    if change == "column":
        table = replace(table, columns=(*table.columns, replace(table.columns[2], name="note")))
    else:
        table = replace(table, attached=("the trigger audit",))
    with pytest.raises(Refused, match=r"would lose the (column note|trigger audit), which Kine does not create"):
        plan_changes(replace(facts, table=table), goal(facts))


def test_a_former_table_that_may_own_the_sequence_is_not_dropped() -> None:
    facts = store("x_stock")
    states = [between for _, between in walk(facts, plan_changes(facts, goal(facts)))]
    begun = next(between for between in states if between.table and "kine_before_init" in between.beside)
    copied = next(between for between in states if "kinetune_new_kine" in between.beside)
    for between, said in ((copied, "not finished"), (begun, "may still own the sequence")):
        with pytest.raises(Refused, match=said):
            plan_old_table_drop(between, "tuned")
    assert not plan_old_table_drop(facts, "tuned")


def test_left_out_a_store_that_needs_no_rebuild_is_changed_as_ever() -> None:
    facts = store("x_article")
    assert plan_changes(facts, goal(facts), RebuildOptions(skipped=True)) == plan_changes(facts, goal(facts))


def test_with_transactional_ddl_a_cluster_still_gets_one_rename_after_the_other_and_its_hazards() -> None:
    """No lock keeps writers out of one transaction there, and the sequence's hazard would be hidden in it."""
    server = parse_server_name("yugabytedb-2026.1")
    facts = replace(store("x_stock"), server=server)
    script = plan_changes(facts, goal(facts))
    assert set(script.hazards) == {Hazard.REBUILD, Hazard.SEQUENCE_CACHE}
    texts = [statement for step in script.steps for statement in step.statements]
    assert not [text for text in texts if text.startswith("LOCK")]
    compared = next(number for number, text in enumerate(texts) if text.startswith("DO $compare$"))
    assert compared < texts.index("ALTER TABLE kine RENAME TO kine_before_init")
