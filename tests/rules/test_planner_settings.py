from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.facts import Facts, Statistics
from kinetune.model.finding import Severity
from kinetune.rules.planner_settings import planner_settings
from kinetune.servers.recognise import named
from tests.rules.made import PLANNER, YUGABYTEDB, healthy, heard, skipped, yugabytedb

OFF = {"yb_enable_base_scans_cost_model": "off", "yb_enable_optimizer_statistics": "off"}
ON = {"yb_enable_base_scans_cost_model": "on", "yb_enable_optimizer_statistics": "on"}


def on(release: str, settings: dict[str, str]) -> Facts:
    facts = yugabytedb(server=named(f"yugabytedb-{release}"), settings=PLANNER | settings)
    return replace(facts, database_settings={"yb_bnl_batch_size": "1024"})


def test_a_release_with_the_mode_is_told_to_use_it() -> None:
    (found,) = heard(planner_settings, on("2024.2.11", {"yb_enable_cbo": "legacy_mode"}))
    assert (found.severity, found.on) == (Severity.WARNING, "yb_enable_cbo")
    assert "is legacy_mode, on YugabyteDB 2024.2.11 it should be legacy_bnl_mode" in found.says
    assert found.do == "ALTER DATABASE kubernetes SET yb_enable_cbo = 'legacy_bnl_mode'; then restart Kine"


@pytest.mark.parametrize("release", ["2024.1.3.0", "2024.2.4.0", "2025.1.0.0"])
def test_a_release_without_it_is_told_to_upgrade(release: str) -> None:
    (found,) = heard(planner_settings, on(release, OFF))
    assert found.severity is Severity.WARNING
    assert "TA-28222" in found.says
    assert "upgrade to 2024.2.5" in found.do
    assert heard(planner_settings, on(release, ON)) == ()


def test_statistics_that_nobody_looks_at_are_a_remark() -> None:
    (found,) = heard(planner_settings, on("2.20.5.0", OFF))
    assert found.severity is Severity.INFO
    assert "SET yb_enable_optimizer_statistics = 'on'" in found.do
    assert heard(planner_settings, on("2.20.5.0", ON)) == ()
    unanalysed = Statistics(None, None, 0, 0, 0, autovacuum=True)
    assert heard(planner_settings, replace(on("2.20.5.0", OFF), statistics=unanalysed)) == ()


@pytest.mark.parametrize("mode", ["on", "legacy_bnl_mode", "legacy_stats_bnl_mode"])
def test_every_mode_that_keeps_batches_is_fine(mode: str) -> None:
    assert heard(planner_settings, on("2025.1.4", {"yb_enable_cbo": mode})) == ()


def test_releases_that_need_nothing_pass() -> None:
    assert heard(planner_settings, on("2025.2.8", {"yb_enable_cbo": "legacy_mode"})) == ()
    assert heard(planner_settings, yugabytedb(settings=YUGABYTEDB)) == ()
    assert heard(planner_settings, healthy()) == ()


def test_a_setting_that_was_not_told_is_not_judged() -> None:
    assert "yb_enable_cbo" in skipped(planner_settings, on("2024.2.11", {})).reason
