"""Names of container images, and the program that an image runs."""

from __future__ import annotations

import re

from kinetune.config.words import VARIABLE
from kinetune.model.configuration import Component, ContainerImage
from kinetune.model.file_location import FileLocation

_DEFAULT = re.compile(r"\$\{\w+:?-([^}]+)\}")
_FORM = re.compile(rf"[\w./:@{VARIABLE}-]+")


def parse_image(text: str, place: FileLocation) -> ContainerImage | None:
    """`docker.io/rancher/kine:v0.14.16@sha256:…`; None for what is not the name of an image."""
    text = _DEFAULT.sub(r"\1", text.strip())
    if not text or not _FORM.fullmatch(text):
        return None
    name, digest, _ = text.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    if VARIABLE in name and not tag.replace(VARIABLE, ""):
        return ContainerImage(repository.replace(VARIABLE, "…"), None, place, bool(digest))
    return ContainerImage(repository.replace(VARIABLE, "…"), tag.replace(VARIABLE, "…"), place, bool(digest))


def component_of_image(found: ContainerImage | None) -> Component:
    """The program that an image runs without a command of its own."""
    name = found.repository.rpartition("/")[2] if found else ""
    return {"kine": Component.KINE, "k3s": Component.K3S, "kube-apiserver": Component.APISERVER}.get(
        name, Component.OTHER
    )
