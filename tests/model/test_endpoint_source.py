"""Which endpoint is meant, when several are named; and the TLS files that go with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinetune.config.read_k3s import read_datastore
from kinetune.model.endpoint import Embedded, Endpoint
from kinetune.model.endpoint_source import K3sConfigFile, find_endpoint
from kinetune.model.failure import UsageFailure


def found(argument: str | None = None, environ: dict[str, str] | None = None, config: Path | None = None) -> Endpoint:
    target = find_endpoint(argument, environ or {}, K3sConfigFile(config, read_datastore) if config else None)
    assert isinstance(target, Endpoint)
    return target


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text('token: x\ndatastore-endpoint: "postgres://config/k"\n')
    return path


EVERY = {
    "KINETUNE_ENDPOINT": "postgres://kinetune/k",
    "K3S_DATASTORE_ENDPOINT": "postgres://k3s/k",
    "RKE2_DATASTORE_ENDPOINT": "postgres://rke2/k",
    "KINE_ENDPOINT": "postgres://kine/k",
    "PGHOST": "libpq",
}


@pytest.mark.parametrize(
    ("unset", "host", "source"),
    [
        (0, "kinetune", "KINETUNE_ENDPOINT"),
        (1, "k3s", "K3S_DATASTORE_ENDPOINT"),
        (2, "rke2", "RKE2_DATASTORE_ENDPOINT"),
        (3, "kine", "KINE_ENDPOINT"),
        (4, "config", "{config}"),
    ],
)
def test_the_first_that_is_named_is_meant(unset: int, host: str, source: str, config: Path) -> None:
    environ = EVERY | dict.fromkeys(list(EVERY)[:unset], " ")
    target = found(None, environ, config)
    assert target.hosts == ((host, None),)
    assert target.source == source.format(config=config)


def test_an_argument_is_meant_before_all_others(config: Path) -> None:
    assert found("postgres://argument/k", EVERY, config).source == "argument"
    assert find_endpoint("embedded:demo", EVERY | {"K3S_DATASTORE_CAFILE": "/ca"}) == Embedded("demo")


def test_an_empty_argument_is_a_mistake_and_not_a_wish_for_the_next() -> None:
    with pytest.raises(UsageFailure, match="argument: the endpoint is empty"):
        find_endpoint("", EVERY)


def test_libpq_is_asked_last() -> None:
    target = found(environ={"PGHOST": "a,b", "PGPORT": "7", "PGUSER": "u", "PGPASSWORD": "p"})
    assert target.libpq() == {"host": "a,b", "port": "7,7", "user": "u", "dbname": "kubernetes"}
    assert target.source == "PGHOST"
    assert found(environ={"PGDATABASE": "Kine"}).libpq() == {"dbname": "Kine"}
    assert found(environ={"PGSERVICE": "prod", "PGHOST": "h"}).libpq() == {"service": "prod"}
    with pytest.raises(UsageFailure, match="PGHOST, PGPORT: 2 ports for 3 hosts"):
        find_endpoint(None, {"PGHOST": "a,b,c", "PGPORT": "1,2"})


def test_nothing_named_is_answered_with_the_ways_to_name_it() -> None:
    with pytest.raises(UsageFailure, match="no endpoint; name one, such as postgres://") as caught:
        find_endpoint(None, {"PGUSER": "u"})
    assert "K3S_DATASTORE_ENDPOINT" in str(caught.value)


def test_a_bad_variable_is_called_by_its_name() -> None:
    with pytest.raises(UsageFailure, match=r"^K3S_DATASTORE_ENDPOINT: mysql:// is MySQL"):
        find_endpoint(None, {"K3S_DATASTORE_ENDPOINT": "mysql://root:S3cr3t@tcp(h)/k"})


K3S = {"K3S_DATASTORE_CAFILE": "/k3s/ca", "K3S_DATASTORE_CERTFILE": "/k3s/crt", "K3S_DATASTORE_KEYFILE": "/k3s/key"}
KINE = {"KINE_CA_FILE": "/kine/ca"}
K3S_TLS = {"sslmode": "verify-full", "sslrootcert": "/k3s/ca", "sslcert": "/k3s/crt", "sslkey": "/k3s/key"}
KINE_TLS = {"sslmode": "verify-full", "sslrootcert": "/kine/ca"}


@pytest.mark.parametrize(
    ("name", "tls"),
    [
        ("KINETUNE_ENDPOINT", K3S_TLS),
        ("K3S_DATASTORE_ENDPOINT", K3S_TLS),
        ("KINE_ENDPOINT", KINE_TLS),
    ],
)
def test_tls_files_go_with_the_endpoint_of_their_family(name: str, tls: dict[str, str]) -> None:
    assert found(environ={name: "postgres://h/k"} | K3S | KINE).parameters == tls


def test_an_argument_takes_the_tls_files_of_k3s_else_of_kine() -> None:
    assert found("postgres://h/k", K3S | KINE).parameters == K3S_TLS
    assert found("postgres://h/k", KINE).parameters == KINE_TLS
    assert found("host=h", KINE).notes == ("TLS files are read from KINE_CA_FILE, as by Kine",)


def test_the_endpoint_wins_over_tls_files_as_in_kine() -> None:
    own = found("postgres://h/k?sslrootcert=/own", KINE)
    assert own.parameters == {"sslrootcert": "/own"}
    assert own.notes == ()
    assert found("postgres://h/k?sslmode=require", KINE).parameters["sslmode"] == "require"
    assert found("postgres://h/k?ssl=true", KINE).libpq()["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("datastore-endpoint: postgres://u:p@h/k?sslmode=require", "postgres://u:p@h/k?sslmode=require"),
        ("datastore-endpoint:   postgres://h/k   # ours", "postgres://h/k"),
        ("datastore-endpoint: 'postgres://u:it''s@h/k' # ours", "postgres://u:it's@h/k"),
        ('datastore-endpoint: "postgres://u:a\\\\b@h/k"', "postgres://u:a\\b@h/k"),
        ('"datastore-endpoint" : "x"', "x"),
        ("datastore-endpoint: ", ""),
        ("datastore-endpoint:", ""),
        ("datastore-endpoint: >-\n  postgres://h/k", "postgres://h/k"),
        ("datastore-endpoint: &x postgres://h/k", "postgres://h/k"),
        ("datastore-endpoint: [postgres://a/k, postgres://h/k]", "postgres://h/k"),
        ('"datastore-endpoint": "postgres:\\/\\/h\\u002fk"', "postgres://h/k"),
    ],
)
def test_a_k3s_config_is_read_as_yaml(tmp_path: Path, line: str, value: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"---\nwrite-kubeconfig-mode: '0644'\ntls-san:\n  - a\n{line}\r\n# datastore-endpoint: old\n")
    assert read_datastore(path)["datastore-endpoint"] == value


@pytest.mark.parametrize("value", ["*x", '"S3cr3t', "'a'S3cr3t", "@S3cr3t", "{S3cr3t"])
def test_what_is_not_yaml_is_refused_and_not_quoted(tmp_path: Path, value: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"datastore-endpoint: {value}\n  S3cr3t: x\n")
    with pytest.raises(UsageFailure, match=r"config.yaml:\d: this is not YAML") as caught:
        read_datastore(path)
    assert "S3cr3t" not in str(caught.value)


def test_drop_ins_of_a_k3s_config_count_for_a_connection_too(config: Path) -> None:
    folder = config.with_name("config.yaml.d")
    folder.mkdir()
    (folder / "10.yaml").write_text("datastore-endpoint: postgres://other/k\n")
    assert found(None, {}, config).hosts == (("other", None),)


def test_a_config_file_brings_its_own_tls_files_before_those_of_the_environment(config: Path) -> None:
    config.write_text("datastore-endpoint: postgres://h/k\ndatastore-cafile: /file/ca\n")
    target = found(None, K3S, config)
    assert target.parameters == K3S_TLS | {"sslrootcert": "/file/ca"}
    assert target.source == str(config)


def test_a_config_file_without_an_endpoint_is_a_failure(tmp_path: Path, config: Path) -> None:
    config.write_text("cluster-init: true\n")
    with pytest.raises(UsageFailure, match="has no datastore-endpoint; this K3s uses SQLite or etcd"):
        found(None, {"PGHOST": "h"}, config)
    with pytest.raises(UsageFailure, match=r"missing\.yaml cannot be read: No such file"):
        found(None, {}, tmp_path / "missing.yaml")
