"""`kinetune check` on configuration files: good ones are clean, and each planted fault is found, alone, at its line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.call import CallResult, call, call_in_process
from tests.reports.golden import assert_golden
from tests.saved import good as good_facts

ROOT = Path(__file__).parents[1]
GOOD = ROOT / "data" / "deploy" / "good"
SCHEMA = json.loads((ROOT / "data/sarif/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
K3S, UNIT, ENV, COMPOSE = "k3s/config.yaml", "kine.service", "kine.env", "docker-compose.yml"
HELM, SCRIPT, POD = "values.yaml", "yugabyted.sh", "kube-apiserver.yaml"
FAULTS = [
    (COMPOSE, "      - --tserver_flags=ysql_sequence_cache_minval=1\n  yb-node2", "  yb-node2", "KT605", 8),
    (COMPOSE, "jit=off},ysql", "jit=off,ysql", "KT605", 23),
    (COMPOSE, "{log_statement=ddl,jit=off}", "log_statement=ddl,jit=off", "KT605", 23),
    (HELM, "minval: 1", "minval: 100", "KT605", 10),
    (SCRIPT, "minval=1", "minval=10", "KT605", 7),
    (ENV, "KINE_SCHEMA_MIGRATION=0", "KINE_MIGRATION_SCHEMA=2", "KT606", 4),
    (UNIT, "--compact-interval=5m", "--compaction-interval=5m", "KT606", 15),
    (K3S, "datastore-cafile", "datastore-ca-file", "KT606", 5),
    (ENV, "5433/kubernetes", "5433/MyKine", "KT607", 2),
    (ENV, "5433/kubernetes", "5433", "KT607", 2),
    (K3S, "postgres://kine@", "postgres://kine:${PASS}@", "KT607 KT608", 4),
    (K3S, "datastore-endpoint: postgres://kine@", "datastore-endpoint: yugabytedb://kine@", "KT607", 4),
    (K3S, "postgres://kine@", "postgres://kine:hunter2@", "KT608", 4),
    (COMPOSE, "      KINE_ENDPOINT:", "      PGPASSWORD: hunter2\n      KINE_ENDPOINT:", "KT608", 35),
    (HELM, "storage:", "authCredentials:\n  ysql:\n    password: hunter2\nstorage:", "KT608", 13),
    (COMPOSE, "@yb-node1:5433/", "@pgbouncer:6432/", "KT609", 35),
    (K3S, "etcd-compaction-interval=5m", "etcd-compaction-interval=0", "KT610", 9),
    (COMPOSE, "version=3.5.13", "version=3.5.9", "KT611", 33),
    (UNIT, "127.0.0.1:8080", ":8080", "KT612", 12),
    (COMPOSE, '"127.0.0.1:8080:8080"', '"8080:8080"', "KT612", 37),
    (COMPOSE, "yugabyte:2025.2.8.0-b60\n  networks", "yugabyte:latest\n  networks", "KT613", 2),
    (SCRIPT, "yugabyte:2025.2.8.0-b60", "yugabyte:latest", "KT613", 7),
    (SCRIPT, "yb-node1 --hostname yb-node1", "yb_node1 --hostname yb_node1", "KT614", 6),
    (SCRIPT, "docker run -d --name yb-node3", "echo", "KT615 KT616 KT617", 15),
    (HELM, "tserver: 3", "tserver: 1", "KT615", 6),
    (SCRIPT, "--rf=3", "--rf=4", "KT615 KT616 KT617", 15),
    (HELM, "tserver: 3", "tserver: 4", "KT616", 10),
    (COMPOSE, "dc.home.rack3", "dc.home.rack2", "KT617", 16),
]


def check(folder: Path, *more: object, **environ: str) -> CallResult:
    return call("check", "--offline", "--config-dir", ".", *more, folder=folder, **environ)


def found(said: CallResult) -> list[dict[str, Any]]:
    report: dict[str, Any] = json.loads(said.out)
    return list(report["findings"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the good files, which the test may spoil."""
    return Path(shutil.copytree(GOOD, tmp_path / "deploy"))


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    (folder / name).chmod(0o644)


def test_good_files_are_clean_also_under_strict(folder: Path) -> None:
    said = check(folder, "--strict", "--fail-on", "info", "--format", "json")
    assert (said.status, said.err, found(said)) == (0, "", [])


@pytest.mark.parametrize("folder", sorted(path.name for path in GOOD.parent.iterdir() if path.is_dir()))
def test_each_folder_of_files_that_kinetune_made_is_clean(folder: str) -> None:
    said = check(GOOD.parent / folder, "--fail-on", "info")
    assert said.status == 0 or "contains no configuration" in said.err, said.out


@pytest.mark.parametrize("name", [K3S, UNIT, COMPOSE, HELM, SCRIPT])
def test_each_good_file_is_clean_by_its_own_option(name: str) -> None:
    option = {K3S: "--k3s-config", UNIT: "--kine-unit", COMPOSE: "--compose", HELM: "--helm-values"}
    said = call("check", "--offline", option.get(name, "--yugabyted"), GOOD / name, "--fail-on", "info")
    assert said.status == 0, said.out


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[3]}-{fault[0]}-{fault[4]}")
def test_a_planted_fault_is_found_alone_and_at_its_line(folder: Path, fault: tuple[str, str, str, str, int]) -> None:
    name, old, new, codes, line = fault
    spoil(folder, name, old, new)
    said = check(folder, "--format", "json", "--fail-on", "info")
    findings = found(said)
    assert {finding["code"] for finding in findings} == set(codes.split()), findings
    assert said.status == 1
    assert {finding["place"]["file"] for finding in findings} == {name}
    assert line in {finding["place"]["line"] for finding in findings}, findings
    assert "hunter2" not in said.out


def test_a_pool_of_one_is_found(folder: Path) -> None:
    spoil(folder, UNIT, "connections=20", "connections=1")
    said = check(folder, "--kine", "v0.17.5", "--select", "KT603", "--format", "json")
    assert [(one["code"], one["place"]["line"]) for one in found(said)] == [("KT603", 14)]
    spoil(folder, UNIT, "connections=1", "connections=2")
    assert check(folder, "--select", "KT603", "--kine", "v0.16.4").status == 0


def test_the_release_is_taken_from_the_images_if_it_is_not_given(folder: Path) -> None:
    said = check(folder, "--format", "json")
    kine = json.loads(said.out)["kine"]
    assert (kine["tag"], kine["source"]) == ("v0.16.4", "image rancher/kine:v0.16.4 at docker-compose.yml:32")


@pytest.fixture
def faulty(folder: Path) -> Path:
    spoil(folder, K3S, "postgres://kine@", "postgres://kine:hunter2@")
    spoil(folder, COMPOSE, "jit=off},ysql", "jit=off,ysql")
    spoil(folder, ENV, "KINE_SCHEMA_MIGRATION=0", "KINE_MIGRATION_SCHEMA=2")
    return folder


def test_the_golden_text(faulty: Path) -> None:
    assert_golden("check-files.txt", check(faulty, "--select", "KT6,KT201").out)


def test_sarif_points_at_the_lines(faulty: Path) -> None:
    log = json.loads(check(faulty, "--format", "sarif").out)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert [(place["artifactLocation"]["uri"], place["region"]) for place in places] == [
        ("docker-compose.yml", {"startLine": 23}),
        ("k3s/config.yaml", {"startLine": 4}),
        ("kine.env", {"startLine": 4}),
    ]


def test_annotations_junit_markdown_and_html_name_the_line(faulty: Path) -> None:
    assert "::error file=k3s/config.yaml,line=4,title=KT608" in check(faulty, "--format", "github").out
    for format in ("junit", "markdown", "html", "text"):
        assert "k3s/config.yaml:4" in check(faulty, "--format", format).out, format


def test_a_fingerprint_does_not_move_with_the_line(faulty: Path) -> None:
    before = [one["fingerprint"] for one in found(check(faulty, "--format", "json"))]
    spoil(faulty, K3S, "# /etc", "# one\n# two\n# /etc")
    assert [one["fingerprint"] for one in found(check(faulty, "--format", "json"))] == before


@pytest.mark.parametrize("redact", [(), ("--redact",)])
def test_saved_facts_say_the_same_again_and_hold_no_password(faulty: Path, redact: tuple[str, ...]) -> None:
    kept = faulty.parent / "kept.json"
    now = check(faulty, "--format", "json", "--save-facts", kept, *redact)
    assert "hunter2" not in kept.read_text(encoding="utf-8")
    later = call("check", "--facts", kept, "--format", "json")
    assert found(later) == found(now)
    assert later.status == 1


def test_a_path_is_no_key_that_would_be_hidden(faulty: Path) -> None:
    said = call("check", "--offline", "--config-dir", faulty, "--redact", "--format", "json")
    assert str(faulty / K3S) in [one["place"]["file"] for one in found(said)]


def test_two_faults_of_one_endpoint_are_two_findings_to_a_baseline(folder: Path) -> None:
    spoil(folder, K3S, "yb-node3.example:5433/kubernetes", "yb-node3.example/Kine")
    findings = found(check(folder, "--format", "json"))
    assert [one["on"] for one in findings] == ["config.yaml database", "config.yaml ports"]
    assert len({one["fingerprint"] for one in findings}) == 2


def test_files_read_now_go_before_those_of_saved_facts(faulty: Path, tmp_path: Path) -> None:
    facts = good_facts(tmp_path)
    said = call("check", "--facts", facts, "--config-dir", faulty, "--format", "json")
    assert {one["code"] for one in found(said)} >= {"KT605", "KT606", "KT608"}
    assert call("check", "--facts", facts, "--config-dir", GOOD, "--select", "KT6").status == 0


def test_rules_for_a_store_are_skipped_with_the_reason_and_do_not_count_under_strict(folder: Path) -> None:
    skipped = json.loads(check(folder, "--strict", "--format", "json").out)["skipped"]
    (reason,) = {one["reason"] for one in skipped if one["code"] == "KT201"}
    assert reason == "no database connection"
    assert not any(one["asked"] for one in skipped)


def test_what_the_files_leave_to_a_variable_counts_under_strict(folder: Path) -> None:
    for file in (COMPOSE, HELM):
        (folder / file).unlink()
    assert check(folder, "--select", "KT605", "--strict").status == 0
    spoil(folder, SCRIPT, "ysql_sequence_cache_minval=1", "$FLAGS")
    assert check(folder, "--select", "KT605", "--strict").status != 0


def test_rules_for_files_do_not_count_in_a_run_without_files(tmp_path: Path) -> None:
    strict = ("--strict", "--ignore", "KT305=there is no earlier run", "--fail-on", "error")
    said = call("check", "--facts", good_facts(tmp_path), *strict)
    assert said.status == 0, said.out
    assert "no configuration file was read" in " ".join(said.out.split())


def test_files_alone_need_no_endpoint_and_connect_to_nothing(folder: Path) -> None:
    said = call("check", "--compose", COMPOSE, folder=folder, PGHOST="127.0.0.1", PGPORT="1")
    assert said.status == 0
    assert "no database connection" in said.out
    named = call("check", "--compose", COMPOSE, folder=folder, KINETUNE_ENDPOINT="postgres://127.0.0.1:1/kubernetes")
    assert named.status == 3


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("config.yaml", "datastore-endpoint: hunter2\n  k3s: [", "config.yaml:2: this is not YAML"),
        ("config.yaml", "k3s: *hunter2", "config.yaml:1: this is not YAML"),
        ("config.yaml", "- k3s", "config.yaml:1: this is not a K3s configuration"),
        ("kine.service", "[Service]\nExecStart=kine\nhunter2 ", "kine.service:3: this is not a line of a systemd unit"),
        ("kine.service", '[Service]\n\nExecStart=kine "hunter2', "kine.service:3: a quote is not closed"),
        ("kine.service", "[Unit]\nDescription=kine", "kine.service:1: this is not a systemd service"),
        ("kine.env", "A=1\nhunter2", "kine.env:2: this is not NAME=value"),
        ("compose.yml", "kine: hunter2", "compose.yml:1: this is not a compose file"),
        ("values.yaml", "- hunter2", "values.yaml:1: these are not values of a Helm chart"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_run_with_file_and_line(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    options = {".service": "--kine-unit", ".env": "--kine-unit", ".yml": "--compose", ".sh": "--yugabyted"}
    option = "--helm-values" if name == "values.yaml" else options.get(Path(name).suffix, "--k3s-config")
    said = call("check", "--offline", option, name, folder=tmp_path)
    assert said.status == 2
    assert says in said.line
    assert "hunter2" not in said.err + said.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--offline",), "--offline checks configuration files, and none is named"),
        (("--kine-unit", "absent.service"), "cannot read absent.service: No such file or directory"),
        (("--config-dir", "absent"), "absent does not exist"),
        (("--config-dir", "empty"), "empty contains no configuration that kinetune knows"),
        (
            ("--offline", "--compose", "c.yml", "postgres://h/d"),
            "only files are checked, and ENDPOINT needs a connection",
        ),
        (("--compose", "c.yml", "--probe"), "only files are checked, and --probe needs a connection"),
    ],
)
def test_a_call_that_makes_no_sense_says_so(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "c.yml").write_text("services: {}", encoding="utf-8")
    said = call("check", *arguments, folder=tmp_path)
    assert said.status == 2
    assert says in said.line


def test_files_in_which_nothing_can_be_judged_are_never_green(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("tls-san: k3s.example\n", encoding="utf-8")
    assert call("check", "--offline", "--k3s-config", tmp_path / "config.yaml", "--select", "KT607").status == 3
    (tmp_path / "empty.yml").write_text("# nothing\n", encoding="utf-8")
    assert call("check", "--offline", "--compose", tmp_path / "empty.yml").status == 3


def test_a_command_line_in_place_of_a_file() -> None:
    command = "docker run --name yb_1 yugabytedb/yugabyte:latest bin/yugabyted start --join=yb_0"
    said = call("check", "--yugabyted", command, "--format", "json")
    assert {one["code"] for one in found(said)} == {"KT605", "KT613", "KT614"}
    assert found(said)[0]["place"] == {"file": "command line", "line": 1}


def test_options_may_stand_in_the_configuration(folder: Path) -> None:
    (folder / "kinetune.toml").write_text('[check]\noffline = true\nconfig-dir = "k3s"\n', encoding="utf-8")
    said = call("check", folder=folder / "k3s")
    assert said.status == 0
    assert "1 configuration file" in said.out


def test_a_k3s_configuration_names_the_store_and_is_judged_as_a_file(store: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"datastore-endpoint: {store.replace('/s', '/S', 1)}\n", encoding="utf-8")
    said = call("check", "--k3s-config", tmp_path / "config.yaml", "--no-plans", "--format", "json")
    report = json.loads(said.out)
    assert report["server"].startswith("PostgreSQL 15")
    assert "KT607" in report["passed"] or any(one["code"] == "KT607" for one in report["findings"])
    assert {"KT103", "KT605"} & {one["code"] for one in report["skipped"]} == {"KT605"}


def test_no_driver_is_loaded_for_files_alone(folder: Path) -> None:
    said = call_in_process("--debug", "check", "--offline", "--config-dir", folder)
    assert said.status == 0
    assert not re.search("psycopg|connect", said.err)
