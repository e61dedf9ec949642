"""The probe on real servers: what it draws, and that nothing of it stays, however it ends."""

from __future__ import annotations

import pytest

from kinetune.database.probe import probe_sequence, read_least_cache, scratch_sequence
from kinetune.database.session import open_session
from kinetune.model.failure import CouldNotLook
from tests.database.stores import ask, make, place


def left(dsn: str) -> list[str]:
    return [name for (name,) in ask(dsn, "SELECT relname FROM pg_class WHERE relname LIKE 'kinetune_probe%'")]


def test_three_connections_draw_consecutive_ids_and_leave_nothing(database: str) -> None:
    make(database, objects=20)
    before = ask(database, "SELECT last_value, is_called FROM kine_id_seq")
    seen = probe_sequence(place(database))
    assert [draw.id for draw in seen.draws] == list(range(1, 13))
    assert {draw.connection for draw in seen.draws} == {1, 2, 3}
    assert (seen.cache, dict(seen.caches)) == (1, {})
    assert left(database) == []
    assert ask(database, "SELECT last_value, is_called FROM kine_id_seq") == before


def test_a_cache_of_one_stays_one_on_postgresql(database15: str) -> None:
    with open_session(place(database15), "test", write=True) as session:
        assert read_least_cache(session) == 1
    assert left(database15) == []


def test_what_a_killed_run_left_goes_and_what_is_in_use_stays(database15: str) -> None:
    """A process number above every kernel's bound is nobody's."""
    ask(database15, "CREATE SEQUENCE kinetune_probe_1700000000_99999999; CREATE SEQUENCE kinetune_probe_mine")
    with open_session(place(database15), "test", write=True) as other, scratch_sequence(other) as (name, _):
        probe_sequence(place(database15))
        assert set(left(database15)) == {name, "kinetune_probe_mine"}
    assert left(database15) == ["kinetune_probe_mine"]


def test_a_role_that_may_not_create_is_told_the_grant(database15: str) -> None:
    ask(database15, "CREATE ROLE poor_prober LOGIN")
    try:
        with pytest.raises(CouldNotLook, match="GRANT CREATE ON SCHEMA public TO poor_prober"):
            probe_sequence(place(database15.replace("postgres@", "poor_prober@")))
    finally:
        ask(database15, "DROP ROLE poor_prober")
