"""`tuned` on YugabyteDB is the set with the fewest recorded requests, and the record is what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench.sets import AN_HOUR, ERAS, PAGES, RECORDED, SETS, choice, choices, recorded, run, tuned
from kinetune.kine.releases import era_named
from kinetune.servers.recognise import named
from kinetune.tuning.profiles import target

ROOT = Path(__file__).parents[2]
PLANS = ROOT / "tests" / "data" / "plans" / "yugabytedb-2.21"
CALLED = {
    "E07_list_L501": ("E07", "list LIMIT 501"),
    "E07_get": ("E07", "get one key"),
    "E07_poll": ("E07", "poll"),
    "E11_list_L501": ("E11", "list LIMIT 501"),
    "E18_listval": ("E18", "list values"),
    "E20_listval_L501": ("E20", "list values LIMIT 501"),
    "E20_page": ("E20", "page at revision"),
    "E20_get": ("E20", "get"),
    "E20_count": ("E20", "count"),
    "E20_poll": ("E20", "poll"),
    "CurrentRev": ("all", "MAX(id)"),
    "compact1000": ("all", "compaction select, 1000"),
}
DATABASES = {"x_stock": "stock", "x_article": "article", "x_tunedfull": "range", "x_lean": "lean"}
PLAN = re.compile(r"(?P<cbo>cbo-)?(?P<database>x_[a-z]+)-1024-(?P<query>\w+)")
RECORDINGS = sorted(path for path in PLANS.glob("*.json") if PLAN.fullmatch(path.stem))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_table_says_what_the_recorded_plans_say(path: Path) -> None:
    found = PLAN.fullmatch(path.stem)
    assert found
    era, query = CALLED[found["query"]]
    (document,) = json.loads(path.read_text(encoding="utf-8"))
    key = (era, query, "on" if found["cbo"] else "off")
    assert recorded()[key][DATABASES[found["database"]]] == document["Storage Read Requests"]


def test_most_of_the_recorded_queries_have_a_plan_to_show() -> None:
    assert len(RECORDINGS) >= 29


def test_the_table_says_what_the_facts_say() -> None:
    """Each number of facts/measured.md §3, in its order."""
    facts = (ROOT / "docs" / "facts" / "measured.md").read_text(encoding="utf-8")
    section = facts.partition("\n## 3.")[2].partition("\n## 4.")[0]
    said = re.findall(r"(?<=\| )\**(\d+) / (\d+)\**(?= \|)", section)
    rows = [line.rsplit(",", 2)[1:] for line in RECORDED.read_text(encoding="utf-8").splitlines()[1:]]
    assert [tuple(row) for row in rows] == said


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("storm", [False, True], ids=["quiet", "storm"])
def test_tuned_has_the_fewest_requests_without_statistics(era: str, storm: bool) -> None:
    assert choice(era, statistics=False, storm=storm).winner == tuned(era)


@pytest.mark.parametrize("era", ERAS)
def test_with_statistics_lean_is_best_for_it_writes_least(era: str) -> None:
    assert choice(era, statistics=True).winner == "lean"


def test_for_old_kine_the_safe_set_is_kept_because_a_wrong_guess_costs_seven_times_as_much() -> None:
    """Nobody knows for sure that statistics are on, and stay on: range loses a sixth with them, lean all without."""
    without, with_ = choice("E07", statistics=False).costs, choice("E07", statistics=True).costs
    assert tuned("E07") == "range"
    assert without["lean"] > 7 * without["range"]
    assert with_["range"] < 1.2 * with_["lean"]


@pytest.mark.parametrize("release", ["2.18", "2.20", "2024.1", "2024.2", "2025.1", "2025.2", "2026.1"])
@pytest.mark.parametrize("era", ERAS)
def test_the_choice_is_the_same_for_every_release_line(era: str, release: str) -> None:
    wanted = target("tuned", named(f"yugabytedb-{release}"), era_named(era))
    lean = {index.name for index in wanted.indexes if index.placeholder}
    assert lean == ({"kine_name_index", "kine_name_id_index"} if tuned(era) == "lean" else set())


def test_ids_by_hash_lose_by_their_whole_reads() -> None:
    for one in choices():
        assert one.costs["stock"] > 4 * min(one.costs.values())
    assert PAGES == -(-50_001 // 1024)


def test_what_was_not_recorded_is_told() -> None:
    assert choice("E20", statistics=False).missing == ()
    assert set(choice("E11", statistics=False).missing) == {"get", "page", "count"}
    assert all(set(one.missing) <= set(AN_HOUR) and set(one.costs) == set(SETS) for one in choices())


def test_the_page_shows_this_table() -> None:
    page = (ROOT / "docs" / "yugabytedb-profiles.md").read_text(encoding="utf-8")
    for one in choices():
        costs = " | ".join(_marked(f"{one.costs[name]:,.0f}", name == one.winner) for name in SETS)
        assert f"| {one.era} | {'on' if one.statistics else 'off'} | {costs} | {tuned(one.era)} |" in page
    assert run().kind == "bench sets"


def _marked(text: str, is_best: bool) -> str:
    return f"**{text}**" if is_best else text
