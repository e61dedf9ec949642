from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.supported_server import supported_server
from kinetune.servers.recognise import recognise
from tests.rules.made import healthy, heard


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not heard(supported_server, healthy())


def test_cockroachdb_is_named_as_what_kine_does_not_support() -> None:
    server = recognise("CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27)", 130000)
    (finding,) = heard(supported_server, healthy(server=server))
    assert (finding.severity, finding.on) == (Severity.ERROR, "CockroachDB")
    (other,) = heard(supported_server, healthy(server=recognise("Materialize v0.7", 90500)))
    assert other.severity is Severity.WARNING
