"""The verdict with what was accepted before, and the status it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kinetune.cli.check_case import Case, Gate, Heard
from kinetune.model.failure import CouldNotLook, Exit, UsageFailure
from kinetune.model.finding import Finding, Ignored, Verdict

KIND = "kinetune baseline"
DAYS = 90
"""So long a known finding is accepted; then it is looked at again."""


@dataclass(frozen=True)
class Accepted:
    """An entry of a baseline: a finding's rule and object, until when, and the words it had."""

    rule: str
    on: str
    fingerprint: str
    until: datetime
    says: str


def judged(case: Case, against: Path | None) -> Heard:
    """All rules on the facts, then the baseline; with --update-baseline today's findings are written and accepted."""
    from kinetune.cli.explain_steps import load
    from kinetune.rules.evidence import NO_RUN, Evidence
    from kinetune.rules.judge import judge

    before = load(against) if against else NO_RUN
    verdict = judge(Evidence(case.facts, case.chosen.limits, before), case.chosen.bench)
    path = case.gate.baseline
    if path is None:
        if case.gate.update:
            raise UsageFailure("--update-baseline needs --baseline FILE", "name the file to write")
        return Heard(verdict)
    if case.gate.update:
        _write(path, verdict)
    return _less(verdict, _read(path), path)


def status(verdict: Verdict, gate: Gate) -> Exit:
    """FINDINGS or CLEAN. Raises CouldNotLook where no rule could judge: nothing seen is never green."""
    if not (verdict.findings or verdict.passed or verdict.ignored):
        reasons = sorted({skipped.reason for skipped in verdict.skipped})
        raise CouldNotLook("nothing could be judged: " + "; ".join(reasons[:3]))
    worst = verdict.worst()
    closes = gate.fail_on is not None and worst is not None and worst.rank >= gate.fail_on.rank
    return Exit.FINDINGS if closes or (gate.strict and verdict.skipped) else Exit.CLEAN


def _less(verdict: Verdict, baseline: tuple[Accepted, ...], path: Path) -> Heard:
    now = datetime.now(UTC)
    valid = {entry.fingerprint: entry for entry in baseline if entry.until > now}
    known = [finding for finding in verdict.findings if finding.fingerprint in valid]
    accepted = tuple(Ignored(one, _until(valid[one.fingerprint], path)) for one in known)
    rest = tuple(finding for finding in verdict.findings if finding.fingerprint not in valid)
    notes = tuple(_notes(verdict.findings, baseline, now))
    return Heard(replace(verdict, findings=rest, ignored=verdict.ignored + accepted), notes)


def _until(entry: Accepted, path: Path) -> str:
    return f"accepted in {path} until {entry.until:%Y-%m-%d}"


def _notes(findings: tuple[Finding, ...], baseline: tuple[Accepted, ...], now: datetime) -> Iterator[str]:
    """Entries that have run out, and those that nothing matches any more."""
    found = {finding.fingerprint for finding in findings}
    for entry in baseline:
        if entry.fingerprint not in found:
            yield f"baseline: {entry.rule} on {entry.on} is mended; --update-baseline takes it out"
        elif entry.until <= now:
            yield f"baseline: {entry.rule} on {entry.on} was accepted until {entry.until:%Y-%m-%d} and counts again"


def _write(path: Path, verdict: Verdict) -> None:
    from kinetune.model.report import Report
    from kinetune.reports.table import save

    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=DAYS)
    entries = [Accepted(one.code, one.on, one.fingerprint, until, one.says) for one in verdict.findings]
    save(Report(KIND, "", (), {"accepted": entries}), path, "json")


def _read(path: Path) -> tuple[Accepted, ...]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["kind"] != KIND or data["schema"] != 1:
            raise UsageFailure(f"{path} is not a baseline of this kinetune", "write one with --update-baseline")
        return tuple(_entry(entry) for entry in data["accepted"])
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "write it with --update-baseline") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageFailure(f"{path} is damaged: {error!r}", "write it again with --update-baseline") from None


def _entry(entry: dict[str, Any]) -> Accepted:
    until = datetime.fromisoformat(entry["until"])
    return Accepted(entry["rule"], entry["on"], entry["fingerprint"], until, entry["says"])
