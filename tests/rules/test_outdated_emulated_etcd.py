from __future__ import annotations

import pytest

from kinetune.model.finding import Severity
from kinetune.rules.outdated_emulated_etcd import outdated_emulated_etcd
from tests.rules.configured import beside, nodes, unit
from tests.rules.made import run_one, skip_one


@pytest.mark.parametrize("version", ["3.5.12", "3.4.30", "3.3.0", "new"])
def test_an_older_etcd_sends_every_list_to_the_database(version: str) -> None:
    (found,) = run_one(outdated_emulated_etcd, beside(unit(f"--emulated-etcd-version={version}")))
    assert (found.severity, str(found.place)) == (Severity.WARNING, "kine.service:2")
    assert version in found.says


@pytest.mark.parametrize("flags", ["", "--emulated-etcd-version=3.5.13", "--emulated-etcd-version 3.6.11"])
def test_the_default_and_newer_ones_are_fine(flags: str) -> None:
    assert run_one(outdated_emulated_etcd, beside(unit(flags))) == ()
    assert run_one(outdated_emulated_etcd, beside(unit("--emulated-etcd-version=3.4.31"))) == ()


def test_the_variable_counts_as_the_flag_does() -> None:
    (found,) = run_one(outdated_emulated_etcd, beside(unit(environment="KINE_EMULATED_ETCD_VERSION=3.4.3")))
    assert "3.4.3" in found.says


def test_files_without_kine_are_skipped() -> None:
    assert not skip_one(outdated_emulated_etcd, beside(nodes(""))).asked
