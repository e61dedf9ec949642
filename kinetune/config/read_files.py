"""Configuration files by their kind: named by an option, or recognised by their content in a folder."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kinetune.config.configured_endpoint import is_template
from kinetune.config.read_compose import read_compose
from kinetune.config.read_endpoints import read_endpoints
from kinetune.config.read_environment import PREFIXES, read_environment
from kinetune.config.read_helm import CHART_KEYS, read_helm
from kinetune.config.read_k3s import DISTINCT_KEYS, KEYS, files_of, read_k3s
from kinetune.config.read_manifest import read_manifest
from kinetune.config.read_script import read_flags_file, read_script
from kinetune.config.read_unit import FindBeside, read_unit
from kinetune.config.yaml_text import parse_documents
from kinetune.kine.flags import K3S_KEYS
from kinetune.model.configuration import UNKNOWN_KIND, ConfigFile, Configuration, ConfiguredProcess
from kinetune.model.failure import UsageFailure

COMMAND_LINE = "command line"
STANDARD_INPUT = "standard input"
# Text and path of a file, or of a drop-in of it.
TextFile = tuple[str, str]
_LARGEST = 1_000_000
# Files that name environment files: they are read before those.
_NAMING = {".service", ".yaml", ".yml"}
# Files that mention K3s and configure nothing.
_DOCUMENTS = {".md", ".rst", ".adoc", ".html", ".lock", ".log", ".svg", ".go", ".py", ".rs", ".js", ".ts", ".java"}
# Files without one of these names are not about Kine, whatever else they contain.
_OURS = re.compile(
    r"(?<![a-z0-9])(kine|k3s|k3sup|rke2|yugabyted?|yb-tserver|kube-apiserver|datastore[-_]endpoint|gflags"
    r"|etcd-compaction-interval)(?![a-z0-9])|datasource[\"']?\s*[:=]\s*[\"']?postgres",
    re.IGNORECASE,
)
_OUR_VARIABLE = re.compile(rf"^\s*(?:export )?(?:{'|'.join(PREFIXES)})\w+=", re.MULTILINE)
# What a manifest with a process holds.
_PODS = re.compile(r"\bcontainers[\"']?\s*:|ClusterConfiguration\b")


class FileKind(StrEnum):
    K3S = "K3s configuration"
    UNIT = "systemd unit"
    ENVIRONMENT = "environment file"
    HELM = "Helm values"
    COMPOSE = "compose file"
    MANIFEST = "manifest"
    SCRIPT = "shell script"
    FLAGS = "flags of a kube-apiserver"
    UNKNOWN = UNKNOWN_KIND


READERS: Mapping[FileKind, Callable[[list[TextFile], FindBeside], list[ConfiguredProcess]]] = {
    FileKind.K3S: lambda files, _: read_k3s(files),
    FileKind.UNIT: read_unit,
    FileKind.ENVIRONMENT: lambda files, _: read_environment(*files[0]),
    FileKind.HELM: lambda files, _: read_helm(files),
    FileKind.COMPOSE: lambda files, beside: read_compose(*files[0], beside),
    FileKind.MANIFEST: lambda files, _: read_manifest(*files[0]),
    FileKind.SCRIPT: lambda files, _: read_script(*files[0]),
    FileKind.FLAGS: lambda files, _: read_flags_file(*files[0]),
    FileKind.UNKNOWN: lambda files, _: read_endpoints(*files[0]),
}


@dataclass
class ConfigurationReader:
    """Reads files one after the other; a file that another one names is not read by itself again."""

    files: list[ConfigFile] = field(default_factory=list)
    parts: list[ConfiguredProcess] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)

    def result(self) -> Configuration:
        return Configuration(tuple(self.files), tuple(self.parts), tuple(self.failures), tuple(self.mentions))

    def read_named(self, path: Path, kind: FileKind, *over: Path) -> None:
        """
        Read a file that an option names as of that kind, and others laid over it; `-` is standard input.

        UsageFailure where it cannot be read as such, and where it holds no key of its kind.
        """
        files = [self._read_text(one, kind) for one in [*pieces_of(path), *over]]
        kind = _kind_of_named(kind, files)
        parts = READERS[kind](files, lambda name: self._find_beside(path, name))
        _require_key(kind, files, parts)
        self.parts += parts

    def read_command_line(self, text: str) -> None:
        """Read a command line in place of a file."""
        self.parts += read_script(text, COMMAND_LINE)
        self.files.append(ConfigFile(COMMAND_LINE, FileKind.SCRIPT))

    def read_folder(self, path: Path) -> None:
        """
        Read all files below that are recognised; a file in place of a folder is recognised in the same way.

        One that cannot be read is kept as a failure. UsageFailure where no file is of use.
        """
        if not path.exists():
            raise UsageFailure(f"{path} does not exist", "name a folder or a file with configuration")
        before = len(self.failures) + len(self.files)
        # Units and compose files first: an environment file that one of them names is read as its own.
        for file in sorted(_candidate_files(path), key=lambda file: (file.suffix not in _NAMING, file)):
            if file.resolve() not in self.seen:
                self._read_recognised(file)
        if len(self.failures) + len(self.files) == before:
            named = f" (mentions k3s or kine, not read: {', '.join(self.mentions)})" if self.mentions else ""
            raise UsageFailure(
                f"{path} contains no configuration that kinetune knows{named}", "name its files one by one"
            )

    def _read_recognised(self, path: Path) -> None:
        files_before = len(self.files)
        try:
            kind = recognise_kind(path)
            files = [self._read_text(one, kind) for one in pieces_of(path)] if kind else []
            parts = READERS[kind](files, lambda name: self._find_beside(path, name)) if kind else []
        except UsageFailure as failure:
            self.failures.append(str(failure))
            del self.files[files_before:]
            return
        self.parts += parts
        if not parts and kind in (FileKind.UNKNOWN, FileKind.MANIFEST, FileKind.SCRIPT):
            self.mentions.append(str(path))
            del self.files[files_before:]

    def _read_text(self, path: Path, kind: FileKind) -> TextFile:
        if str(path) == "-":
            self.files.append(ConfigFile(STANDARD_INPUT, kind))
            return sys.stdin.read(), STANDARD_INPUT
        try:
            text, mode = path.read_text(encoding="utf-8-sig"), path.stat().st_mode
        except UnicodeDecodeError:
            raise UsageFailure(f"{path}:1: this is not UTF-8 text", "name another file") from None
        except OSError as error:
            raise UsageFailure(f"cannot read {path}: {error.strerror}", "name another, or run as its owner") from None
        self.files.append(ConfigFile(str(path), kind, bool(mode & 0o004)))
        self.seen.add(path.resolve())
        return text, str(path)

    def _find_beside(self, path: Path, name: str) -> tuple[str, str] | None:
        """
        A file named in another one: where its path leads from there; an absolute one's lies beside it in a repository.

        A name that the machine fills in, a file that is not here, and one that we may not read, is None.
        """
        if "\0" in name or not re.search(r"\w", name):
            return None
        here = path.parent / Path(name).name
        for place in [here, Path(name)] if os.path.isabs(name) else [path.parent / name, here]:
            if os.path.isfile(place) and os.access(place, os.R_OK):
                text, found = self._read_text(place, FileKind.ENVIRONMENT)
                return found, text
        return None


def pieces_of(path: Path) -> list[Path]:
    """A file and its drop-ins; where there are some, the file itself may be elsewhere (K3s, systemd.unit(5))."""
    if path.suffix in (".yaml", ".yml"):
        return files_of(path)
    drops = sorted(path.with_name(f"{path.name}.d").glob("*.conf")) if path.suffix == ".service" else []
    return drops if drops and not path.exists() else [path, *drops]


def _kind_of_named(kind: FileKind, files: list[TextFile]) -> FileKind:
    """--kine-unit takes an environment file too, and --helm-values what `helm template` prints."""
    text = files[0][0]
    if kind is FileKind.UNIT and not re.search(r"^\s*\[\w+\]", text, re.MULTILINE):
        return FileKind.ENVIRONMENT
    if kind is FileKind.HELM and re.search(r"^apiVersion:", text, re.MULTILINE):
        return FileKind.MANIFEST
    return kind


def _require_key(kind: FileKind, files: list[TextFile], parts: list[ConfiguredProcess]) -> None:
    """UsageFailure where a named file has no key of its kind: it would be judged good, since nothing is in it."""
    text, path = files[0]
    if kind in (FileKind.K3S, FileKind.HELM):
        known, name = (KEYS, "K3s key") if kind is FileKind.K3S else (CHART_KEYS, "key of YugabyteDB's chart")
        found: object = {key for one in files for key in _first_keys(*one)} & known
    elif kind is FileKind.ENVIRONMENT:
        found, name = _OUR_VARIABLE.search(text), "KINE_, K3S_ or RKE2_ variable"
    else:
        found, name = parts, "yugabyted, k3s or kine command" if kind is FileKind.SCRIPT else "container"
    if not found and kind not in (FileKind.UNIT, FileKind.COMPOSE, FileKind.FLAGS):
        next_step = "name it with --config-dir: endpoints are found in files of any kind"
        raise UsageFailure(f"no {name} in {path}", next_step)


def recognise_kind(path: Path) -> FileKind | None:
    """The kind of a file by its content; None for one that does not mention K3s, Kine or YugabyteDB."""
    try:
        files = [(piece.read_text(encoding="utf-8-sig"), str(piece)) for piece in pieces_of(path)]
    except UnicodeDecodeError:
        data = path.read_bytes() if path.exists() else b"\0"
        if b"\0" in data or not _OURS.search(data.decode(errors="replace")):
            return None  # a binary file, or one about something else
        raise UsageFailure(f"{path}:1: this is not UTF-8 text", "convert it to UTF-8") from None
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "make it readable, or move it away") from None
    text = "\n".join(text for text, _ in files)
    if not _OURS.search(text):
        return None
    if re.match(r"#!.*\b(ba|da|a|z|k)?sh\b", text) or path.suffix in (".sh", ".bash"):
        return FileKind.SCRIPT
    if path.suffix not in (".yaml", ".yml") and is_template(text):
        return FileKind.UNKNOWN
    # A unit begins with a section: a script without #! may hold one in a here document.
    if re.match(r"(?:\s*(?:[#;].*)?\n)*\s*\[\w+\]", text) and re.search(r"^\[Service\]", text, re.MULTILINE):
        unit = re.search(r"^ExecStart\s*=", text, re.MULTILINE) or not path.exists()
        return FileKind.UNIT if unit else FileKind.UNKNOWN
    if path.suffix == ".flags":
        return FileKind.FLAGS if "--etcd-servers" in text else FileKind.UNKNOWN
    if path.suffix in (".yaml", ".yml"):
        return _kind_of_yaml(files)
    if _OUR_VARIABLE.search(text):
        return FileKind.ENVIRONMENT
    return FileKind.UNKNOWN


def _kind_of_yaml(files: list[TextFile]) -> FileKind:
    """By the keys of its first mapping. A template of Helm or Jinja is not YAML yet."""
    try:
        keys = {key for text, path in files for key in _first_keys(text, path)}
    except UsageFailure:
        if any(is_template(text) for text, _ in files):
            return FileKind.UNKNOWN
        raise
    if "services" in keys:
        return FileKind.COMPOSE
    if {"apiVersion", "kind"} <= keys:
        # Resources of another kind (k0s, k3k, Kamaji, a Secret by itself) hold endpoints at best.
        return FileKind.MANIFEST if any(_PODS.search(text) for text, _ in files) else FileKind.UNKNOWN
    # `token` or `disable` alone may be keys of anything, such as an Ansible inventory with an endpoint deeper down.
    if keys & K3S_KEYS or (keys & DISTINCT_KEYS and 2 * len(keys & KEYS) >= len(keys)):
        return FileKind.K3S
    return FileKind.HELM if keys & CHART_KEYS else FileKind.UNKNOWN


def _first_keys(text: str, path: str) -> Iterator[str]:
    """
    Keys of the first mapping, and of the values of an umbrella chart below its dependency's name. Names that other
    files use as well count only with a mapping below them.
    """
    first = next((one for one in parse_documents(text, path) if one.is_map), None)
    for key, value in first.pairs() if first else ():
        if value.is_map or key.text not in ("services", "replicas", "include"):
            yield key.text.removesuffix("+")
        if key.text.startswith("yugabyte"):
            yield from (inner.text for inner, _ in value.pairs())


def _candidate_files(path: Path) -> set[Path]:
    """Files of a likely size that are text; folders whose name begins with a dot are not entered."""
    if path.is_file():
        return {_owner_of(path)}
    found = set()
    for file in path.rglob("*"):
        hidden = any(part.startswith(".") and part != ".env" for part in file.relative_to(path).parts)
        if hidden or file.suffix in _DOCUMENTS or not file.is_file() or file.stat().st_size >= _LARGEST:
            continue
        found.add(_owner_of(file))
    return found


def _owner_of(path: Path) -> Path:
    """The file that a drop-in belongs to; any other is its own."""
    owner = path.parent.with_suffix("") if path.parent.suffix == ".d" else path
    return owner if owner.suffix in (".yaml", ".yml", ".service") else path
