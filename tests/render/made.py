"""Cases of `kinetune render` that the tests share, and readers of what they make."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from kinetune.render.kinds import RenderedFile, find_kind, render_files
from kinetune.render.values import RenderValues

DATA = Path(__file__).parents[1] / "data" / "deploy"
HOSTS = "postgres://kine@db1:5433,db2:5433,db3:5433/kubernetes?sslmode=verify-full"
TLS: Mapping[str, Any] = {
    "ca_file": "/etc/kine/ca.crt",
    "cert_file": "/etc/kine/kine.crt",
    "key_file": "/etc/kine/kine.key",
}
REGIONS = ("gcp.europe-west1.europe-west1-b", "gcp.europe-west3.europe-west3-a", "gcp.europe-north1.europe-north1-c")
CASES: Mapping[str, tuple[str, RenderValues]] = {
    "yugabyted": ("yugabyted", RenderValues()),
    "yugabyted-one": ("yugabyted", RenderValues(nodes=1, base_dir="/srv/yuga byte")),
    "yugabyted-secure": ("yugabyted", RenderValues(nodes=5, rf=5, secure=True, name="kine-db")),
    "yugabyted-plain": ("yugabyted", RenderValues(plain=True)),
    "yugabyted-plain-secure": ("yugabyted", RenderValues(plain=True, secure=True, base_dir="/srv/yb")),
    "compose": ("compose", RenderValues()),
    "compose-kine": ("compose", RenderValues(nodes=1, with_kine=True)),
    "compose-k3s": ("compose", RenderValues(with_k3s=True)),
    "compose-all": ("compose", RenderValues(nodes=5, rf=5, with_kine=True, with_k3s=True, pool=10)),
    "helm": ("helm", RenderValues()),
    "helm-secure": (
        "helm",
        RenderValues(secure=True, nodes=5, namespace="store", schedule="0 */6 * * *", memory="16Gi"),
    ),
    "helm-role": (
        "helm",
        RenderValues(secure=True, endpoint="postgres://kine@db.example:5433/kubernetes?sslmode=require"),
    ),
    "kine": ("kine", RenderValues()),
    "kine-tls": ("kine", RenderValues(endpoint=HOSTS, servers=3, max_connections=60, slow_sql="500ms", **TLS)),
    "k3s": ("k3s", RenderValues()),
    "k3s-three": ("k3s", RenderValues(endpoint=HOSTS, servers=3, address="k3s.example", **TLS)),
    "kube-apiserver": ("kube-apiserver", RenderValues()),
    "topology-machine": ("topology", RenderValues(level="machine")),
    "topology-zones": ("topology", RenderValues(nodes=6)),
    "topology-regions": ("topology", RenderValues(level="regions", placement=REGIONS, rtt="25ms", secure=True)),
    "topology-five": ("topology", RenderValues(level="regions", nodes=5, rf=5)),
    "app": ("app", RenderValues()),
    "monitoring": ("monitoring", RenderValues()),
    "monitoring-three": ("monitoring", RenderValues(endpoint=HOSTS)),
    "walkthrough": ("walkthrough", RenderValues()),
}


def files(case: str) -> tuple[RenderedFile, ...]:
    kind, values = CASES[case]
    return render_files(find_kind(kind), values)


def texts(kind: str, values: RenderValues) -> dict[str, str]:
    """The files of a kind by path."""
    return {file.path: file.text for file in render_files(find_kind(kind), values)}


def documents(text: str) -> list[Any]:
    """Of a YAML stream, each key once: PyYAML would let the last one win."""
    return list(yaml.load_all(text, _Strict))


def named(suffix: str) -> list[tuple[str, RenderedFile]]:
    """Every case's files with that ending."""
    return [(case, file) for case in CASES for file in files(case) if file.path.endswith(suffix)]


def environment(text: str, folder: Path) -> dict[str, str]:
    """An environment file as a shell reads it; nothing else is in it."""
    path = folder / "env"
    path.write_text(text, encoding="utf-8")
    script = 'set -a; . "$1"; exec env -0'
    bash = ["env", "-i", "bash", "-c", script, "bash", str(path)]
    done = subprocess.run(bash, capture_output=True, text=True, check=True)
    pairs = (pair.partition("=") for pair in done.stdout.split("\0") if pair)
    return {name: value for name, _, value in pairs if name not in ("_", "PWD", "SHLVL", "OLDPWD")}


def command(unit: str) -> list[str]:
    """The words of ExecStart, read by systemd.syntax(7) and systemd.service(5), written anew from their text."""
    (line,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    return [_expanded(word) for word in _words(line)]


def _words(line: str) -> Iterator[str]:
    word: str | None = None
    quote = ""
    at = 0
    while at < len(line):
        letter = line[at]
        if letter == "\\":
            at += 1
            word = (word or "") + {"s": " ", "n": "\n", "t": "\t"}.get(line[at], line[at])
        elif quote:
            word, quote = (word, "") if letter == quote else ((word or "") + letter, quote)
        elif letter in "\"'":
            word, quote = word or "", letter
        elif letter == " ":
            if word is not None:
                yield word
            word = None
        else:
            word = (word or "") + letter
        at += 1
    assert not quote
    if word is not None:
        yield word


def _expanded(word: str) -> str:
    """%% and $$ stand for themselves; anything else would have been a specifier or a variable."""
    assert not re.search(r"%", word.replace("%%", "")), word
    assert not re.search(r"\$", word.replace("$$", "")), word
    return word.replace("%%", "%").replace("$$", "$")


def updating() -> bool:
    return bool(os.environ.get("UPDATE_GOLDEN"))


class _Strict(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a mapping that names a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), keys
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]
