from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.facts import EndpointSeen
from kinetune.model.finding import Severity
from kinetune.rules.endpoint_form import endpoint_form
from tests.rules.configured import beside, said, unit
from tests.rules.made import healthy, heard, skipped, written_by


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
        ("postgres://kine@db/k3s/", "the database's name is taken as written"),
        ("postgres://kine@db/k3s ", "the database's name is taken as written"),
        ("postgres://kine@db/k3s%20?sslmode=disable", "the database's name is taken as written"),
        ("postgres://kine@pg-ro.db.svc/k3s", "read replicas, which take no writes"),
        ("postgres://kine@shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com/k3s", "read replicas"),
        ("postgres://kine@a:5432,b:5432/k3s", "several hosts without target_session_attrs"),
        ("postgres://kine@db/k3s?search_paht=kine", "it is no setting known here"),
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
        "postgres://kine@a:5432,b:5432/kubernetes?target_session_attrs=read-write",
        "postgres://kine@pg-rw.db.svc/kubernetes?search_path=kine&TimeZone=UTC&yb_bnl_batch_size=1024&my.own=1",
        "postgres://kine@db/kubernetes?statement_cache_capacity=0&default_query_exec_mode=exec&require_auth=none",
        "postgres://kine@db/kubernetes?ssl=true&role=kine",
    ],
)
def test_what_kine_takes_is_fine(text: str) -> None:
    assert heard(endpoint_form, beside(said(Kind.K3S, endpoint(text)))) == ()


@pytest.mark.parametrize(
    ("name", "do"),
    [
        (
            "pool_max_conns",
            "remove it: KINE_DATASTORE_MAX_OPEN_CONNECTIONS in the environment of Kine or K3s is the bound",
        ),
        ("schema", "write search_path=NAME"),
        ("pgbouncer", "write default_query_exec_mode=exec"),
        ("keepalives", "remove it"),
        ("ApplicationName", "write application_name=NAME"),
    ],
)
def test_a_parameter_that_ends_each_connection_is_an_error(name: str, do: str) -> None:
    (found,) = heard(endpoint_form, beside(said(Kind.K3S, endpoint(f"postgres://kine@db/kubernetes?{name}=1"))))
    assert (found.severity, found.on, found.do) == (Severity.ERROR, f"config.yaml parameter {name}", do)
    assert "which does not know it: each connection ends" in found.says


def test_a_misspelt_parameter_is_told_with_the_right_name() -> None:
    (found,) = heard(endpoint_form, beside(said(Kind.K3S, endpoint("postgres://db/k?statement_timout=1"))))
    assert (found.severity, found.do) == (Severity.WARNING, "write statement_timeout")


@pytest.mark.parametrize(
    ("name", "without", "having"),
    [
        ("require_auth", "v0.14.16", "v0.16.3"),
        ("sslnegotiation", "v0.13.15", "v0.13.17"),
        ("sslcertmode", "v0.17.3", "v0.17.4"),
        ("ssl", "v0.17.1", "v0.17.2"),
    ],
)
def test_a_parameter_of_a_newer_driver_is_an_error_before(name: str, without: str, having: str) -> None:
    files = said(Kind.K3S, endpoint(f"postgres://db/k?{name}={'true' if name == 'ssl' else 'disable'}"))
    (found,) = heard(endpoint_form, beside(files, kine=written_by(without)))
    assert (found.severity, found.on) == (Severity.ERROR, f"config.yaml parameter {name}")
    assert heard(endpoint_form, beside(files, kine=written_by(having))) == ()


def test_no_piece_of_a_password_becomes_a_name() -> None:
    files = said(Kind.K3S, endpoint("postgres://db/k?sslpassword=hun&ter2=x"))
    assert heard(endpoint_form, beside(files)) == ()
    assert "ter2" not in repr(files)


def test_the_endpoint_that_led_to_a_store_is_judged_by_its_server() -> None:
    seen = EndpointSeen(
        ("work_mem", "keepalives", "shared_buffers"), {"work_mem": "user", "shared_buffers": "postmaster"}
    )
    found = heard(endpoint_form, healthy(endpoint=seen))
    assert [one.on for one in found] == ["the endpoint parameter keepalives", "the endpoint parameter shared_buffers"]
    assert heard(endpoint_form, healthy(endpoint=EndpointSeen())) == ()
    (other,) = heard(endpoint_form, healthy(endpoint=EndpointSeen(), database="k3s/", database_exists=False))
    assert "Kine creates another one" in other.says


def test_without_files_and_without_an_endpoint_it_is_out_of_scope() -> None:
    assert not skipped(endpoint_form, healthy()).asked


@pytest.mark.parametrize("name", ["k3s-db", "k3s%20"])
def test_a_name_in_quotes_is_not_created_by_an_old_kine(name: str) -> None:
    """k3s#1136; tried with v0.9.9 and v0.11.2."""
    files = said(Kind.K3S, endpoint(f"postgres://db/{name}?sslmode=disable"))
    says = [one.says for one in heard(endpoint_form, beside(files, kine=written_by("v0.12.0")))]
    assert "Kine v0.12.0 cannot create a database whose name needs quotes (a dash, a capital)" in says
    assert not [one for one in heard(endpoint_form, beside(files, kine=written_by("v0.13.0"))) if "quotes" in one.says]


def test_lib_pq_requires_tls() -> None:
    """Tried with v0.9.9: `pq: SSL is not enabled on the server`."""
    files = said(Kind.K3S, endpoint("postgres://db/k3s"))
    (found,) = heard(endpoint_form, beside(files, kine=written_by("v0.9.9")))
    assert (found.severity, found.do) == (Severity.INFO, "write sslmode=disable where the server has no TLS")
    assert heard(endpoint_form, beside(files, kine=written_by("v0.10.1"))) == ()
    disabled = said(Kind.K3S, endpoint("postgres://db/k3s?sslmode=disable&keepalives=1"))
    assert heard(endpoint_form, beside(disabled, kine=written_by("v0.9.9"))) == ()


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
