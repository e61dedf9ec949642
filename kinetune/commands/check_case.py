"""The words of `kinetune check`: what is judged, by whom, and when the gate closes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.model.failure import UsageFailure
from kinetune.model.finding import Severity, Verdict

if TYPE_CHECKING:
    from kinetune.model.facts import Facts
    from kinetune.rules.evidence import Limits
    from kinetune.rules.judge import Bench


@dataclass(frozen=True)
class Chosen:
    """The rules to be heard with their severities and ignores, the user's limits, and the file they came from."""

    bench: Bench
    limits: Limits
    source: Path | None


@dataclass(frozen=True)
class Gate:
    """
    Closes on findings from `fail_on` up (None: never), and where `strict` on a rule that could not judge what it was
    asked to: one for files in a run without files, or for a store in a run without one, closes nothing.
    """

    fail_on: Severity | None
    strict: bool
    baseline: Path | None
    update: bool


@dataclass(frozen=True)
class Case:
    """`file` is the facts file that was named, empty where the store itself was looked at."""

    facts: Facts
    chosen: Chosen
    gate: Gate
    file: str = ""


@dataclass(frozen=True)
class Told:
    """Where the verdict and the facts go."""

    format: str
    outputs: tuple[Path, ...]
    save_facts: Path | None


@dataclass(frozen=True)
class Heard:
    """The verdict after the baseline, and what there is to say of the baseline itself."""

    verdict: Verdict
    notes: tuple[str, ...] = ()


def severity_of(name: str) -> Severity | None:
    """The severity of --fail-on; None for never."""
    if name == "never":
        return None
    if name not in set(Severity):
        raise UsageFailure(f"unknown severity {name!r}", f"--fail-on takes {', '.join(Severity)} or never")
    return Severity(name)
