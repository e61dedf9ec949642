from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.model.configuration import Component, Configuration
from kinetune.model.facts import Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.rules.absence import absent
from kinetune.rules.cluster import NO_NODES
from kinetune.rules.rule import rule

NAMES = ("join", "hostname", "docker.hostname", "advertise_address")
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@rule("KT614", Severity.ERROR)
def node_names(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The names of YugabyteDB's nodes are names in DNS.

    Why it matters
        yugabyted takes for --join, --hostname and --advertise_address what DNS takes: letters, digits and hyphens.
        A container called yugabytedb_node1, as in the article of 2023, cannot be joined: "--join flag only accepts a
        label that conforms to DNS syntax". The second node does not come up.

    What to do
        Call it yugabytedb-node1, with the container's --hostname the same.

    When to ignore
        Never; the start fails.

    Source
        docs/facts/yugabytedb.md §7.
    """
    nodes = tuple(configuration.of(Component.NODE))
    if not nodes:
        yield absent(NO_NODES, configuration)
    seen: set[str] = set()
    for node in nodes:
        for name in NAMES:
            setting = node.find(name)
            bad = setting is not None and setting.value not in seen and not _good(setting.value)
            if setting and bad:
                seen.add(setting.value)
                yield Remark(
                    on=setting.value,
                    says=f"{name.rpartition('.')[2]} is no name in DNS: yugabyted does not take it",
                    do=f"call it {setting.value.replace('_', '-')}",
                    place=setting.place,
                )


def _good(value: str) -> bool:
    """Addresses, names of DNS, and what a variable may make one or was not kept."""
    value = value.replace("…", "0")
    if not value or re.fullmatch(r"[0-9a-fA-F:.]+", value):
        return True
    return all(LABEL.fullmatch(label) for label in value.removesuffix(".").split("."))
