from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.taken_writes import taken_writes
from tests.rules.made import healthy, heard


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not heard(taken_writes, healthy())


def test_a_standby_is_no_place_for_kine() -> None:
    (finding,) = heard(taken_writes, healthy(read_only="it is a standby, which takes no writes"))
    assert (finding.severity, finding.on) == (Severity.ERROR, "kubernetes")
    assert "target_session_attrs=read-write" in finding.do
