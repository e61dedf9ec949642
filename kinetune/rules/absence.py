"""What a rule says where nothing that it judges is in the files."""

from __future__ import annotations

from kinetune.model.configuration import Component, Configuration
from kinetune.model.facts import OutOfScope, Unknown


def absent(what: str, configuration: Configuration) -> Unknown:
    """`no Kine` is in the files read; where one of them takes parts from a file that was not, nobody knows."""
    for part in configuration.of(Component.ELSEWHERE):
        return Unknown(f"{part.name} stands in {part.unread}")
    return OutOfScope(f"{what} is in the files read")
