"""`kinetune explain`: the table, its choices, its forms, and two runs side by side."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.cli.call import call
from tests.database.stores import BUSY_KEY, ask

READS = {
    "list", "list-page", "next-page", "old-page", "list-empty", "count", "count-revision", "get", "get-missing",
    "get-old", "poll", "watch", "current-rev", "compact-rev",
}  # fmt: skip
WRITES = {"create", "fill", "compact", "update-compact"}
CALL = {
    "scenario", "words", "query", "text", "arguments", "wish", "writes", "milliseconds", "generic_milliseconds",
    "generic_chosen", "rows", "blocks", "requests", "least_requests", "wal_bytes", "remarks", "failed", "plan",
    "generic_plan",
}  # fmt: skip
RUN = {
    "kind", "schema", "observed_at", "server", "database", "era", "era_source", "rows", "table_bytes", "index_bytes",
    "profile", "settings", "rows_a_request", "calls",
}  # fmt: skip


def data(*arguments: object) -> dict[str, Any]:
    said = call("explain", "--format", "json", "--runs", "1", *arguments)
    assert said.status == 0, said.err
    found = json.loads(said.out)
    assert isinstance(found, dict)
    return found


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_table_speaks_of_kubernetes_slowest_first(store: str) -> None:
    said = call("explain", store, COLUMNS="200")
    assert (said.status, said.err) == (0, "")
    header, *rows = said.out.partition("\ncall ")[2].partition("\n\n")[0].splitlines()
    assert header.split() == ["Kine's", "query", "ms", "rows", "read", "returned", "blocks", "index", "result"]
    assert len(rows) == len(READS)
    assert {"list 380 pods, all at once", "read one object", "read the newest revision"} <= {
        re.split("  +", row)[0] for row in rows
    }
    times = [float(found[1]) for row in rows if (found := re.search(r"  ([\d.]+)  ", row))]
    assert times == sorted(times, reverse=True)
    assert "PostgreSQL 15" in said.out
    assert "schema stock" in said.out


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_no_line_of_prose_or_table_is_wider_than_the_page(store: str, columns: int) -> None:
    for line in call("explain", store, COLUMNS=str(columns)).out.splitlines():
        assert len(line) <= columns, line


def test_one_call_by_its_name_or_by_kines(store: str) -> None:
    assert [one["scenario"] for one in data("--query", "list-page", store)["calls"]] == ["list-page"]
    lists = [one["scenario"] for one in data("--query", "ListCurrentVal", store)["calls"]]
    assert sorted(lists) == ["list", "list-empty", "list-page"]


def test_the_tree_shows_each_plan_and_the_statement(store: str) -> None:
    plain, tree = (call("explain", "--query", "get", *more, store).out for more in ((), ("--tree",)))
    assert "Index" not in plain
    assert re.search(r"Index (Only )?Scan", tree)
    assert "GetSingleVal: plan for these arguments" in tree
    assert "GetSingleVal as Kine sends it, formatted" in tree


def test_arguments_come_from_the_store_and_can_be_given(store: str) -> None:
    (own,) = data("--query", "get", store)["calls"]
    assert own["arguments"][0] == BUSY_KEY
    (given,) = data("--query", "get", "--arg", "key=/registry/pods/ns-1/o-000001", store)["calls"]
    assert given["arguments"][0] == "/registry/pods/ns-1/o-000001"
    (page,) = data("--query", "list-page", "--arg", "prefix=/registry/secrets/", store)["calls"]
    assert page["arguments"][:2] == ["/registry/secrets/", "/registry/secrets0"]
    (old,) = data("--query", "get-old", "--arg", "revision=17", store)["calls"]
    assert 17 in old["arguments"]


def test_a_prefix_without_objects_counts_none(store: str) -> None:
    said = call("explain", "--arg", "prefix=/registry/nothing/", store)
    assert said.status == 0
    assert "list nothing, first page" in said.out


def test_writes_are_explained_on_a_copy_and_use_no_id(store: str) -> None:
    before = ask(store, "SELECT last_value, is_called FROM kine_id_seq")
    calls = {one["scenario"]: one for one in data("--writes", "--rows", "500", store)["calls"]}
    assert calls.keys() == READS | WRITES
    assert all(calls[name]["wal_bytes"] > 0 for name in ("create", "fill", "update-compact"))
    assert ask(store, "SELECT last_value, is_called FROM kine_id_seq") == before
    assert ask(store, "SELECT 1 FROM pg_namespace WHERE nspname = 'kinetune_shadow'") == []
    assert "WAL bytes" in call("explain", "--writes", "--query", "create", store, COLUMNS="200").out


def test_json_has_a_version_and_raw_numbers(store: str) -> None:
    run = data(store)
    assert run.keys() == RUN
    assert (run["kind"], run["schema"], run["profile"], run["era"]) == ("kinetune explain", 1, "stock", "v0.17.3")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", run["observed_at"])
    assert run["rows"] > 5000
    for one in run["calls"]:
        assert one.keys() == CALL
        assert isinstance(one["milliseconds"], float)
        assert one["plan"][0]["Plan"]["Node Type"]
    assert {one["scenario"] for one in run["calls"]} == READS


def test_no_value_of_an_object_is_in_any_report(store: str) -> None:
    (secret,) = ask(store, "SELECT encode(value, 'escape') FROM kine WHERE name LIKE '%/secrets/%' LIMIT 1")
    for form in ("text", "json", "markdown", "html"):
        assert secret[0][:32] not in call("explain", "--runs", "1", "--tree", "--format", form, store).out


class Links(HTMLParser):
    """Whatever a browser would fetch, and whatever would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fetched = {"src", "href", "srcset", "data", "action", "poster", "background", "xlink:href"}
        self.found += [f"{tag} {value}" for name, value in attrs if name in fetched]
        self.found += [tag] if tag in ("script", "iframe", "link", "object", "embed") else []


def test_the_page_needs_nothing_else(store: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert call("explain", "--runs", "1", "-o", page, store).status == 0
    text = page.read_text(encoding="utf-8")
    links = Links()
    links.feed(text)
    assert [link for link in links.found if not link.startswith(("a #", "use #"))] == []
    assert not re.search(r"@import|url\((?!#|['\"]?data:)", text)
    assert 'class="bars"' in text
    assert "GetSingleVal: plan for these arguments" in text
    assert "@media print" in text


def test_markdown_holds_tables_and_folded_plans(store: str) -> None:
    said = call("explain", "--runs", "1", "--format", "markdown", store).out
    assert said.startswith("# kinetune explain\n")
    assert "| call | Kine's query | ms |" in said
    assert said.count("<details>") == said.count("</details>") == len(READS)


def test_the_same_store_is_not_worse_than_itself(store: str, tmp_path: Path) -> None:
    run = tmp_path / "before.json"
    assert call("explain", "--save", run, store).status == 0
    said = call("explain", "--against", run, "--tolerance", "20", store, COLUMNS="200")
    assert (said.status, said.err) == (0, "")
    assert "kinetune explain: before and after" in said.out
    assert "worse" not in said.out.partition("Problems and remedies")[0]


def test_what_got_worse_is_named_and_the_exit_says_so(store: str, tmp_path: Path) -> None:
    run = tmp_path / "before.json"
    assert call("explain", "--save", run, store).status == 0
    ask(store, "DROP INDEX kine_list_query_index, kine_name_prev_revision_uindex, kine_name_id_index, kine_name_index")
    said = call("explain", "--against", run, "-o", tmp_path / "worse.json", store)
    assert said.status == 5
    assert said.line.startswith("slower than before by more than 25 %: ")
    assert "get" in said.line.rpartition(": ")[2].split(", ")
    after = json.loads((tmp_path / "worse.json").read_text())
    verdicts = {one["scenario"]: one["verdict"] for one in after["comparison"]}
    assert verdicts["get"] == "worse"
    assert verdicts["current-rev"] == "same"
    assert after["against"]["calls"]
    assert "Plans that changed" in said.out


def test_calls_that_only_one_run_has_are_new_or_gone(store: str, tmp_path: Path) -> None:
    run = tmp_path / "before.json"
    assert call("explain", "--query", "list", "--save", run, store).status == 0
    said = call("explain", "--query", "get", "--against", run, store)
    assert said.status == 0
    assert re.search(r"\bnew\b", said.out)
    assert re.search(r"\bgone\b", said.out)


def test_a_report_and_a_saved_run_at_once(store: str, tmp_path: Path) -> None:
    said = call("explain", "--query", "get", "--save", "run", "-o", "r.md", "--format", "json", store, folder=tmp_path)
    assert said.status == 0
    assert json.loads((tmp_path / "run").read_text()) == json.loads(said.out)
    assert (tmp_path / "r.md").read_text().startswith("# kinetune explain")
