from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.configuration import Component, Configuration
from kinetune.model.finding import Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.unknown_settings import unknown_settings
from tests.rules.configured import beside, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one, written_by


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("KINE_MIGRATION_SCHEMA", "KINE_SCHEMA_MIGRATION"),
        ("KINE_ENDPOINTS", "KINE_ENDPOINT"),
        ("K3S_DATASTORE_CERT_FILE", "K3S_DATASTORE_CERTFILE"),
    ],
)
def test_a_misspelt_variable_is_reported_with_the_right_name(name: str, right: str) -> None:
    (found,) = run_one(unknown_settings, beside(unit(environment=f"{name}=1")))
    assert (found.severity, found.do, str(found.place)) == (Severity.WARNING, f"use {right}", "kine.service:2")


@pytest.mark.parametrize("key", ["datastore_endpoint", "datasore-endpoint", "data-store-endpoint"])
def test_a_key_of_k3s_that_is_similar_to_the_endpoint_is_reported(key: str) -> None:
    (found,) = run_one(unknown_settings, beside(parse_files(FileKind.K3S, f"tls-san: a\ncluster-init: true\n{key}: x")))
    assert (found.do, str(found.place)) == ("use datastore-endpoint", "config.yaml:3")


def test_an_unknown_flag_is_reported_by_its_line_only() -> None:
    (found,) = run_one(unknown_settings, beside(unit("--debug", "\\\n --hunter2-pool=20")))
    assert (found.severity, str(found.place)) == (Severity.ERROR, "kine.service:3")
    assert "hunter2" not in repr(found)


def test_a_misspelt_flag_is_an_error_for_kine_and_passed_over_by_k3s() -> None:
    (found,) = run_one(unknown_settings, beside(unit("--compaction-interval=5m")))
    assert (found.severity, found.do) == (Severity.ERROR, "use compact-interval")
    (found,) = run_one(unknown_settings, beside(parse_files(FileKind.K3S, "tls-san: a\ndatastore-end-point: x")))
    assert (found.severity, found.do, str(found.place)) == (
        Severity.WARNING,
        "use datastore-endpoint",
        "config.yaml:2",
    )


def test_known_names_and_those_of_others_are_fine() -> None:
    facts = beside(unit("--compact-interval=5m", "--debug", environment="KINE_SCHEMA_MIGRATION=1 GOMAXPROCS=2"))
    assert run_one(unknown_settings, facts) == ()


def test_an_old_kine_reads_no_variables() -> None:
    files = unit(environment="KINE_COMPACT_INTERVAL=5m KINE_SCHEMA_MIGRATION=1")
    (found,) = run_one(unknown_settings, beside(files, kine=written_by("v0.13.9")))
    assert "supports flags only" in found.says
    assert run_one(unknown_settings, beside(files, kine=written_by("v0.14.16"))) == ()


def test_files_without_kine_say_nothing() -> None:
    assert not skip_one(unknown_settings, beside(nodes(""))).asked


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
    (found,) = run_one(unknown_settings, beside(unit(flag), kine=written_by(without)))
    assert (found.severity, found.do) == (Severity.ERROR, "remove the flag, or upgrade Kine")
    assert found.says == (
        f"Kine {without} has no {flag.partition('=')[0]} and does not start (flag provided but not defined)"
    )
    assert run_one(unknown_settings, beside(unit(flag), kine=written_by(having))) == ()
    assert run_one(unknown_settings, beside(unit(flag), kine=Unknown("not asked"))) == ()


@pytest.mark.parametrize(
    ("name", "without", "having", "do"),
    [
        ("KINE_SCHEMA_MIGRATION", "v0.11.4", "v0.11.11", "remove the variable, or upgrade Kine"),
        ("KINE_DATASTORE_POLL_INTERVAL", "v0.16.4", "v0.17.5", "remove the variable, or upgrade Kine"),
        ("KINE_SLOW_SQL_THRESHOLD", "v0.14.0", "v0.14.1", "use the flag --slow-sql-threshold"),
    ],
)
def test_a_variable_that_is_newer_than_the_release_is_not_read(name: str, without: str, having: str, do: str) -> None:
    (found,) = run_one(unknown_settings, beside(unit(environment=f"{name}=1"), kine=written_by(without)))
    assert (found.severity, found.do) == (Severity.WARNING, do)
    assert "is not read" in found.says
    assert run_one(unknown_settings, beside(unit(environment=f"{name}=1"), kine=written_by(having))) == ()


def k3s(arguments: str = "", environment: str = "A=1") -> Configuration:
    return parse_files(
        FileKind.UNIT, f"[Service]\nEnvironment={environment}\nExecStart=/usr/local/bin/k3s server {arguments}"
    )


def test_k3s_passes_over_a_key_of_kines_pool_and_ends_at_the_flag() -> None:
    """docs/facts/kine.md §9.2; cases k3s#9596, k3s#10733."""
    file = "set KINE_DATASTORE_MAX_OPEN_CONNECTIONS in /etc/systemd/system/k3s.service.env instead"
    (found,) = run_one(
        unknown_settings, beside(parse_files(FileKind.K3S, "tls-san: a\ndatastore-max-open-connections: 20"))
    )
    assert (found.severity, found.do, str(found.place)) == (Severity.WARNING, file, "config.yaml:2")
    assert "ignores it" in found.says
    (found,) = run_one(unknown_settings, beside(k3s("--datastore-max-open-connections=20")))
    assert (found.severity, found.do) == (Severity.ERROR, file)
    assert "flag provided but not defined" in found.says
    assert run_one(unknown_settings, beside(k3s(environment="KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20"))) == ()
    assert run_one(unknown_settings, beside(k3s("--kine-tls --data-dir=/k3s --datastore-cafile=/ca"))) == ()


def test_k3s_with_an_old_kine_reads_no_variables_of_kines() -> None:
    facts = beside(k3s(environment="KINE_DATASTORE_MAX_OPEN_CONNECTIONS=20"), kine=written_by("v0.13.17"))
    (found,) = run_one(unknown_settings, facts)
    assert found.do == "upgrade K3s, or remove the variable"


def test_k3s_does_not_take_its_endpoint_from_kines_variable() -> None:
    (found,) = run_one(unknown_settings, beside(k3s(environment="KINE_ENDPOINT=postgres://kine@db/kubernetes")))
    assert (found.severity, found.do) == (Severity.ERROR, "set K3S_DATASTORE_ENDPOINT")
    assert found.says == "K3s ignores KINE_ENDPOINT and sets its own value for Kine, here SQLite"
    both = k3s("--datastore-endpoint=postgres://db/k3s", "KINE_ENDPOINT=postgres://kine@db/kubernetes")
    assert [one.severity for one in run_one(unknown_settings, beside(both))] == [Severity.WARNING]


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
    (found,) = run_one(unknown_settings, beside(files))
    assert (found.severity, found.do) == (Severity.ERROR, "remove the blank before the dash")
    assert ("K3s uses SQLite" in found.says) is not read
    assert (files.parts[0].endpoint is not None) is read
    assert "hunter2" not in repr(files)


def test_a_blank_within_a_value_is_none() -> None:
    assert run_one(unknown_settings, beside(k3s("--node-label 'a b' --kube-apiserver-arg ' x'"))) == ()


def test_variables_of_both_in_one_file_are_those_of_k3s() -> None:
    text = "K3S_DATASTORE_ENDPOINT=postgres://db/k3s\nKINE_DATASTORE_MAX_OPEN_CONNECTIONS=10\n"
    files = parse_files(FileKind.ENVIRONMENT, text)
    assert files.parts[0].component is Component.K3S
    assert files.parts[0].endpoint
    assert run_one(unknown_settings, beside(files)) == ()
