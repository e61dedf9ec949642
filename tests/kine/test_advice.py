"""One sentence for each of Kine's queries, and never a rule that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinetune.kine.advice import Surroundings, advice, arguments, scenario
from kinetune.kine.queries import catalogue
from kinetune.kine.releases import ERAS
from kinetune.kine.scenarios import SCENARIOS
from kinetune.model.counters import Cost
from kinetune.model.hotspot import Hotspot, Vantage
from kinetune.model.server import Flavour
from kinetune.rules.table import RULES

EVERY = sorted({(name, era.name) for era in ERAS if era.catalogue for name in catalogue(era.name)})
CODES = {rule.code for rule in RULES}
GROUPS = {code[:3] for code in CODES}

ROOT = Path(__file__).parents[2]


def spot(query: str, resource: str = "", era: str = "v0.17.3", **more: float) -> Hotspot:
    times = {"p50": 5.0, "p95": 9.0, "p99": 9.0, "max": 9.0} | more
    return Hotspot(
        query, (era,), resource, Vantage.KINE, 10, 50.0, 1.0, **times, first=0.0, last=1.0, timeline=(), worst=()
    )


@pytest.mark.parametrize(("query", "era"), EVERY)
@pytest.mark.parametrize("flavour", [None, *Flavour])
def test_each_query_of_each_era_gets_one_sentence_with_rules_that_exist(
    query: str, era: str, flavour: Flavour | None
) -> None:
    said = advice(spot(query, "/registry/pods/", era), Surroundings(flavour=flavour))
    assert said.endswith(".")
    assert ". " not in said
    assert ": :" not in said
    for code in re.findall(r"KT\d+", said):
        assert code in CODES or (code[:3] in GROUPS and len(code) == 3), code
    for name in re.findall(r"--query (\S+)", said):
        assert name in {one.name for one in SCENARIOS}


@pytest.mark.parametrize(("query", "era"), EVERY)
def test_explain_knows_the_call(query: str, era: str) -> None:
    name = scenario(spot(query, "", era))
    assert not name or name in {one.name for one in SCENARIOS}


def test_what_is_not_kines_gets_none() -> None:
    assert advice(spot("")) == ""


def test_counters_get_advice_too() -> None:
    assert "KT107" in advice(Cost("ListCurrentVal", ("v0.17.3",), 1, 1.0, 1.0))


def test_the_resource_goes_into_the_explain_call() -> None:
    assert "--query list-page --arg prefix=/registry/pods/ " in advice(spot("ListCurrentVal", "/registry/pods/"))
    assert arguments(spot("GetCurrent", "/registry/pods/default/a", "v0.9.0")) == {"key": "/registry/pods/default/a"}
    assert scenario(spot("GetCurrent", "/registry/pods/default/a", "v0.9.0")) == "get"
    assert arguments(spot("ListCurrentVal", "(others)")) == {}


def test_a_call_that_the_server_did_fast_waited_for_a_connection() -> None:
    said = advice(spot("ListCurrentVal", p50=2000.0), Surroundings(longest={"ListCurrentVal": 80.0}))
    assert said.startswith("the server never took longer than 80 ms for it: calls wait for a connection")
    assert "KT701" in said


def test_signals_change_the_advice() -> None:
    assert "5 s" in advice(spot("Compact"), Surroundings(signals=frozenset({"compaction-failed"})))
    assert "KT2" in advice(spot("Insert"), Surroundings(signals=frozenset({"events-lost"})))
    assert "KT701" in advice(spot("Insert"), Surroundings(signals=frozenset({"no-connections"})))


def test_each_server_gets_its_own() -> None:
    assert "KT401" not in advice(spot("ListCurrentVal"), Surroundings(flavour=Flavour.POSTGRESQL))
    assert "KT107" not in advice(spot("ListCurrentVal"), Surroundings(flavour=Flavour.YUGABYTEDB))


def test_nothing_advises_a_flag_that_k3s_does_not_have() -> None:
    """`k3s server` ends at it (docs/facts/kine.md §9.2): only pool.py, which knows the program, may name it."""
    named = {
        str(path.relative_to(ROOT))
        for folder in ("kinetune", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".html", ".md", ".service", ".sh", ".env")
        and "--datastore-max-open-connections" in path.read_text(encoding="utf-8")
    }
    pages = {"kinetune/rules/single_connection.py", "kinetune/rules/connection_budget.py"}
    assert named <= pages
    for page in pages:
        assert "K3s has no flag" in (ROOT / page).read_text(encoding="utf-8")
