"""Where no DDL is rolled back a statement that failed is not sent again before a look at what it has left."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import psycopg
import pytest

from kinetune.database import apply
from kinetune.database.apply import ScriptRunner
from kinetune.database.session import Row
from kinetune.model.change import AppliedStatement
from kinetune.model.failure import CouldNotLook
from kinetune.tuning.rebuild import DEFAULT_OPTIONS
from tests.database.rebuilding import SINGLE, Way, at, rebuild, script
from tests.database.stores import STOCK, ask, content, make

PLAIN = Way(DEFAULT_OPTIONS, SINGLE)


class Failing(psycopg.Cursor[Row]):
    """Says that the catalogs have changed: before the statement ran, or after it took effect all the same."""

    left: ClassVar[list[str]]
    took_effect: ClassVar[bool]
    sent: ClassVar[list[str]]

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Self:
        text = query.decode() if isinstance(query, bytes) else ""
        found = next((word for word in self.left if text.startswith(word)), None)
        if text and not text.startswith(("SELECT", "--")):
            self.sent.append(text)
        if found is None:
            return super().execute(query, *arguments, **options)
        self.left.remove(found)
        if self.took_effect:
            super().execute(query, *arguments, **options)
        super().execute(
            b"DO $$ BEGIN RAISE EXCEPTION 'schema version mismatch for table 1: expected 2, got 1' "
            b"USING ERRCODE = 'XX000'; END $$"
        )
        return self


def reach(dsn: str, took_effect: bool, *failing: str) -> tuple[list[AppliedStatement], list[str]]:
    """The profile tuned, with statements that begin so failing once each; what was told and what was sent."""

    class Next(Failing):
        pass

    Next.left, Next.took_effect, Next.sent = list(failing), took_effect, []
    done: list[AppliedStatement] = []
    with at(dsn, PLAIN) as session:
        todo = script(session, PLAIN)
        session.connection.cursor_factory = Next
        ScriptRunner(session, done.append, lambda: script(session, PLAIN)).run_script(todo)
        assert not script(session, PLAIN)
    assert not Next.left
    return done, Next.sent


@pytest.mark.parametrize("took_effect", [False, True])
@pytest.mark.parametrize(
    "failing",
    [
        ["CREATE INDEX"],
        ["CREATE INDEX"] * 3,
        ["ALTER INDEX"],
        ["DROP INDEX"],
        ["CREATE INDEX", "ALTER INDEX kine_name_index", "ALTER INDEX kinetune_new", "DROP INDEX"],
    ],
    ids=str,
)
def test_what_took_effect_is_not_done_twice_and_what_did_not_is_done(
    database15: str, failing: list[str], took_effect: bool
) -> None:
    make(database15, STOCK, 20)
    rows = content(database15)
    done, sent = reach(database15, took_effect, *failing)
    twice = [text for text in sent if sent.count(text) > 1]
    assert len(twice) == (0 if took_effect else 2 * len(failing)) or (failing == ["CREATE INDEX"] * 3)
    assert content(database15) == rows
    assert all(1 <= one.position <= 9 for one in done)


def test_a_new_store_is_finished_too(database15: str) -> None:
    reach(database15, True, "CREATE TABLE", "CREATE UNIQUE INDEX")
    assert ask(database15, "SELECT count(*) FROM kine") == [(0,)]


def test_a_server_that_never_gets_on_ends_in_a_word(database15: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apply, "RETRY_SECONDS", 0.5)
    make(database15, STOCK, 20)
    with pytest.raises(CouldNotLook, match="schema version mismatch"):
        reach(database15, False, *["CREATE INDEX"] * 100)


def test_a_rebuild_gets_on_as_well(database15: str) -> None:
    make(database15, STOCK, 100)
    rows = content(database15)
    rebuild(database15, Way(cannot=SINGLE))
    assert content(database15) == rows


def test_the_pause_doubles_up_to_two_seconds_with_some_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    for attempt in range(12):
        apply.back_off(attempt)
    longest = [min(0.025 * 2**attempt, 2.0) for attempt in range(12)]
    assert all(most / 2 <= one <= most for one, most in zip(slept, longest, strict=True))
