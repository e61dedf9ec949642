from __future__ import annotations

from kinetune.model.facts import Connections, Facts, IdleTransaction
from kinetune.model.finding import Severity
from kinetune.rules.idle_transactions import idle_transactions
from tests.rules.made import healthy, run_one


def store(*idle: IdleTransaction) -> Facts:
    return healthy(connections=Connections(most=100, reserved=3, used=6, in_store=3, idle=idle))


def test_a_transaction_left_open_is_a_warning() -> None:
    (found,) = run_one(idle_transactions, store(IdleTransaction("grafana's", 3_725.4, on_table=False)))
    assert (found.severity, found.on) == (Severity.WARNING, "grafana's")
    assert "one session holds an open transaction, idle for 3,725 s" in found.says
    assert "application_name = 'grafana''s'" in found.do


def test_one_with_locks_on_the_table_is_an_error() -> None:
    (found,) = run_one(idle_transactions, store(IdleTransaction("", 90.0, on_table=True)))
    assert (found.severity, found.on) == (Severity.ERROR, "(no application_name)")
    assert "with locks on kine" in found.says
    assert "application_name = ''" in found.do


def test_sessions_of_one_program_are_one_finding() -> None:
    idle = (
        IdleTransaction("psql", 300.0, on_table=False),
        IdleTransaction("psql", 100.0, on_table=True),
        IdleTransaction("psql", 1.0, on_table=False),
    )
    (found,) = run_one(idle_transactions, store(*idle))
    assert found.severity is Severity.ERROR
    assert "2 sessions hold an open transaction" in found.says
    assert "300 s" in found.says


def test_short_ones_are_fine() -> None:
    assert run_one(idle_transactions, healthy()) == ()
    assert run_one(idle_transactions, store(IdleTransaction("kine", 4.0, on_table=True))) == ()
