from __future__ import annotations

from kinetune.model.facts import Security
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.trust_authentication import trust_authentication
from tests.rules.made import healthy, run_one, skip_one


def test_trust_is_a_warning() -> None:
    (found,) = run_one(
        trust_authentication, healthy(security=Security(local=False, tls=True, public=(), password=False))
    )
    assert (found.severity, found.on) == (Severity.WARNING, "pg_hba.conf")
    assert "allows `trust` authentication over TCP" in found.says
    assert "pg_hba_file_rules" in found.do


def test_a_server_that_asks_is_fine() -> None:
    assert run_one(trust_authentication, healthy()) == ()


def test_a_server_without_a_tcp_port_is_fine() -> None:
    socket_only = Security(local=True, tls=False, public=(), password=False, tcp=False)
    assert run_one(trust_authentication, healthy(security=socket_only)) == ()


def test_what_only_a_superuser_may_read_is_skipped() -> None:
    hidden = Security(local=False, tls=True, public=(), password=Unknown("superusers only"))
    assert skip_one(trust_authentication, healthy(security=hidden)).reason == "superusers only"
    assert skip_one(trust_authentication, healthy(security=Unknown("not seen"))).reason == "not seen"
