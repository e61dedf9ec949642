from __future__ import annotations

import pytest

from kinetune.deploy.read_files import Kind
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
