"""K3s' config.yaml and the files of config.yaml.d beside it, in the order of their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kinetune.config.given import Given, Origin, part
from kinetune.config.yaml_text import Node, documents
from kinetune.model.configuration import Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_NAMES = """
datastore-endpoint datastore-cafile datastore-certfile datastore-keyfile cluster-init tls-san kube-apiserver-arg
write-kubeconfig-mode node-taint disable secrets-encryption token token-file node-name flannel-backend
"""
KEYS = frozenset(_NAMES.split())
"""By these a K3s configuration is told from other files."""


def read_k3s(files: Sequence[tuple[str, str]]) -> list[Part]:
    """One server out of (text, path) of its files. UsageFailure for what is no mapping."""
    flags: dict[str, list[Given]] = {}
    for text, path in files:
        for key, given in _keys(path, text):
            name = key.removesuffix("+")
            flags[name] = [*flags.get(name, ()), *given] if key.endswith("+") else given
    path = files[0][1]
    origin = Origin(Component.K3S, path.rpartition("/")[2], Place(path, 1))
    return [part(origin, [given for several in flags.values() for given in several])]


def _keys(path: str, text: str) -> Iterator[tuple[str, list[Given]]]:
    """Each key with its values; a later one replaces those before it unless it ends in +."""
    for document in documents(text, path):
        if not document.is_map:
            raise UsageFailure(f"{path}:{document.line}: this is no K3s configuration", "write key: value lines")
        for key, value in document.pairs():
            name = key.text.removesuffix("+")
            yield key.text, [_given(name, item) for item in list(value.items()) or [value]]


def _given(key: str, item: Node) -> Given:
    """An argument for the API server is told as its own flag."""
    if key == "kube-apiserver-arg":
        name, _, value = item.text.lstrip("-").partition("=")
        return Given(name, value, item.place)
    return Given(key, item.text, item.place, key=True)
