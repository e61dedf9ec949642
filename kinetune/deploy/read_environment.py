"""Environment files: NAME=value a line, as systemd, docker and K3s' installer write them."""

from __future__ import annotations

import re

from kinetune.deploy.given import Given, Origin, part
from kinetune.model.configuration import Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)")


def variables(text: str, file: str) -> tuple[Given, ...]:
    """What a program finds in its environment. UsageFailure for a line of another form, which is not quoted."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageFailure(f"{file}:{number}: this is no NAME=value", "correct the line, or begin it with #")
        value = match[2].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found.append(Given(match[1], value, Place(file, number)))
    return tuple(found)


def read_environment(text: str, file: str) -> list[Part]:
    """An environment file by itself is a Kine's, or a K3s' where it speaks of K3s alone."""
    given = variables(text, file)
    names = [one.name for one in given]
    k3s = any(name.startswith("K3S_") for name in names) and not any(name.startswith("KINE_") for name in names)
    name = file.rpartition("/")[2]
    return [part(Origin(Component.K3S if k3s else Component.OTHER, name, Place(file, 1)), (), given)]
