from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.facts import EndpointFacts
from kinetune.model.finding import Severity
from kinetune.rules.invalid_endpoint import invalid_endpoint
from tests.rules.configured import beside, parse_files, unit
from tests.rules.made import healthy, run_one, skip_one, written_by


def endpoint(text: str) -> str:
    return f"datastore-endpoint: '{text}'"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("host=db dbname=kubernetes", "it accepts only a URL (keyword=value is libpq's form)"),
        ("yugabytedb://kine@db/kubernetes", "is the scheme of a fork of Kine"),
        ("postgres://kine:p%ss@db/kubernetes", "% that is not an escape"),
        ("postgres://kine:p/ss@db/kubernetes", "Kine rejects the endpoint"),
        ("postgres://kine:p ss@db/kubernetes", "Kine rejects the endpoint"),
        ("postgres://kine:p[s@db/kubernetes", "its user or password contains characters that a URL cannot"),
        ("db:5432", "this is not a URL"),
        ("postgres://kine@db/kubernetes?sslmode=disbale", "it does not start with this value of sslmode"),
    ],
)
def test_what_kine_does_not_take_is_an_error(text: str, says: str) -> None:
    (found,) = run_one(invalid_endpoint, beside(parse_files(FileKind.K3S, endpoint(text))))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "config.yaml:1")
    assert says in found.says


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("postgres://kine@db/MyKine", "reads it in lower case"),
        ("postgres://kine@db", "has no database: Kine uses kubernetes"),
        ("postgres://kine@a:5433,b/kubernetes", "a host without a port"),
        ("postgres://kine@db/k3s/", "the database name contains a / or a blank"),
        ("postgres://kine@db/k3s ", "the database name contains a / or a blank"),
        ("postgres://kine@db/k3s%20?sslmode=disable", "the database name contains a / or a blank"),
        ("postgres://kine@pg-ro.db.svc/k3s", "read replicas, which reject writes"),
        ("postgres://kine@shop.cluster-ro-abc.eu-west-1.rds.amazonaws.com/k3s", "read replicas"),
        ("postgres://kine@a:5432,b:5432/k3s", "several hosts without target_session_attrs"),
        ("postgres://kine@db/k3s?search_paht=kine", "kinetune does not know this setting"),
    ],
)
def test_what_kine_reads_otherwise_is_a_warning(text: str, says: str) -> None:
    (found,) = run_one(invalid_endpoint, beside(parse_files(FileKind.K3S, endpoint(text))))
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
    assert run_one(invalid_endpoint, beside(parse_files(FileKind.K3S, endpoint(text)))) == ()


@pytest.mark.parametrize(
    ("name", "do"),
    [
        (
            "pool_max_conns",
            "remove it; set KINE_DATASTORE_MAX_OPEN_CONNECTIONS in the environment of Kine or K3s instead",
        ),
        ("schema", "use search_path=NAME"),
        ("pgbouncer", "use default_query_exec_mode=exec"),
        ("keepalives", "remove it"),
        ("ApplicationName", "use application_name=NAME"),
    ],
)
def test_a_parameter_that_ends_each_connection_is_an_error(name: str, do: str) -> None:
    (found,) = run_one(
        invalid_endpoint, beside(parse_files(FileKind.K3S, endpoint(f"postgres://kine@db/kubernetes?{name}=1")))
    )
    assert (found.severity, found.on, found.do) == (Severity.ERROR, f"config.yaml parameter {name}", do)
    assert "which does not know it: every connection fails" in found.says


def test_a_misspelt_parameter_is_reported_with_the_right_name() -> None:
    (found,) = run_one(
        invalid_endpoint, beside(parse_files(FileKind.K3S, endpoint("postgres://db/k?statement_timout=1")))
    )
    assert (found.severity, found.do) == (Severity.WARNING, "use statement_timeout")


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
    files = parse_files(FileKind.K3S, endpoint(f"postgres://db/k?{name}={'true' if name == 'ssl' else 'disable'}"))
    (found,) = run_one(invalid_endpoint, beside(files, kine=written_by(without)))
    assert (found.severity, found.on) == (Severity.ERROR, f"config.yaml parameter {name}")
    assert run_one(invalid_endpoint, beside(files, kine=written_by(having))) == ()


def test_no_piece_of_a_password_becomes_a_name() -> None:
    files = parse_files(FileKind.K3S, endpoint("postgres://db/k?sslpassword=hun&ter2=x"))
    assert run_one(invalid_endpoint, beside(files)) == ()
    assert "ter2" not in repr(files)


def test_the_endpoint_of_a_connection_is_checked_by_its_server() -> None:
    seen = EndpointFacts(
        ("work_mem", "keepalives", "shared_buffers"), {"work_mem": "user", "shared_buffers": "postmaster"}
    )
    found = run_one(invalid_endpoint, healthy(endpoint=seen))
    assert [one.on for one in found] == ["the endpoint parameter keepalives", "the endpoint parameter shared_buffers"]
    assert run_one(invalid_endpoint, healthy(endpoint=EndpointFacts())) == ()
    (other,) = run_one(invalid_endpoint, healthy(endpoint=EndpointFacts(), database="k3s/", database_exists=False))
    assert "Kine creates another one" in other.says


def test_without_files_and_without_an_endpoint_it_is_out_of_scope() -> None:
    assert not skip_one(invalid_endpoint, healthy()).asked


@pytest.mark.parametrize("name", ["k3s-db", "k3s%20"])
def test_a_name_in_quotes_is_not_created_by_an_old_kine(name: str) -> None:
    """k3s#1136; tried with v0.9.9 and v0.11.2."""
    files = parse_files(FileKind.K3S, endpoint(f"postgres://db/{name}?sslmode=disable"))
    says = [one.says for one in run_one(invalid_endpoint, beside(files, kine=written_by("v0.12.0")))]
    assert "Kine v0.12.0 cannot create a database whose name needs quotes (a dash, a capital)" in says
    assert not [
        one for one in run_one(invalid_endpoint, beside(files, kine=written_by("v0.13.0"))) if "quotes" in one.says
    ]


def test_lib_pq_requires_tls() -> None:
    """Tried with v0.9.9: `pq: SSL is not enabled on the server`."""
    files = parse_files(FileKind.K3S, endpoint("postgres://db/k3s"))
    (found,) = run_one(invalid_endpoint, beside(files, kine=written_by("v0.9.9")))
    assert (found.severity, found.do) == (Severity.INFO, "add sslmode=disable if the server has no TLS")
    assert run_one(invalid_endpoint, beside(files, kine=written_by("v0.10.1"))) == ()
    disabled = parse_files(FileKind.K3S, endpoint("postgres://db/k3s?sslmode=disable&keepalives=1"))
    assert run_one(invalid_endpoint, beside(disabled, kine=written_by("v0.9.9"))) == ()


def test_an_old_kine_knows_one_scheme() -> None:
    files = parse_files(FileKind.K3S, endpoint("postgresql://kine@db/kubernetes"))
    (found,) = run_one(invalid_endpoint, beside(files, kine=written_by("v0.11.4")))
    assert "does not know the scheme postgresql://" in found.says


def test_a_percent_sign_in_a_unit_is_systemds() -> None:
    (found,) = run_one(invalid_endpoint, beside(unit("--endpoint=postgres://kine:p%40s@db/kubernetes")))
    assert "systemd reads a % in a unit as a specifier" in found.says
    assert run_one(invalid_endpoint, beside(unit("--endpoint=postgres://kine:p%%40s@db/kubernetes"))) == ()


def test_other_stores_variables_and_files_without_endpoint_are_skipped() -> None:
    for text in ("mysql://root@tcp(db)/kine", ""):
        assert not skip_one(invalid_endpoint, beside(parse_files(FileKind.K3S, endpoint(text)))).asked
    compose = "services: {kine: {image: 'rancher/kine:v0.16.4', command: '--endpoint ${E}'}}"
    assert not skip_one(invalid_endpoint, beside(parse_files(FileKind.COMPOSE, compose))).asked


def test_what_may_be_in_an_unread_file_is_not_reported_as_missing() -> None:
    files = parse_files(FileKind.COMPOSE, "include: [gone.yml]\nservices: {web: {image: 'nginx:1'}}")
    assert skip_one(invalid_endpoint, beside(files)).reason == (
        "docker-compose.yml:1 was not judged: it includes other files: run `docker compose config` and check its output"
    )
