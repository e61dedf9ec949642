"""Names of container images taken apart, and the Kine release that some of them tell."""

from __future__ import annotations

import re

from kinetune.config.lexer import VARIABLE
from kinetune.model.configuration import Component, Image
from kinetune.model.place import Place

_DEFAULT = re.compile(r"\$\{\w+:?-([^}]+)\}")
_FORM = re.compile(rf"[\w./:@{VARIABLE}-]+")


def image(text: str, place: Place) -> Image | None:
    """`docker.io/rancher/kine:v0.14.16@sha256:…`; None for what is no image's name."""
    text = _DEFAULT.sub(r"\1", text.strip())
    if not text or not _FORM.fullmatch(text):
        return None
    name, digest, _ = text.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    if VARIABLE in name and not tag.replace(VARIABLE, ""):
        return Image(repository.replace(VARIABLE, "…"), None, place, bool(digest))
    return Image(repository.replace(VARIABLE, "…"), tag.replace(VARIABLE, "…"), place, bool(digest))


def component(found: Image | None) -> Component:
    """What an image runs when its command does not say."""
    name = found.repository.rpartition("/")[2] if found else ""
    return {"kine": Component.KINE, "k3s": Component.K3S, "kube-apiserver": Component.APISERVER}.get(
        name, Component.OTHER
    )
