"""A script is applied one change at a time, beside a Kine that goes on writing, and never by two at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from kinetune.commands.change import apply_change
from kinetune.commands.init import InitChange, InitOptions, plan_init
from kinetune.database import apply, lock
from kinetune.database.apply import ScriptRunner
from kinetune.database.lock import exclusive_lock
from kinetune.database.session import open_session
from kinetune.kine.releases import EraInUse, newest_era
from kinetune.model.change import AppliedStatement
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script
from tests.database.stores import OLD, STOCK, ask, connection, content, make, place, reach, schema, script

OPTIONS = InitOptions("tuned", EraInUse(newest_era(), "said by the test"))


@contextmanager
def held(dsn: str, mode: str, seconds: float = 0.0) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A lock on kine in another session: for so long, or (0) while the block lasts."""
    with connection(dsn) as other:
        other.execute("BEGIN")
        other.execute(f"LOCK TABLE kine IN {mode} MODE".encode())
        timer = threading.Timer(seconds, lambda: other.execute("ROLLBACK"))
        if seconds:
            timer.start()
        yield other
        if seconds:
            timer.join()


def run(dsn: str, todo: Script) -> list[AppliedStatement]:
    done: list[AppliedStatement] = []
    with open_session(place(dsn), "test", write=True) as session, exclusive_lock(session):
        ScriptRunner(session, done.append).run_script(todo)
    return done


def test_each_finished_statement_is_told_once_and_in_order(database: str) -> None:
    make(database, STOCK, 20)
    todo = script(database, "tuned")
    done = run(database, todo)
    assert [one.statement for one in done] == [text for step in todo.steps for text in step.statements]
    assert [one.position for one in done] == [n for n, step in enumerate(todo.steps, 1) for _ in step.statements]
    assert {one.tries for one in done} == {1}
    assert all(one.seconds >= 0 for one in done)


def test_the_second_time_nothing_is_done(database: str) -> None:
    make(database, STOCK, 20)
    assert reach(database, "tuned")
    assert not reach(database, "tuned")


def test_a_revert_and_back_keep_every_row(database: str) -> None:
    make(database, STOCK, 200)
    before, stock = content(database), schema(database)
    reach(database, "tuned")
    reach(database, "stock")
    assert (content(database), schema(database)) == (before, stock)


def test_types_are_changed_and_ids_go_on_from_where_they_were(database: str) -> None:
    make(database, OLD, 50)
    before = content(database)
    reach(database, "tuned", "E07")
    assert content(database) == before
    assert ask(database, "INSERT INTO kine (name) VALUES ('/registry/x') RETURNING id") == [(before[0] + 1,)]


def test_a_sequence_that_is_behind_is_raised_past_every_id(database: str) -> None:
    make(database, STOCK, 20)
    ask(database, "SELECT setval('kine_id_seq', 7)")
    assert len(reach(database, "stock").steps) == 1
    assert ask(database, "INSERT INTO kine (name) VALUES ('/registry/x') RETURNING id") == [(202,)]
    assert not script(database, "stock")


@pytest.mark.parametrize("mode", ["SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"])
def test_a_lock_that_another_session_holds_for_a_moment_is_waited_for(database: str, mode: str) -> None:
    """Renames and raises give up after 50 ms, so that no writer waits behind them, and try again."""
    make(database, OLD, 20)
    ask(database, "SELECT setval('kine_id_seq', 7)")
    todo = script(database, "tuned", "E07")
    with held(database, mode, 0.3):
        started = time.monotonic()
        done = run(database, todo)
    assert time.monotonic() - started > 0.25
    assert max(one.tries for one in done) > 1
    assert not script(database, "tuned", "E07")


def test_writers_wait_no_longer_than_the_lock_timeout_while_a_change_tries(database15: str) -> None:
    """A reader with a long transaction keeps ALTER TABLE out; behind it, inserts go on in between."""
    make(database15, OLD, 20)
    todo = replace(script(database15, "tuned", "E07"))
    with held(database15, "ACCESS SHARE", 1.5), connection(database15) as writer:
        work = threading.Thread(target=run, args=(database15, todo))
        work.start()
        longest = max(insert(writer) for _ in range(100))
        work.join()
    assert longest < 0.5
    assert ask(database15, "SELECT count(*) FROM kine WHERE name = '/registry/w'") == [(100,)]


def insert(writer: psycopg.Connection[tuple[object, ...]]) -> float:
    started = time.monotonic()
    writer.execute("INSERT INTO kine (name, prev_revision) SELECT '/registry/w', max(id) FROM kine", prepare=False)
    time.sleep(0.01)
    return time.monotonic() - started - 0.01


def test_a_lock_that_is_never_given_back_ends_in_a_word(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "RETRY_SECONDS", 0.3)
    make(database15, OLD, 20)
    todo = script(database15, "tuned", "E07")
    before = schema(database15)
    with held(database15, "ACCESS SHARE"), pytest.raises(CouldNotLook, match=r"lock timeout.*run again"):
        run(database15, todo)
    assert schema(database15) == before


def in_place(todo: Script) -> Script:
    """Only the exchange of names."""
    return replace(todo, steps=tuple(step for step in todo.steps if step.does.startswith("put it in place")))


def test_names_are_exchanged_while_another_session_is_writing(database: str) -> None:
    """Built before, dropped after: the exchange itself waits for no writer and keeps none waiting."""
    make(database, STOCK, 20)
    todo = script(database, "article")
    build, _, drop = todo.steps
    run(database, replace(todo, steps=(build,)))
    with held(database, "ROW EXCLUSIVE") as writer:
        writer.execute("INSERT INTO kine (name, prev_revision) VALUES ('/registry/w', 0)")
        done = run(database, in_place(todo))
        writer.execute("INSERT INTO kine (name, prev_revision) VALUES ('/registry/w', 1)")
        writer.execute("COMMIT")
    assert {one.tries for one in done} == {1}
    run(database, replace(todo, steps=(drop,)))
    assert not script(database, "article")
    assert ask(database, "SELECT count(*) FROM kine WHERE name = '/registry/w'") == [(2,)]


def test_no_step_but_types_keys_and_sequence_locks_the_table_itself(database15: str) -> None:
    """Seen from inside its transaction: the exchange of names holds no lock on the table at all."""
    make(database15, STOCK, 20)
    todo = script(database15, "article")
    build, place_it, _ = todo.steps
    run(database15, replace(todo, steps=(build,)))
    with connection(database15) as session:
        session.execute("BEGIN")
        for statement in place_it.statements:
            session.execute(statement.encode())
        locks = session.execute(
            "SELECT relation::regclass::text, mode FROM pg_locks WHERE pid = pg_backend_pid() "
            "AND relation::regclass::text ~ '^(kine|kinetune_)'"
        ).fetchall()
    assert {mode for _, mode in locks} == {"ShareUpdateExclusiveLock"}
    assert "kine" not in {name for name, _ in locks}


def test_rows_that_share_a_key_are_refused_with_the_query_that_finds_them(database: str) -> None:
    make(database, STOCK.replace("UNIQUE INDEX", "INDEX"), 20)
    ask(database, "INSERT INTO kine (name, prev_revision) SELECT name, prev_revision FROM kine WHERE id = 7")
    before = content(database)
    with pytest.raises(Refused, match="SELECT name, prev_revision, count") as failure:
        reach(database, "tuned")
    assert "/registry" not in str(failure.value)
    assert content(database) == before
    ask(database, "DELETE FROM kine WHERE id = (SELECT max(id) FROM kine)")
    reach(database, "tuned")
    assert not script(database, "tuned")


def test_two_at_once_follow_one_another(database: str) -> None:
    """The second waits for the first; then there is nothing left of its plan, and it says so."""
    make(database, STOCK, 100)
    plan = plan_init(place(database), OPTIONS)
    ends: list[object] = []

    def act() -> None:
        try:
            ends.append(apply_change(InitChange(plan, OPTIONS)))
        except Refused as refused:
            ends.append(str(refused))

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = [end for end in ends if isinstance(end, str)]
    assert words == ["the store has changed since the plan was made; run again to see the new plan"]
    assert not script(database, "tuned")


def test_a_kinetune_that_holds_on_is_named_to_the_other(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_FOR_OTHER_SECONDS", 0.3)
    make(database, STOCK, 20)
    with open_session(place(database), "test", write=True) as first, exclusive_lock(first):
        pid = first.connection.info.backend_pid
        with pytest.raises(Refused, match=rf"another kinetune is changing this database; .*server process {pid}"):
            reach(database, "tuned")
    reach(database, "tuned")


def test_a_store_that_changed_after_the_look_is_not_touched(database: str) -> None:
    make(database, STOCK, 20)
    plan = plan_init(place(database), OPTIONS)
    ask(database, "DROP INDEX kine_name_index")
    before = schema(database)
    with pytest.raises(Refused, match="the store has changed since the plan was made"):
        apply_change(InitChange(plan, OPTIONS))
    assert schema(database) == before


def test_a_hazard_that_is_not_allowed_stops_before_anything_is_begun(database: str) -> None:
    make(database, OLD, 20)
    plan = plan_init(place(database), OPTIONS)
    before = schema(database)
    with pytest.raises(Refused, match="COLUMN_TYPES"):
        apply_change(InitChange(plan, OPTIONS))
    assert schema(database) == before


def test_a_hazard_may_be_left_out_and_the_rest_is_done(database: str) -> None:
    make(database, OLD, 20)
    options = replace(OPTIONS, skip=frozenset({"COLUMN_TYPES"}))
    outcome = apply_change(InitChange(plan_init(place(database), options), options))
    assert outcome.statements
    assert not plan_init(place(database), options).script
    assert script(database, "tuned").hazards == ("COLUMN_TYPES",)
