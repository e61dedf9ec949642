from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.model.configuration import Component, Configuration
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.rules.cluster_layout import NO_NODES
from kinetune.rules.context import explain_absence
from kinetune.rules.rule import rule

NAMES = ("join", "hostname", "docker.hostname", "advertise_address")
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@rule("KT614", Severity.ERROR)
def invalid_node_names(configuration: Configuration) -> Iterator[Remark | Unknown]:
    """
    The name of a YugabyteDB node is not a valid DNS name.

    Why it matters
        yugabyted accepts only DNS names in --join, --hostname and --advertise_address: letters, digits and hyphens. A
        container named yugabytedb_node1, as in an article of 2023, cannot be joined: "--join flag only accepts a label
        that conforms to DNS syntax". The second node does not start.

    What to do
        Use yugabytedb-node1, also for --hostname of the container.

    When to ignore
        Never; the start fails.

    Source
        docs/facts/yugabytedb.md §7.
    """
    nodes = tuple(configuration.of(Component.NODE))
    if not nodes:
        yield explain_absence(NO_NODES, configuration)
    seen: set[str] = set()
    for node in nodes:
        for name in NAMES:
            setting = node.find(name)
            # Each name once, although every node joins the first one.
            bad = setting is not None and setting.value not in seen and not _is_valid_name(setting.value)
            if setting and bad:
                seen.add(setting.value)
                yield Remark(
                    on=setting.value,
                    says=f"{name.rpartition('.')[2]} is not a valid DNS name: yugabyted rejects it",
                    do=f"use {setting.value.replace('_', '-')}",
                    place=setting.place,
                )


def _is_valid_name(value: str) -> bool:
    """Whether it is an address or a DNS name, or may be one: "…" stands for a variable or a hidden part."""
    value = value.replace("…", "0")
    if not value or re.fullmatch(r"[0-9a-fA-F:.]+", value):
        return True
    return all(LABEL.fullmatch(label) for label in value.removesuffix(".").split("."))
