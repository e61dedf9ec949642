"""Before the work of `kinetune check` what would else be said after it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kinetune.commands.check_case import Gate, Told
from kinetune.model.failure import UsageFailure


def refuse_unready(told: Told, gate: Gate) -> None:
    """UsageFailure for an unknown format, for files that cannot be written, and for a baseline that cannot be read."""
    from kinetune.cli.options import FOR_HOTSPOTS
    from kinetune.commands.check_gate import accepted
    from kinetune.reports.table import refuse_unknown, refuse_unwritable

    refuse_unknown(told.format)
    for given in (told.format, *(path.suffix for path in told.outputs)):
        if given in FOR_HOTSPOTS:
            raise UsageFailure(
                f"{given} is for kinetune hotspots", "choose text, json, markdown, html, sarif, junit or github"
            )
    for path in told.outputs:
        refuse_unwritable(path)
    if told.save_facts:
        refuse_unwritable(told.save_facts, "json")
    if gate.update and gate.baseline is None:
        raise UsageFailure("--update-baseline needs --baseline FILE", "name the file to write")
    if gate.baseline is not None and (gate.baseline.exists() or not gate.update):
        accepted(gate.baseline)
    if gate.baseline is not None and gate.update:
        refuse_unwritable(gate.baseline, "json")


def refuse_idle(facts: Path | None, files_alone: bool, given: Mapping[str, object]) -> None:
    """UsageFailure for what says where to look, beside --facts or files alone, for which nothing is looked at."""
    idle = next((name for name, value in given.items() if value), None)
    if idle and facts:
        raise UsageFailure(f"--facts judges what was seen before, and {idle} asks to look now", "leave one of them out")
    if idle and files_alone:
        raise UsageFailure(f"files alone are judged, and {idle} asks to look at a store", "leave one of them out")
