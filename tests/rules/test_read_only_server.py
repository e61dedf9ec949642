from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.read_only_server import read_only_server
from tests.rules.made import healthy, run_one


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not run_one(read_only_server, healthy())


def test_a_standby_is_no_place_for_kine() -> None:
    (finding,) = run_one(read_only_server, healthy(read_only="it is a standby, which takes no writes"))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kubernetes")
    assert "target_session_attrs=read-write" in finding.do
