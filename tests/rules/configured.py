"""Facts of a healthy store beside configuration files that a test writes out."""

from __future__ import annotations

from typing import Any

from kinetune.config.read_files import READERS, FileKind
from kinetune.model.configuration import ConfigFile, Configuration
from kinetune.model.facts import Facts
from tests.rules.made import healthy

NAMES = {
    FileKind.K3S: "config.yaml",
    FileKind.UNIT: "kine.service",
    FileKind.ENVIRONMENT: "kine.env",
    FileKind.HELM: "values.yaml",
    FileKind.COMPOSE: "docker-compose.yml",
    FileKind.MANIFEST: "pod.yaml",
    FileKind.SCRIPT: "yugabyted.sh",
    FileKind.FLAGS: "kube-apiserver.flags",
}


def parse_files(kind: FileKind, *texts: str, world_readable: bool = True) -> Configuration:
    """What one file of a kind says, or several of their own names."""
    files, parts = [], []
    for number, text in enumerate(texts):
        name = NAMES[kind] if not number else f"{number}-{NAMES[kind]}"
        files.append(ConfigFile(name, kind, world_readable))
        parts += READERS[kind]([(text, name)], lambda name: None)
    return Configuration(tuple(files), tuple(parts))


def both(*configurations: Configuration) -> Configuration:
    """Several as one."""
    return Configuration(
        tuple(file for one in configurations for file in one.files),
        tuple(part for one in configurations for part in one.parts),
    )


def beside(configuration: Configuration, **changes: Any) -> Facts:
    """A healthy store with these files."""
    return healthy(configuration=configuration, **changes)


def unit(*flags: str, environment: str = "") -> Configuration:
    """A Kine with these flags."""
    lines = ["[Service]", *([f"Environment={environment}"] if environment else []), "ExecStart=kine " + " ".join(flags)]
    return parse_files(FileKind.UNIT, "\n".join(lines))


def nodes(*options: str) -> Configuration:
    """yugabyted nodes a, b, c … in one script, each with its options and the flag for sequences."""
    lines = [
        f"yugabyted start --advertise_address={'abcdefgh'[at]} --tserver_flags=ysql_sequence_cache_minval=1 {given}"
        for at, given in enumerate(options)
    ]
    return parse_files(FileKind.SCRIPT, "\n".join(lines))
