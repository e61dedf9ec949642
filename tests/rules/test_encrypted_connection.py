from __future__ import annotations

import pytest

from kinetune.model.facts import Security, Unknown
from kinetune.model.finding import Severity
from kinetune.rules.encrypted_connection import encrypted_connection
from tests.rules.made import healthy, heard, skipped


def test_a_clear_connection_to_another_host_is_a_warning() -> None:
    (found,) = heard(encrypted_connection, healthy(security=Security(local=False, tls=False, public=(), password=True)))
    assert (found.severity, found.on) == (Severity.WARNING, "connection")
    assert "every Secret of the cluster can be read on the way" in found.says
    assert "sslmode=verify-full" in found.do


@pytest.mark.parametrize(("local", "tls"), [(True, False), (True, True), (False, True)])
def test_tls_or_this_host_is_fine(local: bool, tls: bool) -> None:
    facts = healthy(security=Security(local=local, tls=tls, public=(), password=True))
    assert heard(encrypted_connection, facts) == ()


def test_unseen_it_is_not_judged() -> None:
    assert skipped(encrypted_connection, healthy(security=Unknown("not seen"))).reason == "not seen"
