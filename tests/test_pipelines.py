"""The files for pipelines: valid by the rules of who reads them, and their shell lines run on saved facts."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.saved import bad, good

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "pipelines"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("id", step["name"]) if "name" in step else step["id"]: step for step in ACTION["runs"]["steps"]}
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
"""As a runner of GitHub starts bash."""
SHA = re.compile(r"[\w./-]+@[0-9a-f]{40}")


def loaded(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with saved facts, and a kinetune on the PATH and where the action installs its own."""
    folder = tmp_path / "runner" / "kinetune" / "bin"
    folder.mkdir(parents=True)
    script = f'#!/bin/sh\nexec {sys.executable} -c "from kinetune.cli.main import main; main()" "$@"\n'
    for name, text in (("kinetune", script), ("python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    for name in [name for name in os.environ if name.startswith(("KINETUNE", "K3S_", "KINE_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path / "runner"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    good(Path())
    bad(Path())
    return tmp_path / "work"


def shell(script: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SHELL, "-c", script], env=os.environ | env, capture_output=True, text=True, check=False, timeout=60
    )


# the action ----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", ROOT / "action.yml"),
        ("vendor.github-workflows", EXAMPLES / "github-workflow.yml"),
        ("vendor.gitlab-ci", EXAMPLES / "gitlab-ci.yml"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_file_is_valid_by_the_schema_of_who_reads_it(schema: str, path: Path) -> None:
    arguments = ["--data-transform", "gitlab-ci"] if "gitlab" in schema else []
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *arguments, str(path)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
    assert done.stdout.startswith("::error file=kine-facts-bad.json,line=1,title=KT103 range-sharded-ids::")
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


# the others ----------------------------------------------------------------------------------------------------------


def gitlab(job: str, place: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """The job's lines, with pip played by `true`."""
    jobs = loaded("gitlab-ci.yml")
    lines = jobs[jobs[job]["extends"]]["before_script"] + jobs[job]["script"]
    return shell("pip() { true; }\n" + "\n".join(lines), **jobs[job].get("variables", {}) | env)


def test_gitlab_judges_saved_facts_and_keeps_the_files_it_names(place: Path) -> None:
    done = gitlab("kine:offline", place, KINETUNE="kinetune.whl", KINE_FACTS="kine-facts-bad.json")
    assert done.returncode == 1
    artifacts = loaded("gitlab-ci.yml")[".kine"]["artifacts"]
    assert all((place / name).is_file() for name in [*artifacts["paths"], artifacts["reports"]["junit"]])


def test_gitlab_says_what_is_not_set(place: Path) -> None:
    done = gitlab("kine:live", place)
    assert done.returncode != 0
    assert "KINETUNE: set it to what pip shall install" in done.stderr


def test_gitlab_looks_at_the_store_its_variable_names(place: Path) -> None:
    done = gitlab("kine:live", place, KINETUNE="x", KINETUNE_ENDPOINT="postgres://kine@127.0.0.1:1/kubernetes")
    assert done.returncode == 3


HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")],
        ["validate-config", str(EXAMPLES / "pre-commit-config.yaml")],
    ],
    ids=lambda arguments: arguments[0],
)
def test_pre_commit_takes_both_files(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "pre_commit", *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("words", "status", "findings"),
    [
        (["kine-facts-good.json"], 0, 0),
        (["kine-facts-good.json", "kine-facts-bad.json"], 1, 1),
        (["kine-facts-bad.json", "kine-facts-good.json"], 1, 1),
        (["--fail-on", "never", "kine-facts-bad.json", "kine-facts-bad.json"], 0, 2),
        (["--fail-on", "nonsense", "kine-facts-good.json"], 2, 0),
        (["kine-facts-none.json"], 2, 0),
    ],
)
def test_the_hook_judges_each_file(words: list[str], status: int, findings: int, place: Path) -> None:
    done = subprocess.run([*shlex.split(HOOK["entry"]), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("KT103 error")) == (status, findings)


def test_the_hook_takes_facts_and_nothing_else() -> None:
    takes = re.compile(HOOK["files"]).search
    assert all(map(takes, ["kine-facts.json", "a/b/kine-facts-east.json"]))
    assert not any(map(takes, ["facts.json", "kine-facts/x.json", "kine-facts.json.bak"]))
    assert loaded("pre-commit-config.yaml")["repos"][0]["hooks"][0]["id"] == HOOK["id"]


@pytest.mark.parametrize("release", ["1.27", "1.33", "1.37"])
def test_kubernetes_takes_the_cronjob(release: str) -> None:
    kubernetes_validate.validate(loaded("cronjob.yaml"), release, strict=True)


def test_the_cronjob_runs_restricted() -> None:
    """What the Pod Security Standard `restricted` asks, and a read-only file system."""
    pod = loaded("cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert pod["automountServiceAccountToken"] is False


def test_the_cronjob_knows_secrets_by_reference_and_names_those_the_page_creates() -> None:
    pod = loaded("cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    env = {one["name"]: one for one in pod["containers"][0]["env"]}
    secret = next(line for line in commands() if "create secret" in line)
    for name in ("KINETUNE_ENDPOINT", "PGPASSWORD"):
        reference = env[name]["valueFrom"]["secretKeyRef"]
        assert f"generic {reference['name']} " in secret
        assert f"={reference['key']}=" in secret
    assert pod["volumes"][0]["secret"]["items"][0]["key"] in secret


def test_the_cronjob_calls_kinetune_with_options_it_has(place: Path) -> None:
    (container,) = loaded("cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    done = shell(shlex.join(["kinetune", *container["args"], "--facts", "kine-facts-bad.json"]))
    assert done.returncode == 1
    assert (EXAMPLES / "Dockerfile").read_text().endswith('ENTRYPOINT ["kinetune"]\n')


def test_what_the_dockerfile_copies_is_enough_to_build(tmp_path: Path) -> None:
    for line in (EXAMPLES / "Dockerfile").read_text(encoding="utf-8").splitlines():
        if line.startswith("COPY"):
            *sources, target = line.split()[1:]
            for source in sources:
                copy(ROOT / source, tmp_path / target.lstrip("/"), whole=target.endswith("/"))
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(tmp_path / "src")]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("kinetune-*.whl"))


def copy(source: Path, target: Path, *, whole: bool) -> None:
    """As COPY does: a target that ends with a slash is a folder for the source, any other is the source's new name."""
    place = target / source.name if whole else target
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, place)


# the page ------------------------------------------------------------------------------------------------------------


def commands() -> list[str]:
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("kinetune")])
def test_every_command_of_the_page_runs(command: str, place: Path) -> None:
    good(place).rename(place / "kine-facts.json")
    done = shell(command)
    assert (done.returncode, done.stderr) == (0, "")
    for name in re.findall(r"--output (\S+)", command):
        assert (place / name).read_text(encoding="utf-8").strip()


def test_every_file_of_the_page_exists_and_every_input_is_told() -> None:
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([\w/.-]+)\)", page):
        assert (ROOT / "docs" / link).is_file(), link
    assert all(f"| `{name}` |" in page for name in ACTION["inputs"])
    assert {f"pipelines/{path.name}" for path in EXAMPLES.iterdir()} <= set(re.findall(r"\]\(([\w/.-]+)\)", page))
