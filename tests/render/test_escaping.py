"""No value of `kinetune render` ends a line, a quote or a command: each reader gets back what was given."""

from __future__ import annotations

import json
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kinetune import quoting
from kinetune.model.failure import UsageFailure
from kinetune.render.kinds import KINDS, RenderedFile, find_kind, render_files
from kinetune.render.values import RenderValues
from tests.render.made import command, documents, environment, texts

NASTY = "".join(map(chr, range(32, 127))) + "äß€ 漢😀"
LINE = st.text(st.sampled_from(NASTY), max_size=40) | st.text(st.characters(codec="utf-8"), max_size=20).filter(
    str.isprintable
)
WORD = st.text(st.sampled_from("a1'\"\\$`%&;|<>(){}[]!#*?~ ,=@^-"), min_size=1, max_size=30)
PATHS = st.builds("/{}".format, WORD.filter(lambda text: text.strip() == text))
KEEP = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = [one.name for one in fields(RenderValues) if "str" in str(one.type)]
FREE = ("endpoint", "base_dir", "ca_file", "cert_file", "key_file")
BREAKS = ["\n", "\r", "\0", "\x1b", "\x85", "\u2028", "\x7f"]


def shell(script: str, *arguments: str) -> str:
    done = subprocess.run(["sh", "-c", script, "sh", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@KEEP
@given(LINE)
def test_a_shell_gets_the_value_back(value: str) -> None:
    assert shell(f"printf %s {quoting.shell(value)}") == value


@given(LINE)
def test_yaml_json_and_toml_get_the_value_back(value: str) -> None:
    text = quoting.yaml(value)
    assert yaml.safe_load(f"a: [{text}, {text}] # b")["a"] == [value, value]
    assert json.loads(text) == value
    assert tomllib.loads(f"a = {text}")["a"] == value


@given(LINE)
def test_compose_sees_no_variable_in_a_value(value: str) -> None:
    read = yaml.safe_load(quoting.compose(value))
    assert read.count("$") == 2 * value.count("$")
    assert read.replace("$$", "$") == value


@given(LINE, LINE)
def test_systemd_gets_the_words_back(one: str, other: str) -> None:
    assert command(f"ExecStart={quoting.unit(one)} {quoting.unit(other)}\n") == [one, other]


@KEEP
@given(LINE)
def test_an_environment_file_gives_the_value_back(tmp_path: Path, value: str) -> None:
    assert environment(f"A={quoting.envfile(value)}\nB=b\n", tmp_path) == {"A": value, "B": "b"}


@given(LINE)
def test_a_remark_ends_where_its_comment_ends(value: str) -> None:
    assert ("<!-- " + quoting.remark(value) + " --" + ">").index("--" + ">") == len(quoting.remark(value)) + 6


@pytest.mark.parametrize("filter", ["shell", "yaml", "compose", "unit", "envfile", "remark"])
@pytest.mark.parametrize("letter", BREAKS)
def test_a_filter_refuses_what_ends_a_line(filter: str, letter: str) -> None:
    refusing: Callable[[str], str] = getattr(quoting, filter)
    with pytest.raises(ValueError):
        refusing(f"a{letter}b")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("letter", BREAKS)
def test_every_option_refuses_what_ends_a_line(name: str, letter: str) -> None:
    good = {"endpoint": "postgres://kine@db/k", "base_dir": "/a", "placement": "a.b.c", "level": "zones"}.get(name)
    text = (good or str(getattr(RenderValues(), name) or "/a")) + letter + "x"
    value: Any = (text,) if name == "zone" else text
    with pytest.raises(UsageFailure):
        RenderValues(**{name: value})


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "evil", ["'; touch /tmp/x; '", '"\nuser: root', "$(touch x)", "`x`", "a b", "%n", '": "', "{{ 1 }}"]
)
def test_every_option_refuses_injection_or_quotes_it(name: str, evil: str) -> None:
    """Most options take a narrow alphabet; paths and endpoints take all and are quoted, see below."""
    text = {"endpoint": "postgres://kine@db/k?application_name="}.get(
        name, "/" if "file" in name or "dir" in name else ""
    )
    value: Any = (text + evil,) if name == "zone" else text + evil
    more: dict[str, Any] = (
        {"key_file": "/k"} if name == "cert_file" else {"cert_file": "/c"} if name == "key_file" else {}
    )
    if name not in FREE:
        with pytest.raises(UsageFailure) as refused:
            RenderValues(**{name: value}, **more)
        assert evil not in str(refused.value)
    elif evil.isprintable() and ":" not in evil and (name, evil) != ("endpoint", "%n"):  # no URL
        for kind in KINDS:
            for file in render_files(kind, RenderValues(**{name: value}, **more)):
                read(file)


def read(file: RenderedFile) -> None:
    """As what it is for reads it; an assertion or an error where it cannot."""
    if file.path.endswith((".yml", ".yaml")):
        assert documents(file.text)
    elif file.path.endswith(".json"):
        assert json.loads(file.text)
    elif file.path.endswith(".service"):
        assert len(command(file.text)) == 4
    elif file.path.endswith(".sh"):
        subprocess.run(["bash", "-n"], input=file.text, text=True, check=True)


@KEEP
@given(PATHS)
def test_any_folder_comes_whole_out_of_the_scripts(path: str) -> None:
    if ":" in path:
        return
    for plain in (False, True):
        script = texts("yugabyted", RenderValues(base_dir=path, plain=plain))["yugabyted.sh"]
        (line,) = [line for line in script.splitlines() if line.startswith("base_dir=")]
        assert shell(f'{line}; printf %s "$base_dir"') == path
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    script = texts("topology", RenderValues(base_dir=path))["yugabyted.sh"]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@KEEP
@given(PATHS, PATHS, PATHS)
def test_any_file_comes_whole_out_of_kines_and_k3s_files(tmp_path: Path, ca: str, cert: str, key: str) -> None:
    values = RenderValues(ca_file=ca, cert_file=cert, key_file=key, servers=1)
    made = texts("kine", values)
    env = environment(made["kine.env"], tmp_path)
    assert (env["KINE_CA_FILE"], env["KINE_CERT_FILE"], env["KINE_KEY_FILE"]) == (ca, cert, key)
    assert len(env) == 8
    words = played(made["kine-docker.sh"])
    assert {f"KINE_CA_FILE={ca}", f"{ca}:{ca}:ro", f"{cert}:{cert}:ro", f"{key}:{key}:ro"} <= set(words)
    (config,) = documents(texts("k3s", values)["server-1.yaml"])
    assert (config["datastore-cafile"], config["datastore-certfile"], config["datastore-keyfile"]) == (ca, cert, key)


@KEEP
@given(st.text(st.sampled_from("aB1'\"\\$`%*!(){}[]~^;|<>,+"), max_size=20).filter(lambda text: "%" not in text))
def test_any_endpoint_comes_whole_out_of_the_files(tmp_path: Path, word: str) -> None:
    """A parameter takes all that a URL's reader lets pass."""
    url = f"postgres://kine@db1:5433/kubernetes?application_name={word}"
    values = RenderValues(endpoint=url, servers=1)
    assert environment(texts("kine", values)["kine.env"], tmp_path)["KINE_ENDPOINT"] == url
    (config,) = documents(texts("k3s", values)["server-1.yaml"])
    assert config["datastore-endpoint"] == url
    (job,) = documents(texts("helm", values)["init-job.yaml"])
    assert job["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] == url


@KEEP
@given(PATHS)
def test_the_call_in_the_header_makes_the_same_files_again(path: str) -> None:
    values = RenderValues(base_dir=path, nodes=5, rf=5, secure=True)
    made = texts("yugabyted", values)["yugabyted.sh"].splitlines()[1]
    words = shlex.split(made.partition(": ")[2])
    assert words[:3] == ["kinetune", "render", "yugabyted"]
    assert words[words.index("--base-dir") + 1] == path
    assert render_files(find_kind("yugabyted"), values)


def played(script: str) -> list[str]:
    """The words of `docker` as a shell gives them to it; the mounts of files that do not exist are left out."""
    script = script.replace("exec docker", "printf '%s\\0' docker")
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]
