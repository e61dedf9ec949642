from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.facts import Unknown
from kinetune.model.finding import Severity
from kinetune.rules.pooler_endpoint import pooler_endpoint
from tests.rules.configured import beside, said
from tests.rules.made import heard, written_by


def endpoint(place: str, parameters: str = "") -> str:
    return f"datastore-endpoint: postgres://kine@{place}/kubernetes{parameters}"


@pytest.mark.parametrize(
    "place", ["pgbouncer:5432", "db.example:6432", "pg-bouncer.db.svc", "db-pooler.example", "db.example:6543"]
)
def test_a_pooler_loses_prepared_statements(place: str) -> None:
    (found,) = heard(pooler_endpoint, beside(said(Kind.K3S, endpoint(place)), kine=written_by("v0.15.0")))
    assert (found.severity, str(found.place)) == (Severity.WARNING, "config.yaml:1")
    assert "prepared statements get lost" in found.says


def test_a_newer_kine_crashes_there_whatever_its_mode() -> None:
    files = said(Kind.K3S, endpoint("pgbouncer", "?default_query_exec_mode=exec"))
    (found,) = heard(pooler_endpoint, beside(files, kine=written_by("v0.16.4")))
    assert found.severity is Severity.ERROR
    assert "K3s panics" in found.says


def test_a_server_a_mode_without_them_or_a_kine_without_them_is_fine() -> None:
    old = {"kine": written_by("v0.15.0")}
    assert heard(pooler_endpoint, beside(said(Kind.K3S, endpoint("db.example:5433")))) == ()
    exec_mode = said(Kind.K3S, endpoint("pgbouncer", "?default_query_exec_mode=exec"))
    assert heard(pooler_endpoint, beside(exec_mode, **old)) == ()
    bouncer = said(Kind.K3S, endpoint("pgbouncer"))
    assert heard(pooler_endpoint, beside(bouncer, kine=written_by("v0.9.9"))) == ()


def test_without_a_release_it_is_a_warning() -> None:
    (found,) = heard(pooler_endpoint, beside(said(Kind.K3S, endpoint("pgbouncer")), kine=Unknown("?")))
    assert found.severity is Severity.WARNING
