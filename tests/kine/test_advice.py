"""One sentence for each of Kine's queries, and never a rule that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinetune.kine.advice import AdviceContext, explain_arguments, explain_scenario, write_advice
from kinetune.kine.queries import SCENARIOS, load_catalogue
from kinetune.kine.releases import ERAS
from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot, Vantage
from kinetune.model.server import Flavour
from kinetune.rules.table import RULES

EVERY = sorted({(name, era.name) for era in ERAS if era.catalogue for name in load_catalogue(era.name)})
CODES = {rule.code for rule in RULES}
GROUPS = {code[:3] for code in CODES}

ROOT = Path(__file__).parents[2]


def spot(query: str, resource: str = "", era: str = "v0.17.3", **more: float) -> Hotspot:
    times = {"p50": 5.0, "p95": 9.0, "p99": 9.0, "max": 9.0} | more
    return Hotspot(
        query, (era,), resource, Vantage.KINE_LOG, 10, 50.0, 1.0, **times, first=0.0, last=1.0, timeline=(), worst=()
    )


@pytest.mark.parametrize(("query", "era"), EVERY)
@pytest.mark.parametrize("flavour", [None, *Flavour])
def test_each_query_of_each_era_gets_one_sentence_with_rules_that_exist(
    query: str, era: str, flavour: Flavour | None
) -> None:
    sentence = write_advice(spot(query, "/registry/pods/", era), AdviceContext(flavour=flavour))
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert ": :" not in sentence
    for code in re.findall(r"KT\d+", sentence):
        assert code in CODES or (code[:3] in GROUPS and len(code) == 3), code
    for name in re.findall(r"--query (\S+)", sentence):
        assert name in {one.name for one in SCENARIOS}


@pytest.mark.parametrize(("query", "era"), EVERY)
def test_explain_knows_the_call(query: str, era: str) -> None:
    name = explain_scenario(spot(query, "", era))
    assert not name or name in {one.name for one in SCENARIOS}


def test_a_statement_of_another_program_gets_no_advice() -> None:
    assert write_advice(spot("")) == ""


def test_counters_get_advice_too() -> None:
    assert "KT107" in write_advice(QueryCost("ListCurrentVal", ("v0.17.3",), 1, 1.0, 1.0))


def test_the_resource_goes_into_the_explain_call() -> None:
    assert "--query list-page --arg prefix=/registry/pods/ " in write_advice(spot("ListCurrentVal", "/registry/pods/"))
    assert explain_arguments(spot("GetCurrent", "/registry/pods/default/a", "v0.9.0")) == {
        "key": "/registry/pods/default/a"
    }
    assert explain_scenario(spot("GetCurrent", "/registry/pods/default/a", "v0.9.0")) == "get"
    assert explain_arguments(spot("ListCurrentVal", "(others)")) == {}


def test_a_call_that_was_fast_on_the_server_waited_for_a_connection() -> None:
    sentence = write_advice(spot("ListCurrentVal", p50=2000.0), AdviceContext(longest={"ListCurrentVal": 80.0}))
    assert sentence.startswith(
        "the server never took longer than 80.0 ms for this query, so calls wait for a connection"
    )
    assert "KT701" in sentence


def test_signals_change_the_advice() -> None:
    assert "5 s" in write_advice(spot("Compact"), AdviceContext(signals=frozenset({"compaction-failed"})))
    assert "KT2" in write_advice(spot("Insert"), AdviceContext(signals=frozenset({"events-lost"})))
    assert "KT701" in write_advice(spot("Insert"), AdviceContext(signals=frozenset({"no-connections"})))


def test_each_server_gets_its_own_advice() -> None:
    assert "KT401" not in write_advice(spot("ListCurrentVal"), AdviceContext(flavour=Flavour.POSTGRESQL))
    assert "KT107" not in write_advice(spot("ListCurrentVal"), AdviceContext(flavour=Flavour.YUGABYTEDB))


def test_nothing_advises_a_flag_that_k3s_does_not_have() -> None:
    """`k3s server` stops at it (docs/facts/kine.md §9.2): only pool_limit.py, which knows the program, may name it."""
    named = {
        str(path.relative_to(ROOT))
        for folder in ("kinetune", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".yml", ".html", ".md", ".service", ".sh", ".env")
        and "--datastore-max-open-connections" in path.read_text(encoding="utf-8")
    }
    pages = {"kinetune/rules/too_few_connections.py", "kinetune/rules/too_many_connections.py"}
    assert named <= pages
    for page in pages:
        assert "K3s has no flag" in (ROOT / page).read_text(encoding="utf-8")
