"""Each rendered file is read by the tool that it is for, or held against that tool's schema."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from kinetune.render.kinds import RenderedFile
from tests.cluster import MissingServer
from tests.conftest import absent
from tests.render.composer import composer
from tests.render.made import CASES, DATA, command, documents, files, named

CHART = tuple(line for line in (DATA / "chart-values.txt").read_text("utf-8").splitlines() if line[0] != "#")
METRICS = {line for line in (DATA / "metrics.txt").read_text("utf-8").splitlines() if line[0] != "#"}
FUNCTIONS = {
    "histogram_quantile",
    "sum",
    "by",
    "rate",
    "increase",
    "max",
    "and",
    "or",
    "instance",
    "le",
    "name",
    "job",
    "vector",
}


def tool(name: str, package: str) -> str:
    """The program; no test where it is missing (and a failure in CI)."""
    found = shutil.which(name)
    if found is None:
        absent(f"no {name}: apt-get install {package}")
    assert found
    return found


def passes(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def marked(suffix: str) -> Any:
    """A parameter for each case's file with that ending."""
    return [pytest.param(file, id=f"{case}/{file.path}") for case, file in named(suffix)]


@pytest.mark.parametrize("file", marked(".sh"))
def test_shellcheck_finds_nothing_in_a_script(file: RenderedFile, tmp_path: Path) -> None:
    path = tmp_path / "script.sh"
    path.write_text(file.text, encoding="utf-8")
    passes(tool("shellcheck", "shellcheck"), "--severity=style", path)


@pytest.mark.parametrize("file", marked("docker-compose.yml"))
def test_compose_files_fit_the_compose_specification(file: RenderedFile, tmp_path: Path) -> None:
    """By check-jsonschema's copy of compose-spec.json."""
    path = tmp_path / "docker-compose.yml"
    path.write_text(file.text, encoding="utf-8")
    passes(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", path)


@pytest.fixture(scope="session")
def reader() -> Path:
    """compose-go, which `docker compose config` is made of."""
    try:
        return composer()
    except MissingServer as missing:
        absent(str(missing))
        raise


@pytest.mark.parametrize("file", marked("docker-compose.yml"))
def test_compose_reads_the_file_as_it_was_meant(file: RenderedFile, reader: Path, tmp_path: Path) -> None:
    """Services, volumes and conditions refer to what is there, and nothing is taken for a variable but the token."""
    path = tmp_path / "docker-compose.yml"
    path.write_text(file.text, encoding="utf-8")
    (seen,) = documents(passes("env", "-i", "K3S_TOKEN=secret", reader, path))
    (meant,) = documents(file.text)
    assert seen["services"].keys() == meant["services"].keys()
    for name, service in seen["services"].items():
        given = meant["services"][name]
        assert service["image"] == given["image"]
        assert service.get("command") == given.get("command")
        assert {port["host_ip"] for port in service.get("ports", ())} <= {"127.0.0.1"}
        assert service.get("environment", {}) == {
            key: "secret" if key == "K3S_TOKEN" else value for key, value in given.get("environment", {}).items()
        }
    if "k3s" in seen["services"]:
        done = subprocess.run([reader, path], env={}, capture_output=True, text=True, check=False)
        assert "K3S_TOKEN is missing a value: set it, any secret text" in done.stderr


@pytest.mark.parametrize("file", marked("kine.service"))
def test_systemd_takes_the_unit(file: RenderedFile, tmp_path: Path) -> None:
    """Kine is not installed where it should be here: any program stands for it."""
    path = tmp_path / "kine.service"
    path.write_text(
        file.text.replace(f"ExecStart={command(file.text)[0]}", f"ExecStart={sys.executable}"), encoding="utf-8"
    )
    analyze = tool("systemd-analyze", "systemd")
    done = subprocess.run([analyze, "verify", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("release", ["1.27", "1.33", "1.37"])
@pytest.mark.parametrize("file", [*marked("-job.yaml"), *marked("cronjob.yaml"), *marked("emojivoto.yaml")])
def test_kubernetes_takes_the_manifests(file: RenderedFile, release: str) -> None:
    found = documents(file.text)
    for document in found:
        kubernetes_validate.validate(document, release, strict=True)
    names = [(one["kind"], one["metadata"]["name"]) for one in found]
    assert len(names) == len(set(names))


def test_the_jobs_run_restricted() -> None:
    """What the Pod Security Standard `restricted` asks, and a read-only file system."""
    for _, file in [*named("-job.yaml"), *named("cronjob.yaml")]:
        (document,) = documents(file.text)
        pod = document["spec"].get("jobTemplate", document)["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["allowPrivilegeEscalation"] is False


def keys(value: Any, above: str = "") -> Iterator[str]:
    """Every path of a mapping down to what is none."""
    if not isinstance(value, dict):
        yield above
        return
    for key, below in value.items():
        yield from keys(below, f"{above}.{key}" if above else key)


@pytest.mark.parametrize("file", [one for one in marked(".yaml") if "/helm/" in one.id or "values" in one.id])
def test_the_chart_has_every_value(file: RenderedFile) -> None:
    (data,) = documents(file.text)
    for key in keys(data):
        assert key in CHART or any(one.endswith(".*") and key.startswith(one[:-1]) for one in CHART), key
    assert data["gflags"]["tserver"]["ysql_sequence_cache_minval"] == 1
    assert data["Image"]["tag"] != "latest"


@pytest.mark.parametrize("case", ["monitoring", "monitoring-three"])
def test_promtool_takes_configuration_and_rules(case: str, tmp_path: Path) -> None:
    promtool = tool("promtool", "prometheus")
    for file in files(case):
        (tmp_path / file.path).write_text(file.text, encoding="utf-8")
    passes(promtool, "check", "config", tmp_path / "prometheus.yml")
    passes(promtool, "check", "rules", "--lint-fatal", tmp_path / "alerts.yml")


def test_the_alerts_ring_and_stay_silent(tmp_path: Path) -> None:
    """promtool plays a minute or an hour of samples."""
    promtool = tool("promtool", "prometheus")
    for file in files("monitoring"):
        (tmp_path / file.path).write_text(file.text, encoding="utf-8")
    shutil.copy(DATA / "alerts-test.yml", tmp_path)
    passes(promtool, "test", "rules", tmp_path / "alerts-test.yml")


def test_kube_apiserver_has_every_flag() -> None:
    """By the list of those that k8s.io/apiserver defines, kept with its source."""
    known = {line for line in (DATA / "kube-apiserver-flags.txt").read_text("utf-8").splitlines() if line[0] != "#"}
    (file,) = files("kube-apiserver")
    given = [line for line in file.text.splitlines() if line and not line.startswith("#")]
    assert {flag.partition("=")[0] for flag in given} <= known
    assert "--etcd-compaction-interval=5m0s" in given


def expressions() -> list[str]:
    """Of the alerts and of the dashboard."""
    made = {file.path: file.text for file in files("monitoring")}
    (rules,) = documents(made["alerts.yml"])
    dashboard = json.loads(made["kine-dashboard.json"])
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]] + [
        target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
    ]


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_is_one_that_was_seen(expression: str) -> None:
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|by \([^)]*\)", "", expression)
    names = set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", bare)) - FUNCTIONS
    assert names
    assert names <= METRICS


def test_the_dashboard_has_what_grafana_reads() -> None:
    """Panels with ids of their own, side by side on the 24 columns, each with a query and its data source."""
    dashboard = json.loads(next(file.text for file in files("monitoring") if file.path.endswith(".json")))
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    assert all(target["datasource"]["uid"] == "${datasource}" for panel in panels for target in panel["targets"])
    assert [one["name"] for one in dashboard["templating"]["list"]] == ["datasource", "instance"]


@pytest.mark.parametrize("case", CASES)
def test_every_image_is_pinned(case: str) -> None:
    for file in files(case):
        if file.path.endswith((".yml", ".yaml")):
            images = [found for one in documents(file.text) for found in _images(one)]
            assert all(":" in image.rpartition("/")[2] and not image.endswith(":latest") for image in images)


def _images(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "image":
                yield below
            yield from _images(below)
    elif isinstance(value, list):
        for below in value:
            yield from _images(below)


def test_yaml_files_are_read_once() -> None:
    """No key twice: the reader of the tests refuses it."""
    with pytest.raises(AssertionError):
        documents("a: 1\na: 2\n")
    assert yaml.safe_load("a: 1\na: 2\n") == {"a": 2}
