from __future__ import annotations

import pytest

from kinetune.deploy.read_files import Kind
from kinetune.model.finding import Severity
from kinetune.rules.endpoint_form import endpoint_form
from tests.rules.configured import beside, said, unit
from tests.rules.made import heard, skipped, written_by


def endpoint(text: str) -> str:
    return f"datastore-endpoint: '{text}'"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("host=db dbname=kubernetes", "Kine takes a URL and nothing else (keyword=value is libpq's form)"),
        ("yugabytedb://kine@db/kubernetes", "is the scheme of a fork of Kine"),
        ("postgres://kine:p%ss@db/kubernetes", "a % that is no escape"),
        ("postgres://kine:p/ss@db/kubernetes", "not taken as written"),
        ("postgres://kine:p ss@db/kubernetes", "not taken as written"),
        ("postgres://kine:p[s@db/kubernetes", "refuses its user or password as written"),
        ("db:5432", "it is no URL"),
        ("postgres://kine@db/kubernetes?sslmode=disbale", "Kine does not start with this sslmode"),
    ],
)
def test_what_kine_does_not_take_is_an_error(text: str, says: str) -> None:
    (found,) = heard(endpoint_form, beside(said(Kind.K3S, endpoint(text))))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "config.yaml:1")
    assert says in found.says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("postgres://kine@db/MyKine", "is read in small letters"),
        ("postgres://kine@db", "names no database: Kine takes kubernetes"),
        ("postgres://kine@a:5433,b/kubernetes", "a host without a port"),
    ],
)
def test_what_kine_reads_otherwise_is_a_warning(text: str, says: str) -> None:
    (found,) = heard(endpoint_form, beside(said(Kind.K3S, endpoint(text))))
    assert found.severity is Severity.WARNING
    assert says in found.says


@pytest.mark.parametrize(
    "text",
    [
        "postgres://kine:p%40ss@a:5433,b:5433/kubernetes?sslmode=verify-full",
        "postgres://kine@/kubernetes?host=/run/postgresql",
        "postgresql://kine@db/kubernetes",
        "postgres://kine@db/kubernetes?default_query_exec_mode=exec&application_name=x",
    ],
)
def test_what_kine_takes_is_fine(text: str) -> None:
    assert heard(endpoint_form, beside(said(Kind.K3S, endpoint(text)))) == ()


def test_an_old_kine_knows_one_scheme() -> None:
    files = said(Kind.K3S, endpoint("postgresql://kine@db/kubernetes"))
    (found,) = heard(endpoint_form, beside(files, kine=written_by("v0.11.4")))
    assert "is no scheme to this Kine" in found.says


def test_a_percent_sign_in_a_unit_is_systemds() -> None:
    (found,) = heard(endpoint_form, beside(unit("--endpoint=postgres://kine:p%40s@db/kubernetes")))
    assert "systemd takes a % in a unit for a specifier" in found.says
    assert heard(endpoint_form, beside(unit("--endpoint=postgres://kine:p%%40s@db/kubernetes"))) == ()


def test_other_stores_variables_and_files_without_endpoint_are_not_judged() -> None:
    for text in ("mysql://root@tcp(db)/kine", ""):
        assert not skipped(endpoint_form, beside(said(Kind.K3S, endpoint(text)))).asked
    compose = "services: {kine: {image: 'rancher/kine:v0.16.4', command: '--endpoint ${E}'}}"
    assert not skipped(endpoint_form, beside(said(Kind.COMPOSE, compose))).asked


def test_what_stands_in_a_file_that_is_not_here_is_not_said_to_be_missing() -> None:
    files = said(Kind.COMPOSE, "include: [gone.yml]\nservices: {web: {image: 'nginx:1'}}")
    assert skipped(endpoint_form, beside(files)).reason == "a service stands in gone.yml, which was not read"
