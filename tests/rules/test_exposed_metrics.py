from __future__ import annotations

import pytest

from kinetune.config.read_files import FileKind
from kinetune.model.finding import Severity
from kinetune.rules.exposed_metrics import exposed_metrics
from tests.rules.configured import beside, nodes, parse_files, unit
from tests.rules.made import run_one, skip_one


@pytest.mark.parametrize("flags", ["", "--metrics-bind-address=:9100", "--metrics-bind-address 0.0.0.0:8080"])
def test_metrics_on_every_address_are_a_warning(flags: str) -> None:
    (found,) = run_one(exposed_metrics, beside(unit(flags)))
    assert (found.severity, found.on, str(found.place)) == (Severity.WARNING, "kine.service", "kine.service:2")


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "0", "[::1]:8080", "10.0.0.3:8080"])
def test_a_chosen_address_is_fine(address: str) -> None:
    assert run_one(exposed_metrics, beside(unit(f"--metrics-bind-address={address}"))) == ()


@pytest.mark.parametrize(
    ("ports", "speaks"),
    [("['8080:8080']", True), ("['0.0.0.0:9000:8080']", True), ("['127.0.0.1:8080:8080']", False), ("[]", False)],
)
def test_in_a_container_the_published_port_counts(ports: str, speaks: bool) -> None:
    text = f"services: {{kine: {{image: 'rancher/kine:v0.16.4', ports: {ports}}}}}"
    assert bool(run_one(exposed_metrics, beside(parse_files(FileKind.COMPOSE, text)))) is speaks


def test_files_without_kine_are_skipped() -> None:
    assert not skip_one(exposed_metrics, beside(nodes(""))).asked


def test_flags_that_were_not_read_leave_it_open() -> None:
    text = "[Service]\nEnvironmentFile=/etc/kine/kine.env\nExecStart=/usr/bin/kine"
    reason = skip_one(exposed_metrics, beside(parse_files(FileKind.UNIT, text)))
    assert reason.reason == "kine.service reads flags from /etc/kine/kine.env, which was not read"
    assert run_one(exposed_metrics, beside(parse_files(FileKind.UNIT, f"{text} --metrics-bind-address=:8080")))
