from __future__ import annotations

from kinetune.model.facts import Connections, Facts, Idle
from kinetune.model.finding import Severity
from kinetune.rules.idle_transactions import idle_transactions
from tests.rules.made import healthy, heard


def store(*idle: Idle) -> Facts:
    return healthy(connections=Connections(most=100, reserved=3, used=6, in_store=3, idle=idle))


def test_a_transaction_left_open_is_a_warning() -> None:
    (found,) = heard(idle_transactions, store(Idle("grafana's", 3_725.4, on_table=False)))
    assert (found.severity, found.on) == (Severity.WARNING, "grafana's")
    assert "a session holds a transaction open and does nothing, for 3,725 s" in found.says
    assert "application_name = 'grafana''s'" in found.do


def test_one_with_locks_on_the_table_is_an_error() -> None:
    (found,) = heard(idle_transactions, store(Idle("", 90.0, on_table=True)))
    assert (found.severity, found.on) == (Severity.ERROR, "(no application_name)")
    assert "with locks on kine" in found.says
    assert "application_name = ''" in found.do


def test_sessions_of_one_program_are_one_finding() -> None:
    idle = (Idle("psql", 300.0, on_table=False), Idle("psql", 100.0, on_table=True), Idle("psql", 1.0, on_table=False))
    (found,) = heard(idle_transactions, store(*idle))
    assert found.severity is Severity.ERROR
    assert "2 sessions hold a transaction open" in found.says
    assert "300 s" in found.says


def test_short_ones_are_fine() -> None:
    assert heard(idle_transactions, healthy()) == ()
    assert heard(idle_transactions, store(Idle("kine", 4.0, on_table=True))) == ()
