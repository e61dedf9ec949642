"""How `kinetune hotspots` presents what it found: advice in parts, a page that opens, and narrow terminals."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from tests.cli.call import call
from tests.cli.slow_log import BEGAN
from tests.logs import emit

DATA = Path(__file__).parents[1] / "data"
LOGS = ("slow-v0.10.1.log", "slow-v0.14.16-json.log", "slow-v0.17.5.log", "other-lines.log")
FAILED_START = DATA / "logs" / "k3s-start-wrong-token.log"
SERVER_LOG = DATA / "hotspots" / "postgresql-15.log"


@pytest.fixture(scope="module")
def page() -> str:
    """The page of recorded logs."""
    return call("hotspots", *LOGS, "--format", "html", folder=DATA / "logs").out


@pytest.fixture
def eras_log(tmp_path: Path) -> Path:
    """The same query names as two eras send them, with different statements."""
    cases = [
        emit.Case(era, query, "/registry/pods/default/a", BEGAN + number * 1_000_000, 2_000_000_000)
        for number, (era, query) in enumerate(
            (era, query)
            for era in ("v0.9.0", "v0.17.3")
            for query in ("Compact", "InsertReturning")
            if era != "v0.9.0" or query == "Compact"
        )
    ]
    (tmp_path / "kine.log").write_bytes(b"".join(emit.text(case, 4) for case in cases))
    return tmp_path / "kine.log"


def _rows(page: str) -> list[str]:
    """The markup of each row that opens, by the order of the page."""
    start = r'<details>\s*<summary class="row">'
    return re.findall(rf"{start}.*?(?={start}|</section>)", page, re.S)


def _words(markup: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", markup.replace("<wbr>", ""))).split())


def test_each_hotspot_of_json_has_its_advice_in_parts() -> None:
    data = json.loads(call("hotspots", *LOGS, "--format", "json", folder=DATA / "logs").out)
    spots = [spot for vantage in data["vantages"] for spot in vantage["hotspots"]]
    assert len(spots) > 10
    for spot in spots:
        parts = spot["advice_parts"]
        assert set(parts) == {"cause", "check", "fix", "caveat", "command"}
        assert parts["check"] or parts["fix"]
        assert all(text in spot["advice"] for text in parts.values() if text)


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_text_has_the_parts_on_lines_of_their_own(format: str) -> None:
    data = json.loads(call("hotspots", *LOGS, "--format", "json", folder=DATA / "logs").out)
    out = call("hotspots", *LOGS, "--format", format, "--top", "99", folder=DATA / "logs", COLUMNS="999").out
    indent = "- " if format == "markdown" else "  "
    for spot in (spot for vantage in data["vantages"] for spot in vantage["hotspots"]):
        for label in ("cause", "check", "fix"):
            if text := spot["advice_parts"][label]:
                assert f"\n{indent}{label}: {text}\n" in out


def test_the_same_name_in_two_eras_is_told_apart_by_releases(eras_log: Path) -> None:
    ranking = call("hotspots", eras_log, COLUMNS="400").out.split("Advice")[0]
    assert len(re.findall(r"^Compact \(Kine v0\.9\.0 – [^)]*\) ", ranking, re.M)) == 1
    assert len(re.findall(r"^Compact \(Kine v0\.16\.5[^)]* – v0\.17\.5\) ", ranking, re.M)) == 1
    assert not re.search(r"^InsertReturning \(", ranking, re.M)  # its name is unique


def test_advice_names_the_releases_it_is_for(eras_log: Path) -> None:
    advice = call("hotspots", eras_log, COLUMNS="400").out.split("Advice\n")[1]
    assert re.search(r"Compact \(Kine v0\.9\.0 – ", advice)
    assert re.search(r"InsertReturning on pods \(Kine [^)]*v0\.17\.5\)", advice)


def test_hotspots_of_one_advice_name_their_releases_once() -> None:
    advice = call("hotspots", "slow-v0.17.5.log", folder=DATA / "logs", COLUMNS="400").out.split("Advice\n")[1]
    assert "\nListCurrentVal on configmaps and ListCurrentVal on pods (Kine v0.16.6, v0.17.3 – v0.17.5)\n" in advice


def test_the_page_begins_with_the_charts(page: str) -> None:
    titles = [_words(title) for title in re.findall("<h2[^>]*>(.*?)</h2>", page)]
    assert titles[:2] == ["Over time", "Slow calls, measured by Kine"]


def test_a_hotspot_of_the_page_opens_to_its_advice_example_and_statement(page: str) -> None:
    row = next(row for row in _rows(page) if "ListCurrentVal on configmaps" in _words(row))
    words = _words(row)
    assert "check on PostgreSQL, check the index kine_list_query_index (KT107)" in words
    assert "sent by Kine v0.16.6, v0.17.3 – v0.17.5" in words
    assert "slowest calls (UTC) duration log 11-23 16:08:01 5.33 s slow-v0.17.5.log" in words
    assert re.search(r"Statement, recorded from Kine v0\.17\.3 .*SELECT", words)


def test_the_page_draws_the_time_line_of_each_hotspot(page: str) -> None:
    rows = [row for row in _rows(page) if "slowest calls (UTC)" in row]
    assert len(rows) == 10
    assert all(row.count("<svg") == 1 and "<rect" in row for row in rows)
    assert not set("▁▂▃▄▅▆▇█") & set(page)


def test_a_logged_plan_is_shown_at_its_hotspot() -> None:
    page = call("hotspots", SERVER_LOG, "--format", "html").out
    row = next(row for row in _rows(page) if "GetCurrentVal on secrets" in _words(row))
    assert re.search(r"GetCurrentVal, [\d.]+ ms at .*\(cost=", _words(row))


@pytest.mark.parametrize("columns", ["60", "80"])
@pytest.mark.parametrize("by", ["resource", "key"])
def test_a_narrow_terminal_has_the_time_lines_below_each_other(columns: str, by: str) -> None:
    out = call("hotspots", *LOGS, "--by", by, folder=DATA / "logs", COLUMNS=columns).out
    ranking = out[out.index("Slow calls, ") : out.index("more hotspot")].splitlines()
    lines = [found for line in ranking if (found := re.search("[▁▂▃▄▅▆▇█·]{24}  11-23", line))]
    starts = {found.start() for found in lines}
    assert len(lines) == 10
    assert len(starts) == 1
    assert max(map(len, ranking)) <= int(columns)


def test_a_failed_start_is_the_first_thing_of_a_report() -> None:
    out = call("hotspots", FAILED_START, COLUMNS="400").out
    assert out.splitlines()[3].startswith("K3s did not start: ")
    assert "\nfix: " in out.split("Logs:")[0]
    assert "Other signals" not in out


def test_the_page_of_a_failed_start_has_its_fix_in_the_summary() -> None:
    page = call("hotspots", FAILED_START, "--format", "html").out
    summary = page[page.index('class="summary"') : page.index("</section>")]
    assert '<p class="bad">K3s did not start: ' in summary
    assert "<dt>fix</dt>" in summary


def test_keys_stay_hidden_in_the_page(tmp_path: Path) -> None:
    case = emit.Case("v0.17.3", "ListCurrentVal", "/registry/secrets/prod/token-of-alice", BEGAN, 2_000_000_000)
    (tmp_path / "kine.log").write_bytes(emit.text(case, 4))
    shown = call("hotspots", tmp_path / "kine.log", "--by", "key", "--format", "html").out
    hidden = call("hotspots", tmp_path / "kine.log", "--by", "key", "--redact", "--format", "html").out
    assert "token-of-alice" in shown
    assert "token-of-alice" not in hidden
