from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.pooler_endpoint import pooler_endpoint
from tests.rules.configured import beside, parse_files
from tests.rules.made import run_one, written_by


def endpoint(place: str, parameters: str = "") -> str:
    return f"datastore-endpoint: postgres://kine@{place}/kubernetes{parameters}"


@pytest.mark.parametrize(
    "place", ["pgbouncer:5432", "db.example:6432", "pg-bouncer.db.svc", "db-pooler.example", "db.example:6543"]
)
def test_a_pooler_loses_prepared_statements(place: str) -> None:
    (found,) = run_one(pooler_endpoint, beside(parse_files(FileKind.K3S, endpoint(place)), kine=written_by("v0.15.0")))
    assert (found.severity, str(found.place)) == (Severity.WARNING, "config.yaml:1")
    assert "prepared statements are lost" in found.says


def test_a_newer_kine_crashes_there_whatever_its_mode() -> None:
    files = parse_files(FileKind.K3S, endpoint("pgbouncer", "?default_query_exec_mode=exec"))
    (found,) = run_one(pooler_endpoint, beside(files, kine=written_by("v0.16.4")))
    assert found.severity is Severity.ERROR
    assert "K3s panics" in found.says


def test_a_server_a_mode_without_them_or_a_kine_without_them_is_fine() -> None:
    old = {"kine": written_by("v0.15.0")}
    assert run_one(pooler_endpoint, beside(parse_files(FileKind.K3S, endpoint("db.example:5433")))) == ()
    exec_mode = parse_files(FileKind.K3S, endpoint("pgbouncer", "?default_query_exec_mode=exec"))
    assert run_one(pooler_endpoint, beside(exec_mode, **old)) == ()
    bouncer = parse_files(FileKind.K3S, endpoint("pgbouncer"))
    assert run_one(pooler_endpoint, beside(bouncer, kine=written_by("v0.9.9"))) == ()


def test_without_a_release_it_is_a_warning() -> None:
    (found,) = run_one(pooler_endpoint, beside(parse_files(FileKind.K3S, endpoint("pgbouncer")), kine=Unknown("?")))
    assert found.severity is Severity.WARNING
