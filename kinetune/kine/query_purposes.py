"""Kine's queries by what they are for, and the call of `kinetune explain` that shows the plan of each."""

from __future__ import annotations

from collections.abc import Mapping

from kinetune.model.counters import QueryCost
from kinetune.model.hotspot import Hotspot

PAGES = frozenset(("ListCurrent", "ListCurrentVal", "GetCurrent", "GetCurrentVal"))
NEXT_PAGES = frozenset(("GetRevisionAfter", "GetRevisionAfterVal"))
OLD_PAGES = frozenset(("ListRevisionStart", "ListRevisionStartVal"))
LISTS = PAGES | NEXT_PAGES | OLD_PAGES
COUNTS = frozenset(("Count", "CountCurrent"))
EVERYTHING = frozenset(("AllCurrent", "AllCurrentVal", "CountAllCurrent", "CountAllRevision"))
POLLS = frozenset(("After", "AfterOldVal", "AfterAllOldVal", "AfterSingleOldVal"))
GETS = frozenset(("GetSingle", "GetSingleVal"))
INSERTS = frozenset(("Insert", "InsertReturning"))
COMPACTIONS = frozenset(("Compact", "UpdateCompact"))
WRITES = INSERTS | COMPACTIONS | {"Fill"}
_SCENARIOS: Mapping[str, str] = {
    **dict.fromkeys(PAGES, "list-page"),
    **dict.fromkeys(NEXT_PAGES, "next-page"),
    **dict.fromkeys(OLD_PAGES, "old-page"),
    **dict.fromkeys(COUNTS, "count"),
    "CountRevision": "count-revision",
    **dict.fromkeys(GETS, "get"),
    **dict.fromkeys(POLLS, "poll"),
    **dict.fromkeys(INSERTS, "create"),
    "Compact": "compact",
    "UpdateCompact": "update-compact",
    "CompactRev": "compact-rev",
    "CurrentRev": "current-rev",
    "Fill": "fill",
}
_WITH_PREFIX = ("list-page", "next-page", "old-page", "count")


def explain_scenario(spot: Hotspot | QueryCost) -> str:
    """The call of `kinetune explain` that does the same in every era; empty if there is none."""
    if spot.query in LISTS and spot.resource and not spot.resource.endswith("/"):
        return "get"  # up to v0.15.0 Kine reads one object as a list of one
    return _SCENARIOS.get(spot.query, "")


def explain_arguments(spot: Hotspot | QueryCost) -> dict[str, str]:
    """The hotspot's own prefix or key, for `explain --arg`."""
    scenario, resource = explain_scenario(spot), spot.resource
    if not resource.startswith("/"):
        return {}
    if resource.endswith("/"):
        return {"prefix": resource} if scenario in _WITH_PREFIX else {}
    return {"key": resource} if scenario == "get" else {}


def show_plan(spot: Hotspot | QueryCost) -> str:
    """The command that shows the plan of this hotspot, with its prefix or key; empty if explain has no such call."""
    scenario = explain_scenario(spot)
    if not scenario:
        return ""
    arguments = "".join(f" --arg {name}={value}" for name, value in explain_arguments(spot).items())
    # A write is executed, on a copy of the table.
    writes = " --writes" if spot.query in WRITES else ""
    return f"kinetune explain --query {scenario}{arguments}{writes}"
