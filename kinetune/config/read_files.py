"""Configuration files by what they are: named by an option, or recognised by their content in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kinetune.config.read_compose import read_compose
from kinetune.config.read_environment import read_environment
from kinetune.config.read_helm import KEYS as HELM_KEYS
from kinetune.config.read_helm import read_helm
from kinetune.config.read_k3s import KEYS as K3S_KEYS
from kinetune.config.read_k3s import read_k3s
from kinetune.config.read_manifest import read_manifest
from kinetune.config.read_script import read_flags, read_script
from kinetune.config.read_unit import Beside, read_unit
from kinetune.config.yaml_text import documents
from kinetune.model.configuration import Configuration, Part, SeenFile
from kinetune.model.failure import UsageFailure

COMMAND_LINE = "command line"
Piece = tuple[str, str]
"""Text and path of a file, or of a drop-in of it."""
_LARGEST = 1_000_000
_ENDINGS = {".yaml", ".yml", ".service", ".sh", ".bash", ".env", ".conf", ".flags", ""}
_OURS = re.compile(
    r"(?<![a-z0-9])(kine|k3s|yugabyted?|yb-tserver|kube-apiserver|datastore-endpoint|gflags)(?![a-z0-9])", re.IGNORECASE
)
_DROP_INS = {".yaml": "*.y*ml", ".yml": "*.y*ml", ".service": "*.conf"}
"""By a file's ending: what in the folder `<file>.d` belongs to it, in the order of names (K3s, systemd.unit(5))."""


class Kind(StrEnum):
    K3S = "K3s configuration"
    UNIT = "systemd unit"
    ENVIRONMENT = "environment file"
    HELM = "Helm values"
    COMPOSE = "compose file"
    MANIFEST = "manifest"
    SCRIPT = "shell script"
    FLAGS = "flags of a kube-apiserver"


@dataclass
class Reading:
    """What was read so far; a file that another one names is not read by itself again."""

    files: list[SeenFile] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def result(self) -> Configuration:
        return Configuration(tuple(self.files), tuple(self.parts))

    def file(self, path: Path, kind: Kind, *over: Path) -> None:
        """
        A file that somebody named as being of that kind, and others laid over it. UsageFailure where one cannot be read
        as such.
        """
        if kind is Kind.ENVIRONMENT and path.resolve() in self.seen:
            return
        pieces = [(self._text(one, kind), str(one)) for one in [*pieces_of(path), *over]]
        if kind is Kind.UNIT and not re.search(r"^\s*\[\w+\]", pieces[0][0], re.MULTILINE):
            kind = Kind.ENVIRONMENT
        self.parts += READERS[kind](pieces, lambda name: self._beside(path, name))

    def command(self, text: str) -> None:
        """A command line in place of a file."""
        self.parts += read_script(text, COMMAND_LINE)
        self.files.append(SeenFile(COMMAND_LINE, Kind.SCRIPT))

    def folder(self, path: Path) -> None:
        """All files below that are recognised. UsageFailure where there is none."""
        if not path.is_dir():
            raise UsageFailure(f"{path} is no folder", "name the folder that holds the configuration")
        kinds = {file: kind for file in _candidates(path) if (kind := recognise(file))}
        if not kinds:
            raise UsageFailure(f"{path} holds no configuration that kinetune knows", "name its files one by one")
        for file in sorted(kinds, key=lambda file: (kinds[file] is Kind.ENVIRONMENT, file)):
            if file.resolve() not in self.seen:
                self.file(file, kinds[file])

    def _text(self, path: Path, kind: Kind) -> str:
        try:
            text, mode = path.read_text(encoding="utf-8"), path.stat().st_mode
        except UnicodeDecodeError:
            raise UsageFailure(f"{path}:1: this is not UTF-8 text", "name another file") from None
        except OSError as error:
            raise UsageFailure(f"cannot read {path}: {error.strerror}", "name another, or run as its owner") from None
        self.files.append(SeenFile(str(path), kind, bool(mode & 0o004)))
        self.seen.add(path.resolve())
        return text

    def _beside(self, path: Path, name: str) -> tuple[str, str] | None:
        """
        A file named in another one: where its path leads from there; an absolute one's lies beside it in a repository.

        A name that the machine fills in, a file that is not here, and one that we may not read, is None.
        """
        if "\0" in name or not re.search(r"\w", name):
            return None
        here = path.parent / Path(name).name
        for place in [here, Path(name)] if os.path.isabs(name) else [path.parent / name, here]:
            if os.path.isfile(place) and os.access(place, os.R_OK):
                return str(place), self._text(place, Kind.ENVIRONMENT)
        return None


def pieces_of(path: Path) -> list[Path]:
    """A file and its drop-ins; where there are some, the file itself may be elsewhere."""
    pattern = _DROP_INS.get(path.suffix)
    drops = sorted(path.with_name(f"{path.name}.d").glob(pattern)) if pattern else []
    return drops if drops and not path.exists() else [path, *drops]


READERS: Mapping[Kind, Callable[[list[Piece], Beside], list[Part]]] = {
    Kind.K3S: lambda pieces, _: read_k3s(pieces),
    Kind.UNIT: read_unit,
    Kind.ENVIRONMENT: lambda pieces, _: read_environment(*pieces[0]),
    Kind.HELM: lambda pieces, _: read_helm(pieces),
    Kind.COMPOSE: lambda pieces, beside: read_compose(*pieces[0], beside),
    Kind.MANIFEST: lambda pieces, _: read_manifest(*pieces[0]),
    Kind.SCRIPT: lambda pieces, _: read_script(*pieces[0]),
    Kind.FLAGS: lambda pieces, _: read_flags(*pieces[0]),
}


def recognise(path: Path) -> Kind | None:
    """What a file is by its content; None for what is none of ours."""
    try:
        pieces = [(piece.read_text(encoding="utf-8"), str(piece)) for piece in pieces_of(path)]
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "make it readable, or move it away") from None
    text = "\n".join(text for text, _ in pieces)
    if not _OURS.search(text):
        return None
    if re.search(r"^\[Service\]", text, re.MULTILINE):
        return Kind.UNIT if re.search(r"^ExecStart\s*=", text, re.MULTILINE) or not path.exists() else None
    if path.suffix == ".flags":
        return Kind.FLAGS if "--etcd-servers" in text else None
    if path.suffix in (".yaml", ".yml"):
        return _yaml(pieces)
    if re.search(r"^(export )?(KINE|K3S)_\w+=", text, re.MULTILINE) and not text.startswith("#!"):
        return Kind.ENVIRONMENT
    return Kind.SCRIPT if text.startswith("#!") or path.suffix in (".sh", ".bash") else None


def _yaml(pieces: list[Piece]) -> Kind | None:
    """What it is by its keys. A template of somebody else's (Helm, Jinja) is no YAML yet, and none of ours."""
    try:
        keys = {key for piece in pieces for key in _keys(*piece)}
    except UsageFailure:
        if any("{{" in text or "{%" in text for text, _ in pieces):
            return None
        raise
    if "services" in keys:
        return Kind.COMPOSE
    if {"apiVersion", "kind"} <= keys:
        return Kind.MANIFEST
    if keys & K3S_KEYS:
        return Kind.K3S
    return Kind.HELM if keys & (HELM_KEYS | {"yugabyte"}) else None


def _keys(text: str, file: str) -> Iterator[str]:
    """Of its first mapping."""
    first = next((one for one in documents(text, file) if one.is_map), None)
    if first:
        yield from (key.text.removesuffix("+") for key, _ in first.pairs())


def _candidates(folder: Path) -> set[Path]:
    """Files of a likely ending and size; folders whose name begins with a dot are not entered."""
    found = set()
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") and part != ".env" for part in path.relative_to(folder).parts)
        if not hidden and path.suffix in _ENDINGS and path.is_file() and path.stat().st_size < _LARGEST:
            found.add(_owner(path))
    return found


def _owner(path: Path) -> Path:
    """The file that a drop-in belongs to; any other is its own."""
    owner = path.parent.with_suffix("") if path.parent.suffix == ".d" else path
    return owner if owner.suffix in _DROP_INS else path
