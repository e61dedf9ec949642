from __future__ import annotations

import pytest

from kinetune.model.facts import Security
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.unencrypted_connection import unencrypted_connection
from tests.rules.made import healthy, run_one, skip_one


def test_a_clear_connection_to_another_host_is_a_warning() -> None:
    (found,) = run_one(
        unencrypted_connection, healthy(security=Security(local=False, tls=False, public=(), password=True))
    )
    assert (found.severity, found.on) == (Severity.WARNING, "connection")
    assert "every Secret of the cluster can be read on the network" in found.says
    assert "sslmode=verify-full" in found.do


@pytest.mark.parametrize(("local", "tls"), [(True, False), (True, True), (False, True)])
def test_tls_or_this_host_is_fine(local: bool, tls: bool) -> None:
    facts = healthy(security=Security(local=local, tls=tls, public=(), password=True))
    assert run_one(unencrypted_connection, facts) == ()


def test_unseen_it_is_skipped() -> None:
    assert skip_one(unencrypted_connection, healthy(security=Unknown("not seen"))).reason == "not seen"
