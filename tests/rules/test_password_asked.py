from __future__ import annotations

from kinetune.model.facts import Security, Unknown
from kinetune.model.finding import Severity
from kinetune.rules.password_asked import password_asked
from tests.rules.made import healthy, heard, skipped


def test_trust_is_a_warning() -> None:
    (found,) = heard(password_asked, healthy(security=Security(local=False, tls=True, public=(), password=False)))
    assert (found.severity, found.on) == (Severity.WARNING, "pg_hba.conf")
    assert "lets hosts in with `trust`" in found.says
    assert "pg_hba_file_rules" in found.do


def test_a_server_that_asks_is_fine() -> None:
    assert heard(password_asked, healthy()) == ()


def test_what_only_a_superuser_may_read_is_not_judged() -> None:
    hidden = Security(local=False, tls=True, public=(), password=Unknown("superusers only"))
    assert skipped(password_asked, healthy(security=hidden)).reason == "superusers only"
    assert skipped(password_asked, healthy(security=Unknown("not seen"))).reason == "not seen"
