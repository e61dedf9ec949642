from __future__ import annotations

from dataclasses import replace

import pytest

from kinetune.model.facts import Facts
from kinetune.model.finding import Severity
from kinetune.rules.missing_planner_settings import missing_planner_settings
from kinetune.servers.identification import parse_server_name
from tests.rules.made import PLANNER, YUGABYTEDB, healthy, run_one, skip_one, written_by, yugabytedb

OFF = {"yb_enable_base_scans_cost_model": "off", "yb_enable_optimizer_statistics": "off"}
ON = {"yb_enable_base_scans_cost_model": "on", "yb_enable_optimizer_statistics": "on"}


def on(release: str, settings: dict[str, str], kine: str = "v0.17.5") -> Facts:
    facts = yugabytedb(
        server=parse_server_name(f"yugabytedb-{release}"), settings=PLANNER | settings, kine=written_by(kine)
    )
    return replace(facts, database_settings={"yb_bnl_batch_size": "1024"})


@pytest.mark.parametrize(
    "mode", ["off", "legacy_mode", "legacy_bnl_mode", "legacy_ignore_stats_bnl_mode", "another_that_is_not_known"]
)
@pytest.mark.parametrize("release", ["2024.2.4", "2024.2.11", "2025.1.4", "2025.2.8", "2026.1.2"])
def test_a_mode_that_switches_statistics_off_is_found(release: str, mode: str) -> None:
    (found,) = run_one(missing_planner_settings, on(release, {"yb_enable_cbo": mode}))
    assert (found.severity, found.on) == (Severity.WARNING, "yb_enable_cbo")
    assert f"is {mode}; on YugabyteDB {release} it should be on" in found.says
    assert found.do == "ALTER DATABASE kubernetes SET yb_enable_cbo = 'on'; then restart Kine"


@pytest.mark.parametrize("mode", ["on", "legacy_stats_mode", "legacy_stats_bnl_mode"])
def test_every_mode_that_uses_statistics_is_fine(mode: str) -> None:
    assert run_one(missing_planner_settings, on("2025.1.4", {"yb_enable_cbo": mode})) == ()


@pytest.mark.parametrize("release", ["2.16", "2.20.5.0", "2.21.0.0", "2024.1.3.0"])
def test_switches_that_leave_statistics_unused_are_found(release: str) -> None:
    found = run_one(missing_planner_settings, on(release, OFF))
    assert [one.on for one in found] == ["yb_enable_base_scans_cost_model", "yb_enable_optimizer_statistics"]
    assert all(one.severity is Severity.WARNING for one in found)
    assert "SET yb_enable_optimizer_statistics = 'on'" in found[1].do
    assert run_one(missing_planner_settings, on(release, ON)) == ()


def test_an_era_that_goes_without_the_cost_model_is_not_asked_for_it() -> None:
    (found,) = run_one(missing_planner_settings, on("2.21.0.0", OFF, "v0.14.16"))
    assert found.on == "yb_enable_optimizer_statistics"


def test_what_init_leaves_and_postgresql_pass() -> None:
    assert run_one(missing_planner_settings, yugabytedb(settings=YUGABYTEDB)) == ()
    assert run_one(missing_planner_settings, healthy()) == ()


def test_a_setting_that_was_not_shown_is_skipped() -> None:
    assert "yb_enable_cbo" in skip_one(missing_planner_settings, on("2024.2.11", {})).reason
