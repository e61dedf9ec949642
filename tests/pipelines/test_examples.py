"""docs/pipelines: valid by the rules of who reads them, and their shell lines run on saved facts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from tests.pipelines.places import EXAMPLES, ROOT, loaded, shell
from tests.saved import good

HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]


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


def commands() -> list[str]:
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", [command for command in commands() if command.startswith("kinetune")])
def test_every_command_of_the_page_runs(command: str, place: Path) -> None:
    good(place).rename(place / "kine-facts.json")
    shutil.copytree(ROOT / "tests" / "data" / "deploy" / "good", place / "deploy")
    done = shell(command)
    assert (done.returncode, done.stderr) == (0, "")
    for name in re.findall(r"--output (\S+)", command):
        assert (place / name).read_text(encoding="utf-8").strip()


def test_every_file_of_the_page_exists_and_every_input_is_told() -> None:
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([\w/.-]+)\)", page):
        assert (ROOT / "docs" / link).is_file(), link
    assert all(f"| `{name}` |" in page for name in loaded("../../action.yml")["inputs"])
    assert {f"pipelines/{path.name}" for path in EXAMPLES.iterdir()} <= set(re.findall(r"\]\(([\w/.-]+)\)", page))
