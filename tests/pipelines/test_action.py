"""action.yml: its shell lines run on saved facts, its expressions name what exists, its foreign actions are pinned."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.pipelines.places import ROOT, loaded, shell

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("id", step.get("name")): step for step in ACTION["runs"]["steps"]}
SHA = re.compile(r"[\w./-]+@[0-9a-f]{40}")


def values(text: str, context: Mapping[str, str]) -> str:
    """The text with each ${{ name }} replaced; KeyError for a name that nobody defines."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: context[found[1]], text)


def step(name: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A step's lines, with the inputs given and the defaults of the others."""
    context = {f"inputs.{key}": given.get(key, value["default"]) for key, value in ACTION["inputs"].items()}
    context["steps.check.outputs.sarif"] = outputs().get("sarif", "")
    env = {key: values(value, context) for key, value in STEPS[name]["env"].items()}
    return shell(STEPS[name]["run"], **env)


def outputs() -> dict[str, str]:
    path = Path(os.environ["GITHUB_OUTPUT"])
    return dict(line.split("=", 1) for line in path.read_text().splitlines()) if path.exists() else {}


def test_the_action_names_only_inputs_and_steps_that_exist() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for expression in re.findall(r"\$\{\{(.*?)\}\}", text):
        assert set(re.findall(r"inputs\.([\w-]+)", expression)) <= ACTION["inputs"].keys()
        assert set(re.findall(r"steps\.([\w-]+)", expression)) <= STEPS.keys()
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == ACTION["inputs"].keys()


def test_no_expression_stands_in_a_shell_line() -> None:
    for one in STEPS.values():
        assert "${{" not in one.get("run", ""), "an input could end the line and begin a command"


def test_every_foreign_action_is_pinned_to_a_commit() -> None:
    used = [one["uses"] for one in STEPS.values() if "uses" in one]
    for job in loaded("github-workflow.yml")["jobs"].values():
        used += [one["uses"] for one in job["steps"] if not one["uses"].startswith("OWNER/")]
    assert len(used) == 3
    assert all(SHA.fullmatch(one) for one in used)


def test_the_workflow_gives_the_action_inputs_it_has() -> None:
    for job in loaded("github-workflow.yml")["jobs"].values():
        for one in job["steps"]:
            if one["uses"].startswith("OWNER/"):
                assert one["with"].keys() <= ACTION["inputs"].keys()


def test_the_action_annotates_and_tells_its_status(place: Path) -> None:
    done = step("check", facts="kine-facts-bad.json")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=kine-facts-bad.json,line=1,title=KT103 hash-sharded-ids::")
    assert outputs() == {"status": "1", "sarif": "kinetune.sarif"}
    assert json.loads((place / "kinetune.sarif").read_text())["runs"][0]["results"]


def test_the_arguments_are_read_as_a_shell_would(place: Path) -> None:
    done = step("check", facts="kine-facts-bad.json", arguments="--ignore 'KT103=moved in \"May\"' --fail-on error")
    assert (done.returncode, done.stderr) == (0, "")
    assert 'Reason: moved in "May"' in done.stdout


def test_ignored_findings_stay_in_the_file_and_out_of_the_upload(place: Path) -> None:
    step("check", facts="kine-facts-bad.json", arguments="--ignore KT103=later")
    assert step("open").returncode == 0
    kept = json.loads((place / "kinetune.sarif").read_text())["runs"][0]["results"]
    uploaded = json.loads(Path(outputs()["sarif"]).read_text())["runs"][0]["results"]
    assert "KT103" in [result["ruleId"] for result in kept]
    assert "KT103" not in [result["ruleId"] for result in uploaded]


def test_the_endpoint_is_no_argument_and_where_nothing_was_seen_nothing_is_uploaded(place: Path) -> None:
    (place / "kinetune.sarif").write_text("of yesterday")
    done = step("check", endpoint="postgres://kine:secret@127.0.0.1:1/kubernetes")
    assert done.returncode == 3
    assert "secret" not in done.stdout + done.stderr
    assert outputs() == {"status": "3"}
    assert "ENDPOINT" not in STEPS["check"]["run"].split("check")[-1]


def test_an_unfinished_quote_is_an_error(place: Path) -> None:
    assert step("check", facts="kine-facts-good.json", arguments="--ignore 'KT103=x").returncode != 0
    assert not (place / "kinetune.sarif").exists()
