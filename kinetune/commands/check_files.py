"""Configuration files beside a store, or instead of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.model.configuration import Configuration, Image
from kinetune.model.facts import NOT_ASKED, Facts, KineRelease, Unknown, without_store
from kinetune.model.failure import UsageFailure

if TYPE_CHECKING:
    from kinetune.kine.releases import Era


@dataclass(frozen=True)
class Named:
    """The files that options name. `yugabyted` are files or command lines."""

    k3s: tuple[Path, ...] = ()
    units: tuple[Path, ...] = ()
    helm: tuple[Path, ...] = ()
    compose: tuple[Path, ...] = ()
    yugabyted: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()


def configuration_of(named: Named) -> Configuration | None:
    """What they say; None where no file is named. A file that cannot be read stops the run: UsageFailure."""
    if named == Named():
        return None
    from kinetune.config.read_files import Kind, Reading

    reading = Reading()
    for kind, paths in (
        (Kind.K3S, named.k3s),
        (Kind.UNIT, named.units),
        (Kind.COMPOSE, named.compose),
    ):
        for path in paths:
            reading.file(path, kind)
    if named.helm:
        reading.file(named.helm[0], Kind.HELM, *named.helm[1:])
    for text in named.yugabyted:
        if " " in text and not Path(text).exists():
            reading.command(text)
        else:
            reading.file(Path(text), Kind.SCRIPT)
    for folder in named.folders:
        reading.folder(folder)
    return reading.result()


def names_store(endpoint: str | None, k3s_config: Path | None, environ: Mapping[str, str]) -> bool:
    """Whether a store is named beside files. libpq's variables do not: they may be there for something else."""
    from kinetune.model.endpoint_source import VARIABLES

    return endpoint is not None or k3s_config is not None or any(environ.get(name, "").strip() for name in VARIABLES)


def alone(configuration: Configuration | None, kine: KineRelease | None) -> Facts:
    """Facts of files and nothing else; the release is the one that was said, else that of their images."""
    if configuration is None:
        raise UsageFailure(
            "--offline judges configuration files, and none is named",
            "name one, as in --config-dir DIR",
        )
    return without_store(datetime.now(UTC), configuration, kine or release_of(configuration) or NOT_ASKED)


def beside(facts: Facts, configuration: Configuration | None) -> Facts:
    """The store with the files read now, which go before those that saved facts hold."""
    if configuration is None:
        return facts
    known = not isinstance(facts.kine, Unknown)
    return replace(
        facts, configuration=configuration, kine=facts.kine if known else release_of(configuration) or facts.kine
    )


def release_of(configuration: Configuration) -> KineRelease | None:
    """The one release of Kine that images of Kine or K3s name; None where none does, or several differ."""
    found = [release for part in configuration.parts if part.image and (release := _release(part.image))]
    return found[0] if found and len({release.tag for release in found}) == 1 else None


def _release(image: Image) -> KineRelease | None:
    from kinetune.kine.releases import era_of_k3s, era_of_kine

    name = image.repository.rpartition("/")[2]
    era: Era
    try:
        if name == "kine":
            era, tag = era_of_kine(image.tag or ""), image.tag or ""
        elif name == "k3s":
            era, tag = era_of_k3s(image.tag or "")
        else:
            return None
    except UsageFailure:
        return None
    return KineRelease(era.name, era.number, f"image {image.repository}:{image.tag} at {image.place}", tag)
