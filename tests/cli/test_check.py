"""`kinetune check` on saved facts: selection, exit status, baseline, formats, and errors for bad input."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kinetune.kine.redaction import redact_key
from tests.cli.call import CallResult, call
from tests.database.stores import ask
from tests.rules.made import hashed, healthy, recording, yugabytedb
from tests.saved import bad, good, saved


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Facts with one error (KT103)."""
    return bad(tmp_path)


def check(*arguments: object, folder: Path = Path("/")) -> CallResult:
    return call("check", *arguments, folder=folder)


def codes(said: CallResult) -> set[str]:
    return {finding["code"] for finding in json.loads(said.out)["findings"]}


def test_a_good_store_passes_and_a_bad_one_closes_the_gate(tmp_path: Path, broken: Path) -> None:
    assert check("--facts", good(tmp_path)).status == 0
    said = check("--facts", broken)
    assert (said.status, said.err) == (1, "")
    assert "KT103 error kine: ids are sharded by hash" in said.out


@pytest.mark.parametrize(("level", "status"), [("error", 1), ("warning", 1), ("info", 1), ("never", 0)])
def test_the_gate_closes_from_the_severity_that_was_said(broken: Path, level: str, status: int) -> None:
    assert check("--facts", broken, "--fail-on", level).status == status


def test_a_warning_passes_a_gate_for_errors(tmp_path: Path) -> None:
    facts = saved(
        replace(healthy(), settings=dict(healthy().settings) | {"default_transaction_isolation": "serializable"}),
        tmp_path / "f.json",
    )
    assert check("--facts", facts).status == 1
    assert check("--facts", facts, "--fail-on", "error").status == 0


def test_rules_are_chosen_by_code_prefix_and_name(broken: Path) -> None:
    alone = ("--facts", broken, "--format", "json")
    assert codes(check(*alone, "--select", "hash-sharded-ids")) == {"KT103"}
    assert codes(check(*alone, "--select", "KT2,KT103")) == {"KT103"}
    assert codes(check(*alone, "--select", "KT2")) == set()
    assert codes(check(*alone, "--select", "KT2", "--extend-select", "KT103")) == {"KT103"}
    assert "KT999" in check("--facts", broken, "--select", "KT999").line


def test_a_former_name_of_a_rule_selects_it_with_a_note(broken: Path, tmp_path: Path) -> None:
    note = "note: rule range-sharded-ids is now called hash-sharded-ids\n"
    said = check("--facts", broken, "--format", "json", "--select", "range-sharded-ids")
    assert (codes(said), said.err) == ({"KT103"}, note)
    said = check("--facts", broken, "--ignore", "range-sharded-ids=moves in March")
    assert (said.status, said.err) == (0, note)
    (tmp_path / "kinetune.toml").write_text("[check.severity]\nrange-sharded-ids = 'info'\n")
    said = check("--facts", broken, folder=tmp_path)
    assert (said.status, said.err) == (0, note)
    assert call("rule", "range-sharded-ids").err == note


def test_an_ignore_needs_a_reason_and_shows_it(broken: Path) -> None:
    said = check("--facts", broken, "--ignore", "KT103=moves in March")
    assert said.status == 0
    assert "moves in March" in said.out
    assert check("--facts", broken, "--ignore", "KT103").status == 2


def test_strict_counts_what_could_not_be_judged(tmp_path: Path) -> None:
    facts = good(tmp_path)
    assert check("--facts", facts).status == 0
    assert "Skipped" in check("--facts", facts).out
    assert check("--facts", facts, "--strict").status == 1


def test_nothing_that_could_be_judged_is_never_green(tmp_path: Path) -> None:
    said = check("--facts", good(tmp_path), "--select", "KT305")
    assert said.status == 3
    assert said.line.startswith("no rule could be checked: no saved run to compare with")


def test_a_baseline_accepts_what_is_known_until_it_runs_out(tmp_path: Path, broken: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert check("--facts", broken, "--baseline", baseline, "--update-baseline").status == 0
    said = check("--facts", broken, "--baseline", baseline)
    assert said.status == 0
    assert "accepted in" in said.out
    assert "\nIgnored\n" in said.out
    data = json.loads(baseline.read_text())
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    baseline.write_text(json.dumps(data | {"accepted": [entry | {"until": past} for entry in data["accepted"]]}))
    late = check("--facts", broken, "--baseline", baseline)
    assert late.status == 1
    assert "counts again" in late.out


def test_a_baseline_lists_what_is_fixed(tmp_path: Path, broken: Path) -> None:
    baseline = tmp_path / "baseline.json"
    check("--facts", broken, "--baseline", baseline, "--update-baseline")
    said = check("--facts", saved(yugabytedb(), tmp_path / "fixed.json"), "--baseline", baseline)
    assert said.status == 0
    assert "KT103 on kine is fixed; remove it with --update-baseline" in said.out


def test_several_outputs_are_written_in_their_formats(tmp_path: Path, broken: Path) -> None:
    names = ("a.sarif", "a.xml", "a.json", "a.md", "a.html", "a.txt")
    said = check("--facts", broken, *(part for name in names for part in ("-o", tmp_path / name)))
    assert said.status == 1
    for name in names:
        assert "KT103" in (tmp_path / name).read_text()
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"


def test_a_clean_store_has_an_empty_list_of_results(tmp_path: Path) -> None:
    said = check("--facts", good(tmp_path), "--format", "sarif", "--select", "KT1")
    assert json.loads(said.out)["runs"][0]["results"] == []


def test_fingerprints_stay_when_the_wording_of_the_facts_changes(tmp_path: Path, broken: Path) -> None:
    other = saved(replace(hashed(yugabytedb()), observed_at=datetime(2026, 12, 1, tzinfo=UTC)), tmp_path / "later.json")
    seen = [json.loads(check("--facts", file, "--format", "json").out)["findings"][0] for file in (broken, other)]
    assert seen[0]["fingerprint"] == seen[1]["fingerprint"]


KEY, OTHER = "/registry/secrets/it's, (Zone-7)/DB-password", "/Unfiled/Token"
LONGER = f"{KEY}-Nr17"


@pytest.fixture
def keyed(tmp_path: Path) -> Path:
    """Facts with three keys, in every place that has any: arguments, plans and the server's message of a failure."""
    literals = " OR ".join(f"name = '{key.replace(chr(39), 2 * chr(39))}'::text" for key in (KEY, OTHER, LONGER))
    made = recording("list-page")
    plan = ([{"Plan": {"Node Type": "Seq Scan", "Plans": [{"Node Type": "Result", "Filter": f"({literals})"}]}}],)
    one = replace(made, call=replace(made.call, arguments=(KEY, 7, OTHER, LONGER)), custom=plan, generic=plan)
    failed = replace(one, failed=f"no room for {LONGER} and {OTHER}")
    return saved(healthy(recordings=(failed,), lookups=(one,)), tmp_path / "keyed.json")


@pytest.mark.parametrize("format", ["text", "json", "markdown", "sarif", "junit", "github", "html"])
def test_keys_are_hidden_on_request(keyed: Path, tmp_path: Path, format: str) -> None:
    """Of each key its resource is left. The words are of the keys alone, and every format writes them as they are."""
    words, kept = ("Zone-7", "DB-password", "Nr17", "Token"), tmp_path / "kept.json"
    arguments = ("--facts", keyed, "--save-facts", kept, "--format", format)
    report, facts = check(*arguments).out, kept.read_text("utf-8")
    assert all(word in report and word in facts for word in words)
    report, facts = check(*arguments, "--redact").out, kept.read_text("utf-8")
    assert not [word for word in words if word in report or word in facts]
    assert "/registry/secrets/" in facts
    assert "secrets" in report


def test_redacted_facts_of_a_store_hold_no_key_and_give_the_same_findings(store: str, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    now = check(store, "--save-facts", kept, "--redact", "--format", "json")
    text = json.dumps(json.loads(kept.read_text("utf-8")), ensure_ascii=False)
    names = {name for (name,) in ask(store, "SELECT name FROM kine") if redact_key(name) != name}
    assert len(names) > 900
    assert not [name for name in names if name in text]
    assert "…" in text
    assert codes(now) == codes(check("--facts", kept, "--format", "json"))


BAD = {
    "no JSON at all": "is not JSON or is truncated",
    '{"kind": "kinetune facts", "schema": 1, "facts": {"observed_at": "2026-11-2': "is not JSON or is truncated",
    '{"kind": "kinetune facts", "schema": 99, "facts": {}}': "has schema 99, this kinetune reads 1; update",
    '{"kind": "kinetune explain", "schema": 1}': "contains no facts",
    '{"kind": "kinetune facts", "schema": 1, "facts": {"server": 7}}': "is damaged",
    "[]": "contains no facts",
}


@pytest.mark.parametrize("text", BAD)
def test_a_file_that_holds_no_facts_is_a_line_and_exit_2(tmp_path: Path, text: str) -> None:
    file = tmp_path / "facts.json"
    file.write_text(text)
    said = check("--facts", file)
    assert said.status == 2
    assert BAD[text] in said.line
    assert said.out == ""


def test_what_cannot_be_written_is_reported_before_the_work(tmp_path: Path) -> None:
    facts = good(tmp_path)
    for option in ("-o", "--save-facts"):
        assert check("--facts", facts, option, "/nowhere/a.json").line.startswith("cannot write /nowhere/a.json")
    assert "cannot select a format for a.pdf: unknown extension" in check("--facts", facts, "-o", "a.pdf").line
    assert check("--facts", facts, "--format", "pdf").status == 2
    said = check("--facts", facts, "--format", "csv")
    assert (said.status, said.line) == (
        2,
        "csv is for kinetune hotspots; choose text, json, markdown, html, sarif, junit or github",
    )


def test_what_would_look_beside_saved_facts_is_refused(tmp_path: Path) -> None:
    for idle in (("--probe",), ("--metrics", "http://127.0.0.1:1/metrics"), ("postgres://kine@127.0.0.1:1/kine",)):
        assert check("--facts", good(tmp_path), *idle).status == 2


def test_plans_of_a_database_without_the_table_are_skipped_with_that_reason(database15: str) -> None:
    said = check("--select", "KT301", database15)
    assert said.status == 3
    assert said.line == "no rule could be checked: there is no table kine"


def test_a_metrics_file_that_is_missing_is_reported_as_a_file(store: str) -> None:
    said = check("--select", "KT301", "--metrics", "nosuch", store)
    assert said.line.startswith("cannot read nosuch: No such file or directory; name a file that can be read")


CONFIGURATIONS = {
    "[check]\nfail-onn = 'error'\n": "kinetune.toml:2: ",
    "[check.severity]\nKT103 = 'grave'\n": "kinetune.toml:2: the severity of KT103 is 'grave'",
    "[check.ignore]\nKT999 = 'why'\n": "kinetune.toml:2: ",
    "[check.ignore]\nKT103 = ''\n": "kinetune.toml:2: [check.ignore] KT103 has no reason",
    "[check.limits]\npools = 3\n": "kinetune.toml:2: unknown key 'pools' in [check.limits]",
    "[check.limits]\npool = -1\n": "kinetune.toml:2: pool in [check.limits] is -1",
}


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_a_wrong_configuration_is_named_with_its_file_and_line(tmp_path: Path, text: str) -> None:
    facts = good(tmp_path)
    (tmp_path / "kinetune.toml").write_text(text)
    said = check("--facts", facts, folder=tmp_path)
    assert said.status == 2
    assert CONFIGURATIONS[text] in said.line


def test_the_configuration_rules_and_settings_are_shown(tmp_path: Path) -> None:
    (tmp_path / "kinetune.toml").write_text(
        "[check]\nfail-on = 'error'\n[check.severity]\nKT103 = 'info'\n[check.ignore]\nKT5 = 'grown on purpose'\n"
        "[check.limits]\npool = 3\nmilliseconds = { list-page = 20 }\n"
    )
    said = check("--show-settings", folder=tmp_path)
    assert said.status == 0
    assert f"configuration: {tmp_path / 'kinetune.toml'}" in said.out
    assert "severity of KT103: info" in said.out
    assert "ignored KT505: grown on purpose" in said.out
    assert "limits.milliseconds.list-page: 20\nlimits.pool: 3\nlimits.servers: 0\nlimits.pgbouncer: false" in said.out
    assert check("--facts", bad(tmp_path), folder=tmp_path).status == 0
