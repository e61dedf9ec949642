"""Environment files: NAME=value a line, as systemd, docker and K3s' installer write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.config.given import Given, Origin, part
from kinetune.model.configuration import Component, Part
from kinetune.model.failure import UsageFailure
from kinetune.model.place import Place

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)")


_NAME = re.compile("[A-Z_][A-Z0-9_]*")


def variables(text: str, file: str) -> tuple[Given, ...]:
    """
    What a program finds in its environment. UsageFailure for a line of another form, which is not quoted.

    A backslash at its end joins a line to the next (systemd.exec(5)); a name alone is passed on as it is (docker run).
    """
    found = []
    for number, line in _lines(text):
        if not line or line[0] in "#;" or _NAME.fullmatch(line):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageFailure(f"{file}:{number}: this is no NAME=value", "correct the line, or begin it with #")
        value = match[2].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found.append(Given(match[1], value, Place(file, number)))
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    pending, began = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        began = began or number
        if line.endswith("\\") and line.lstrip()[0] not in "#;":
            pending += line[:-1]
            continue
        yield began, (pending + line).strip()
        pending, began = "", 0
    if pending:
        yield began, pending.strip()


def read_environment(text: str, file: str) -> list[Part]:
    """
    An environment file by itself is a K3s' where it names a K3S_… variable, else a Kine's; flags stand elsewhere.

    K3s takes KINE_… variables too (docs/facts/kine.md §9.2), Kine takes no K3S_… one.
    """
    given = variables(text, file)
    ours = {prefix for prefix in ("KINE", "K3S") for one in given if one.name.startswith(f"{prefix}_")}
    component = Component.K3S if "K3S" in ours else Component.KINE if ours else Component.OTHER
    origin = Origin(component, file.rpartition("/")[2], Place(file, 1), unread="a command that is not here")
    return [part(origin, (), given)]
