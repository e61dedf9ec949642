from __future__ import annotations

import pytest

from kinetune.config.read_files import Kind
from kinetune.model.configuration import Component, Configuration
from kinetune.model.facts import Unknown
from kinetune.model.finding import Severity
from kinetune.rules.known_names import known_names
from tests.rules.configured import beside, nodes, said, unit
from tests.rules.made import heard, skipped, written_by


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("KINE_MIGRATION_SCHEMA", "KINE_SCHEMA_MIGRATION"),
        ("KINE_ENDPOINTS", "KINE_ENDPOINT"),
        ("K3S_DATASTORE_CERT_FILE", "K3S_DATASTORE_CERTFILE"),
    ],
)
def test_a_misspelt_variable_is_told_with_the_right_name(name: str, right: str) -> None:
    (found,) = heard(known_names, beside(unit(environment=f"{name}=1")))
    assert (found.severity, found.do, str(found.place)) == (Severity.WARNING, f"write {right}", "kine.service:2")


@pytest.mark.parametrize("key", ["datastore_endpoint", "datasore-endpoint", "data-store-endpoint"])
def test_a_key_of_k3s_that_is_nearly_the_endpoints_is_told(key: str) -> None:
    (found,) = heard(known_names, beside(said(Kind.K3S, f"tls-san: a\ncluster-init: true\n{key}: x")))
    assert (found.do, str(found.place)) == ("write datastore-endpoint", "config.yaml:3")


def test_a_flag_that_no_kine_knows_is_told_by_its_line_alone() -> None:
    (found,) = heard(known_names, beside(unit("--debug", "\\\n --hunter2-pool=20")))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "kine.service:3")
    assert "hunter2" not in repr(found)


def test_a_misspelt_flag_is_an_error_for_kine_and_passed_over_by_k3s() -> None:
    (found,) = heard(known_names, beside(unit("--compaction-interval=5m")))
    assert (found.severity, found.do) == (Severity.ERROR, "write compact-interval")
    (found,) = heard(known_names, beside(said(Kind.K3S, "tls-san: a\ndatastore-end-point: x")))
    assert (found.severity, found.do, str(found.place)) == (
        Severity.WARNING,
        "write datastore-endpoint",
        "config.yaml:2",
    )


def test_known_names_and_those_of_others_are_fine() -> None:
    facts = beside(unit("--compact-interval=5m", "--debug", environment="KINE_SCHEMA_MIGRATION=1 GOMAXPROCS=2"))
    assert heard(known_names, facts) == ()


def test_an_old_kine_reads_no_variables() -> None:
    files = unit(environment="KINE_COMPACT_INTERVAL=5m KINE_SCHEMA_MIGRATION=1")
    (found,) = heard(known_names, beside(files, kine=written_by("v0.13.9")))
    assert "takes flags only" in found.says
    assert heard(known_names, beside(files, kine=written_by("v0.14.16"))) == ()


def test_files_without_kine_say_nothing() -> None:
    assert not skipped(known_names, beside(nodes(""))).asked


@pytest.mark.parametrize(
    ("flag", "without", "having"),
    [
        ("--datastore-poll-interval=2s", "v0.16.5", "v0.16.6"),
        ("--datastore-poll-interval=2s", "v0.17.2", "v0.17.3"),
        ("--compact-interval=5m", "v0.13.14", "v0.13.15"),
        ("--trusted-ca-file=/ca", "v0.14.9", "v0.14.12"),
        ("--metrics-bind-address=0", "v0.9.1", "v0.9.3"),
    ],
)
def test_a_flag_that_is_newer_than_the_release_is_an_error(flag: str, without: str, having: str) -> None:
    (found,) = heard(known_names, beside(unit(flag), kine=written_by(without)))
    assert (found.severity, found.do) == (Severity.ERROR, "remove it, or upgrade Kine")
    assert found.says == (
        f"Kine {without} has no {flag.partition('=')[0]} and does not start (flag provided but not defined)"
    )
    assert heard(known_names, beside(unit(flag), kine=written_by(having))) == ()
    assert heard(known_names, beside(unit(flag), kine=Unknown("not asked"))) == ()


@pytest.mark.parametrize(
    ("name", "without", "having", "do"),
    [
        ("KINE_SCHEMA_MIGRATION", "v0.11.4", "v0.11.11", "remove it, or upgrade Kine"),
        ("KINE_DATASTORE_POLL_INTERVAL", "v0.16.4", "v0.17.5", "remove it, or upgrade Kine"),
        ("KINE_SLOW_SQL_THRESHOLD", "v0.14.0", "v0.14.1", "give it as --slow-sql-threshold"),
    ],
)
def test_a_variable_that_is_newer_than_the_release_is_not_read(name: str, without: str, having: str, do: str) -> None:
    (found,) = heard(known_names, beside(unit(environment=f"{name}=1"), kine=written_by(without)))
    assert (found.severity, found.do) == (Severity.WARNING, do)
    assert "is not read" in found.says
    assert heard(known_names, beside(unit(environment=f"{name}=1"), kine=written_by(having))) == ()


def k3s(arguments: str = "", environment: str = "A=1") -> Configuration:
    return said(Kind.UNIT, f"[Service]\nEnvironment={environment}\nExecStart=/usr/local/bin/k3s server {arguments}")


def test_k3s_passes_over_a_key_of_kines_pool_and_ends_at_the_flag() -> None:
    """docs/facts/kine.md §9.2; cases k3s#9596, k3s#10733."""
    file = "set KINE_DATASTORE_MAX_OPEN_CONNECTIONS in /etc/systemd/system/k3s.service.env instead"
    (found,) = heard(known_names, beside(said(Kind.K3S, "tls-san: a\ndatastore-max-open-connections: 20")))
    assert (found.severity, found.do, str(found.place)) == (Severity.WARNING, file, "config.yaml:2")
    assert "it passes over it" in found.says
    (found,) = heard(known_names, beside(k3s("--datastore-max-open-connections=20")))
    assert (found.severity, found.do) == (Severity.ERROR, file)
    assert "flag provided but not defined" in found.says
    assert heard(known_names, beside(k3s(environment="KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20"))) == ()
    assert heard(known_names, beside(k3s("--kine-tls --data-dir=/k3s --datastore-cafile=/ca"))) == ()


def test_k3s_with_an_old_kine_reads_no_variables_of_kines() -> None:
    facts = beside(k3s(environment="KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20"), kine=written_by("v0.13.17"))
    (found,) = heard(known_names, facts)
    assert found.do == "upgrade K3s, or remove it"


def test_k3s_does_not_take_its_endpoint_from_kines_variable() -> None:
    (found,) = heard(known_names, beside(k3s(environment="KINE_ENDPOINT=postgres://kine@db/kubernetes")))
    assert (found.severity, found.do) == (Severity.ERROR, "write K3S_DATASTORE_ENDPOINT")
    assert found.says == "K3s passes over KINE_ENDPOINT: it gives Kine its own value, SQLite here"
    both = k3s("--datastore-endpoint=postgres://db/k3s", "KINE_ENDPOINT=postgres://kine@db/kubernetes")
    assert [one.severity for one in heard(known_names, beside(both))] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        ("' --datastore-endpoint=postgres://k3s:hunter2@db/k3s' --disable=traefik", False),
        ("--datastore-endpoint=postgres://db/k3s ' --disable=traefik'", True),
    ],
)
def test_a_blank_before_the_dash_ends_the_flags(arguments: str, read: bool) -> None:
    """k3s#2477: K3s ran on SQLite."""
    files = k3s(arguments)
    (found,) = heard(known_names, beside(files))
    assert (found.severity, found.do) == (Severity.ERROR, "remove the blank before the dash")
    assert ("K3s takes SQLite" in found.says) is not read
    assert (files.parts[0].endpoint is not None) is read
    assert "hunter2" not in repr(files)


def test_a_blank_within_a_value_is_none() -> None:
    assert heard(known_names, beside(k3s("--node-label 'a b' --kube-apiserver-arg ' x'"))) == ()


def test_variables_of_both_in_one_file_are_those_of_k3s() -> None:
    text = "K3S_DATASTORE_ENDPOINT=postgres://db/k3s\nKINE_DATASTORE_MAX_OPEN_CONNECTIONS=10\n"
    files = said(Kind.ENVIRONMENT, text)
    assert files.parts[0].component is Component.K3S
    assert files.parts[0].endpoint
    assert heard(known_names, beside(files)) == ()
