"""The rendered scripts run, with docker, yugabyted, kubectl and curl played by a script that writes down its words."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinetune.render.values import RenderValues
from tests.render.made import texts

PLAYED = """#!/bin/bash
printf '%s' "$(basename "$0")" >>"$LOG"
printf ' [%s]' "$@" >>"$LOG"
echo >>"$LOG"
case "$(basename "$0") $*" in
  *"container inspect"* | *"network inspect"*) exit "${THERE:-1}" ;;
  *"count(*) FROM yb_servers"*) echo "${SEEN:-3}" ;;
esac
"""


class Stage:
    """A folder with a script and its players."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        for name in ("docker", "yugabyted", "ysqlsh", "kubectl", "sleep"):
            self.player(name, PLAYED)

    def player(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, script: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = self.folder / "script.sh"
        path.write_text(script)
        self.log.write_text("")
        environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "LOG": str(self.log), **env}
        return subprocess.run(
            ["bash", str(path), *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self, words: str) -> list[str]:
        """Lines of the log that begin so."""
        return [line for line in self.log.read_text().splitlines() if line.startswith(words)]


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def script(**values: object) -> str:
    given: Mapping[str, object] = values
    return texts("yugabyted", RenderValues(**given))["yugabyted.sh"]  # type: ignore[arg-type]


def test_up_starts_each_node_with_the_flag_and_joins_the_first(stage: Stage) -> None:
    done = stage.run(script())
    assert done.returncode == 0, done.stderr
    runs = stage.calls("docker [run]")
    assert len(runs) == 3
    for number, run in enumerate(runs, 1):
        assert f"[--name] [yugabytedb-node{number}] [--hostname] [yugabytedb-node{number}]" in run
        assert "[yugabytedb/yugabyte:2025.2.8.0-b60] [bin/yugabyted] [start]" in run
        assert "[--tserver_flags=ysql_sequence_cache_minval=1]" in run
        assert f"[-p] [127.0.0.1:{5432 + number}:5433]" in run
        assert f"[-v] [yugabytedb-data{number}:/home/yugabyte/yb_data]" in run
        assert ("[--join=yugabytedb-node1]" in run) == (number > 1)
    assert "configure] [data_placement]" in stage.calls("docker [exec] [yugabytedb-node1] [bin/yugabyted]")[0]
    assert "kinetune init postgres://yugabyte@127.0.0.1:5433/kubernetes" in done.stdout


def test_up_again_starts_what_is_there_and_makes_nothing_new(stage: Stage) -> None:
    assert stage.run(script(), "up", THERE="0").returncode == 0
    assert not stage.calls("docker [run]")
    assert len(stage.calls("docker [start]")) == 3


def test_down_keeps_the_data_and_destroy_does_not(stage: Stage) -> None:
    assert stage.run(script(), "down", THERE="0").returncode == 0
    assert len(stage.calls("docker [rm]")) == 3
    assert not stage.calls("docker [volume]")
    assert stage.run(script(), "destroy", THERE="0").returncode == 0
    assert len(stage.calls("docker [volume] [rm]")) == 3


def test_a_cluster_that_does_not_come_up_ends_the_wait_and_says_where_to_look(stage: Stage) -> None:
    hurried = script().replace("SECONDS + 300", "SECONDS + 0")
    done = stage.run(hurried, SEEN="2")
    assert done.returncode == 1
    assert "3 nodes: not ready within five minutes; see: docker logs yugabytedb-node1" in done.stderr


def test_secure_asks_for_the_password_and_shows_it_to_nobody(stage: Stage) -> None:
    secure = script(secure=True)
    done = stage.run(secure)
    assert done.returncode != 0
    assert "YSQL_PASSWORD: export it" in done.stderr
    done = stage.run(secure, YSQL_PASSWORD="tr0ub4dor")
    assert done.returncode == 0, done.stderr
    assert "tr0ub4dor" not in stage.log.read_text() + done.stdout + done.stderr
    assert all("[-e] [YSQL_PASSWORD]" in run and "[--secure]" in run for run in stage.calls("docker [run] [-d]"))
    assert len(stage.calls("docker [run] [--rm]")) == 1


def test_folders_with_blanks_reach_docker_whole(stage: Stage) -> None:
    base = stage.folder / "my 'data' $HOME"
    done = stage.run(script(base_dir=str(base), nodes=1), SEEN="1")
    assert done.returncode == 0, done.stderr
    assert f"[-v] [{base}/node1:/home/yugabyte/yb_data]" in stage.calls("docker [run]")[0]
    assert (base / "node1").is_dir()
    assert stage.run(script(base_dir=str(base), nodes=1), "destroy").returncode == 0
    assert not (base / "node1").exists()


@pytest.mark.parametrize("secure", [False, True])
def test_without_docker_each_node_has_an_address_of_its_own(stage: Stage, secure: bool) -> None:
    if secure:
        for number in (1, 2, 3):
            made = stage.folder / "yb" / "node1" / "generated_certs" / f"127.0.0.{number}"
            made.mkdir(parents=True)
            (made / "ca.crt").touch()
    done = stage.run(script(plain=True, secure=secure, base_dir=str(stage.folder / "yb")), YSQL_PASSWORD="x")
    assert done.returncode == 0, done.stderr
    starts = stage.calls("yugabyted [start]")
    assert [f"[--advertise_address=127.0.0.{n}]" in start for n, start in enumerate(starts, 1)] == [True] * 3
    assert ["[--join=127.0.0.1]" in start for start in starts] == [False, True, True]
    assert all("[--tserver_flags=ysql_sequence_cache_minval=1]" in start for start in starts)
    assert (stage.folder / "yb" / "node3" / "certs" / "ca.crt").exists() == secure


def test_a_word_that_is_none_shows_the_usage(stage: Stage) -> None:
    for text in (script(), script(plain=True), texts("topology", RenderValues())["yugabyted.sh"]):
        done = stage.run(text, "frobnicate")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("usage: ")


def test_nodes_take_their_zone_in_turn_and_leaders_are_placed(stage: Stage) -> None:
    text = texts("topology", RenderValues(nodes=6))["yugabyted.sh"]
    assert stage.run(text, "start", "5", "10.0.0.5", "10.0.0.1").returncode == 0
    (start,) = stage.calls("yugabyted [start]")
    assert "[--cloud_location=aws.us-east-1.us-east-1b]" in start
    assert "[--join=10.0.0.1]" in start
    assert stage.run(text, "place").returncode == 0
    (place,) = stage.calls("yugabyted [configure]")
    places = ",".join(f"aws.us-east-1.us-east-1{letter}:{n}" for n, letter in enumerate("abc", 1))
    assert f"[--constraint_value={places}] [--rf=3]" in place


def test_the_charts_releases_are_placed_by_yb_admin(stage: Stage) -> None:
    assert stage.run(texts("topology", RenderValues())["helm/place.sh"]).returncode == 0
    calls = stage.calls("kubectl")
    assert (
        "[modify_placement_info] [aws.us-east-1.us-east-1a,aws.us-east-1.us-east-1b,aws.us-east-1.us-east-1c] [3]"
        in (calls[0])
    )
    assert "[set_preferred_zones] [aws.us-east-1.us-east-1a:1] [aws.us-east-1.us-east-1b:2]" in calls[1]


def test_kine_in_docker_gets_its_settings_and_no_password(stage: Stage) -> None:
    done = stage.run(texts("kine", RenderValues())["kine-docker.sh"])
    assert done.returncode == 0, done.stderr
    (run,) = stage.calls("docker [run]")
    assert "[--network] [host]" in run
    assert "[-e] [KINE_ENDPOINT=postgres://yugabyte@127.0.0.1:5433/kubernetes]" in run
    assert run.endswith(
        "[rancher/kine:v0.16.4] [--listen-address=127.0.0.1:2379] [--metrics-bind-address=127.0.0.1:8080] "
        "[--compact-interval=0s]"
    )


def test_k3s_is_installed_with_its_own_configuration_and_one_token(stage: Stage) -> None:
    made = texts("k3s", RenderValues())
    etc = stage.folder / "etc"
    for path, text in made.items():
        (stage.folder / path).write_text(text)
    stage.player("curl", PLAYED + "echo 'echo INSTALLED $INSTALL_K3S_VERSION $*'\n")
    stage.player("k3s", PLAYED)
    install = made["install.sh"].replace("/etc/", f"{etc}/")
    done = stage.run(install, "2")
    assert done.returncode == 2
    assert "token of server 1" in done.stderr
    done = stage.run(install, "1")
    assert done.returncode == 0, done.stderr
    assert "INSTALLED v1.36.4+k3s1 server" in done.stdout
    assert (etc / "rancher/k3s/config.yaml").read_text() == made["server-1.yaml"]
    token = (etc / "rancher/k3s/token").read_text()
    assert len(token) == 64
    assert (etc / "rancher/k3s/token").stat().st_mode & 0o077 == 0
    assert "PGPASSFILE=" in (etc / "systemd/system/k3s.service.d/pgpass.conf").read_text()
    assert stage.run(install, "2").returncode == 0
    assert (etc / "rancher/k3s/token").read_text() == token
    assert stage.run(install, "3").returncode == 2
