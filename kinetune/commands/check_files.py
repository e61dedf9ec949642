"""Configuration files that are checked together with a store, or alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kinetune.model.configuration import Configuration, ContainerImage
from kinetune.model.facts import Facts, KineRelease, facts_of_files
from kinetune.model.failure import UsageFailure
from kinetune.model.unknown import NOT_REQUESTED, Unknown


@dataclass(frozen=True)
class ConfigFiles:
    """Files by the options that name them; false if there are none. `yugabyted` are files or command lines."""

    k3s: Sequence[Path] | None = None
    units: Sequence[Path] | None = None
    helm: Sequence[Path] | None = None
    compose: Sequence[Path] | None = None
    yugabyted: Sequence[str] | None = None
    folders: Sequence[Path] | None = None

    def __bool__(self) -> bool:
        return any(vars(self).values())


def read_configuration(files: ConfigFiles) -> Configuration | None:
    """None where no file is named. UsageFailure for a named file that cannot be read."""
    if not files:
        return None
    from kinetune.config.read_files import ConfigurationReader, FileKind

    reader = ConfigurationReader()
    kinds = {FileKind.K3S: files.k3s, FileKind.UNIT: files.units, FileKind.COMPOSE: files.compose}
    for kind, paths in kinds.items():
        for path in paths or ():
            reader.read_named(path, kind)
    if files.helm:  # like `helm -f A -f B`: later files override earlier ones
        reader.read_named(files.helm[0], FileKind.HELM, *files.helm[1:])
    for text in files.yugabyted or ():
        if " " in text and not Path(text).exists():
            reader.read_command_line(text)
        else:
            reader.read_named(Path(text), FileKind.SCRIPT)
    for folder in files.folders or ():
        reader.read_folder(folder)
    return reader.result()


def is_store_named(endpoint: str | None, k3s_config: Path | None, environ: Mapping[str, str]) -> bool:
    """Whether an endpoint is set. libpq's variables do not count: they may be set for another program."""
    from kinetune.model.endpoint_source import VARIABLES

    return endpoint is not None or k3s_config is not None or any(environ.get(name, "").strip() for name in VARIABLES)


def refuse_connection(facts: Path | None, options: Mapping[str, object]) -> None:
    """UsageFailure for an option that needs a connection, where saved `facts` or only files are checked."""
    name = next((name for name, value in options.items() if value), None)
    if name:
        checked = "--facts checks saved facts" if facts else "only files are checked"
        raise UsageFailure(f"{checked}, and {name} needs a connection", "remove one of them")


def build_file_facts(configuration: Configuration | None, kine: KineRelease | None) -> Facts:
    """Facts of files without a store; the Kine release is `kine`, else the one of their container images."""
    if configuration is None:
        raise UsageFailure("--offline checks configuration files, and none is named", "add one, as in --config-dir DIR")
    return facts_of_files(datetime.now(UTC), configuration, kine or find_image_release(configuration) or NOT_REQUESTED)


def add_configuration(facts: Facts, configuration: Configuration | None) -> Facts:
    """Facts of a store with files read now; they replace those of saved facts."""
    if configuration is None:
        return facts
    kine = find_image_release(configuration) if isinstance(facts.kine, Unknown) else None
    return replace(facts, configuration=configuration, kine=kine or facts.kine)


def find_image_release(configuration: Configuration) -> KineRelease | None:
    """The Kine release of the images of Kine and K3s; None where there is no such image or releases differ."""
    found = [release for part in configuration.parts if part.image and (release := _release_of(part.image))]
    return found[0] if found and len({release.tag for release in found}) == 1 else None


def _release_of(image: ContainerImage) -> KineRelease | None:
    from kinetune.kine.releases import era_of_k3s, era_of_kine

    name, tag = image.repository.rpartition("/")[2], image.tag or ""
    try:
        if name == "kine":
            era = era_of_kine(tag)
        elif name == "k3s":
            era, tag = era_of_k3s(tag)
        else:
            return None
    except UsageFailure:  # `latest`, or a release that is unknown here
        return None
    return KineRelease(era.name, era.number, f"image {image.repository}:{image.tag} at {image.place}", tag)
