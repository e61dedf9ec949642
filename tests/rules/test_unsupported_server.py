from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.unsupported_server import unsupported_server
from kinetune.servers.identification import identify_server
from tests.rules.made import healthy, run_one


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not run_one(unsupported_server, healthy())


def test_cockroachdb_is_named_as_what_kine_does_not_support() -> None:
    server = identify_server("CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built 2023/09/27)", 130000)
    (finding,) = run_one(unsupported_server, healthy(server=server))
    assert (finding.severity, finding.on) == (Severity.ERROR, "CockroachDB")
    (other,) = run_one(unsupported_server, healthy(server=identify_server("Materialize v0.7", 90500)))
    assert other.severity is Severity.WARNING
