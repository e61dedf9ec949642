from __future__ import annotations

from kinetune.model.facts import Security
from kinetune.model.finding import Severity
from kinetune.rules.public_table import public_table
from tests.rules.made import healthy, run_one, with_table


def test_rights_of_public_are_an_error() -> None:
    facts = healthy(security=Security(local=True, tls=False, public=("INSERT", "SELECT"), password=True))
    (found,) = run_one(public_table, with_table(facts, schema="K3s"))
    assert (found.severity, found.on) == (Severity.ERROR, "kine")
    assert "every role of this server has INSERT, SELECT" in found.says
    assert found.do == 'REVOKE ALL ON "K3s".kine FROM PUBLIC'


def test_a_closed_table_is_fine() -> None:
    assert run_one(public_table, healthy()) == ()
