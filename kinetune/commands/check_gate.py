"""The verdict with what was accepted before, and the status it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from kinetune.commands.check_case import Case, Heard
from kinetune.model.failure import CouldNotLook, Exit, UsageFailure
from kinetune.model.finding import Finding, Ignored, Verdict
from kinetune.model.plain import decode

if TYPE_CHECKING:
    from kinetune.model.workload import Explained

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


def judged(case: Case, before: Explained | None) -> Heard:
    """All rules on the facts, then the baseline; with --update-baseline today's findings are written and accepted."""
    from kinetune.rules.evidence import NO_RUN, Evidence
    from kinetune.rules.judge import judge

    verdict = judge(Evidence(case.facts, case.chosen.limits, before or NO_RUN), case.chosen.bench)
    path = case.gate.baseline
    if path is None:
        return Heard(verdict)
    if case.gate.update:
        _write(path, verdict, accepted(path) if path.exists() else ())
    return _less(verdict, accepted(path), path)


def status(verdict: Verdict, case: Case) -> Exit:
    """FINDINGS or CLEAN. Raises CouldNotLook where no rule could judge: nothing seen is never green."""
    if not (verdict.findings or verdict.passed or verdict.ignored):
        reasons = sorted({skipped.reason for skipped in verdict.skipped})
        raise CouldNotLook("nothing could be judged: " + "; ".join(reasons[:3]))
    gate, worst = case.gate, verdict.worst()
    closes = gate.fail_on is not None and worst is not None and worst.rank >= gate.fail_on.rank
    silent = gate.strict and any(
        skipped.asked and skipped.code not in case.chosen.bench.ignore for skipped in verdict.skipped
    )
    return Exit.FINDINGS if closes or silent else Exit.CLEAN


def accepted(path: Path) -> tuple[Accepted, ...]:
    """The entries of a baseline. UsageFailure for a file that is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["kind"] != KIND or data["schema"] != 1:
            raise UsageFailure(f"{path} is not a baseline of this kinetune", "name another file, or remove this one")
        return tuple(decode(Accepted, entry) for entry in data["accepted"])
    except OSError as error:
        raise UsageFailure(f"cannot read {path}: {error.strerror}", "write it with --update-baseline") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageFailure(f"{path} is damaged: {error}", "remove it, and write it with --update-baseline") from None


def _less(verdict: Verdict, baseline: tuple[Accepted, ...], path: Path) -> Heard:
    now = datetime.now(UTC)
    valid = {entry.fingerprint: entry for entry in baseline if entry.until > now}
    known = [finding for finding in verdict.findings if finding.fingerprint in valid]
    ignored = tuple(Ignored(one, _until(valid[one.fingerprint], path)) for one in known)
    rest = tuple(finding for finding in verdict.findings if finding.fingerprint not in valid)
    notes = tuple(_notes(verdict, baseline, now))
    return Heard(replace(verdict, findings=rest, ignored=verdict.ignored + ignored), notes)


def _until(entry: Accepted, path: Path) -> str:
    return f"accepted in {path} until {entry.until:%Y-%m-%d}"


def _notes(verdict: Verdict, baseline: tuple[Accepted, ...], now: datetime) -> Iterator[str]:
    """Entries that have run out, and those that nothing matches any more; what was not judged is not mended."""
    found = {finding.fingerprint for finding in _found(verdict)}
    heard = _heard(verdict)
    for entry in baseline:
        if entry.fingerprint not in found:
            if entry.rule in heard:
                yield f"baseline: {entry.rule} on {entry.on} is mended; --update-baseline takes it out"
        elif entry.until <= now:
            yield f"baseline: {entry.rule} on {entry.on} was accepted until {entry.until:%Y-%m-%d} and counts again"


def _found(verdict: Verdict) -> tuple[Finding, ...]:
    return (*verdict.findings, *(ignored.finding for ignored in verdict.ignored))


def _heard(verdict: Verdict) -> set[str]:
    """Codes of the rules that could judge."""
    return {*verdict.passed, *(finding.code for finding in _found(verdict))}


def _write(path: Path, verdict: Verdict, before: tuple[Accepted, ...]) -> None:
    """Today's findings; of the entries before those whose rules were not heard today (--no-plans, --select) stay."""
    from kinetune.model.report import Report
    from kinetune.reports.table import save

    until, heard = datetime.now(UTC).replace(microsecond=0) + timedelta(days=DAYS), _heard(verdict)
    kept = [entry for entry in before if entry.rule not in heard]
    entries = [Accepted(one.code, one.on, one.fingerprint, until, one.says) for one in verdict.findings]
    save(Report(KIND, "", (), {"accepted": entries + kept}), path, "json")
