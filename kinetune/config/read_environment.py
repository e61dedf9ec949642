"""Environment files: NAME=value a line, as systemd, docker and K3s' installer write them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.config.raw_settings import ProcessOrigin, RawSetting, build_process
from kinetune.model.configuration import Component, ConfiguredProcess
from kinetune.model.failure import UsageFailure
from kinetune.model.file_location import FileLocation

_LINE = re.compile(r"(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)")
PREFIXES = ("KINE_", "K3S_", "RKE2_")
_NAME = re.compile("[A-Z_][A-Z0-9_]*")


def parse_variables(text: str, file: str) -> tuple[RawSetting, ...]:
    """
    What a program finds in its environment. UsageFailure for a line of another form, which is not quoted.

    A backslash at its end joins a line to the next (systemd.exec(5)); a name alone is passed on as it is (docker run).
    """
    found = []
    for number, line in _joined_lines(text):
        if not line or line[0] in "#;" or _NAME.fullmatch(line):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageFailure(f"{file}:{number}: this is not NAME=value", "correct the line, or begin it with #")
        value = match[2].strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found.append(RawSetting(match[1], value, FileLocation(file, number)))
    return tuple(found)


def _joined_lines(text: str) -> Iterator[tuple[int, str]]:
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


def read_environment(text: str, file: str) -> list[ConfiguredProcess]:
    """
    An environment file by itself is a K3s' where it names a K3S_… variable, else a Kine's; flags stand elsewhere.

    K3s takes KINE_… variables too (docs/facts/kine.md §9.2), Kine takes no K3S_… one.
    """
    variables = parse_variables(text, file)
    ours = {prefix for prefix in PREFIXES for one in variables if one.name.startswith(prefix)}
    component = Component.K3S if ours - {"KINE_"} else Component.KINE if ours else Component.OTHER
    origin = ProcessOrigin(component, file.rpartition("/")[2], FileLocation(file, 1), unread="its command")
    return [build_process(origin, (), variables)]
