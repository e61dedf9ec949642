from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Connections, Facts
from kinetune.model.finding import Severity
from kinetune.rules.stale_session_settings import stale_session_settings
from tests.rules.made import NOW, healthy, run_one, with_table, yugabytedb


def store(facts: Facts, older: int) -> Facts:
    assert isinstance(facts.connections, Connections)
    seen = replace(facts, connections=replace(facts.connections, older=older))
    return with_table(seen, settings_since=NOW)


def test_sessions_older_than_the_settings_are_a_warning_on_both_servers() -> None:
    for facts in (healthy(), yugabytedb()):
        (found,) = run_one(stale_session_settings, store(facts, 3))
        assert (found.severity, found.do) == (Severity.WARNING, "restart Kine")
        assert "3 sessions started before the settings were changed (2026-11-23 12:00:00 UTC)" in found.says


def test_newer_sessions_and_a_store_without_the_note_pass() -> None:
    assert run_one(stale_session_settings, store(healthy(), 0)) == ()
    assert run_one(stale_session_settings, healthy()) == ()
