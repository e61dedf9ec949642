"""What `kinetune check` says: findings by group, each with its consequence and its mend, then what was not judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kinetune import __version__
from kinetune.commands.check_case import Case, Heard
from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Finding, Severity, Skipped, Verdict
from kinetune.model.judgement import GROUPS, Judgement
from kinetune.model.plain import encode
from kinetune.model.report import Cell, Heading, Items, Paragraph, Report, Section, Tone
from kinetune.rules.page import page

FEW, MANY = 4, 8
TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.INFO: Tone.DIM}


def report(case: Case, heard: Heard) -> Report:
    """Sections for people, data for programs, the judgement for SARIF and its like."""
    verdict = heard.verdict
    sections = (
        Paragraph(_place(case)),
        *_findings(verdict),
        *_silent(verdict),
        *_notes(heard),
        _summary(verdict, case),
    )
    judgement = Judgement(
        verdict=verdict,
        rules=tuple(page(rule) for rule in case.chosen.bench.rules),
        place=_place(case),
        observed_at=case.facts.observed_at,
        version=__version__,
        fail_on=case.gate.fail_on,
        file=case.file,
        namespace=_namespace(case),
    )
    return Report("kinetune check", "kinetune check", sections, _data(case, verdict, heard), judgement=judgement)


def _place(case: Case) -> str:
    facts = case.facts
    if facts.unseen:
        return f"{_files(facts)}; {facts.unseen}"
    kine = "release unknown" if isinstance(facts.kine, Unknown) else f"era {facts.kine.era} ({facts.kine.source})"
    seen = f"facts of {facts.observed_at:%Y-%m-%d %H:%M} UTC from {case.file}: " if case.file else ""
    beside = "" if isinstance(facts.configuration, Unknown) else f"; {_files(facts)}"
    return f"{seen}{facts.server}, database {facts.database}; Kine {kine}{beside}"


def _files(facts: Facts) -> str:
    """The files that were read, by name where they are few."""
    files = () if isinstance(facts.configuration, Unknown) else facts.configuration.files
    names = ", ".join(file.path for file in files[:FEW]) + (" …" if len(files) > FEW else "")
    return f"{len(files)} configuration file{'' if len(files) == 1 else 's'}: {names}"


def _namespace(case: Case) -> str:
    table = case.facts.table
    return f"{case.facts.database}.{table.schema}" if table else case.facts.database


def _findings(verdict: Verdict) -> Iterator[Section]:
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for finding in verdict.findings:
        grouped[finding.code[2]].append(finding)
    for group in sorted(grouped):
        yield Heading(GROUPS[group].title)
        yield Items(tuple(_line(finding) for finding in grouped[group]))


def _line(finding: Finding) -> Cell:
    mend = f" → {finding.do}" if finding.do else ""
    where = f"{finding.place}: " if finding.place else ""
    text = f"{finding.code} {finding.severity} {where}{finding.on}: {finding.says}{mend}"
    return Cell(text, TONES[finding.severity])


def _silent(verdict: Verdict) -> Iterator[Section]:
    """Ignored findings with their reasons, and rules that could not judge, by reason."""
    if verdict.ignored:
        yield Heading("Not counted")
        lines = (f"{one.finding.code} {one.finding.on}: {one.reason}" for one in verdict.ignored)
        yield Items(tuple(Cell(line, Tone.DIM) for line in lines))
    by_reason: dict[str, list[Skipped]] = defaultdict(list)
    for skipped in verdict.skipped:
        by_reason[skipped.reason].append(skipped)
    if by_reason:
        yield Heading("Not judged")
        yield Items(tuple(Cell(f"{_codes(ones)}: {reason}", Tone.DIM) for reason, ones in by_reason.items()))


def _codes(skipped: list[Skipped]) -> str:
    """All of them; of many that nobody asked about, the first and the last."""
    codes = [one.code for one in skipped]
    if len(codes) > MANY and not skipped[0].asked:
        return f"{codes[0]} … {codes[-1]} ({len(codes)} rules)"
    return ", ".join(codes)


def _notes(heard: Heard) -> Iterator[Section]:
    for note in heard.notes:
        yield Paragraph(note, Tone.WARN)


def _summary(verdict: Verdict, case: Case) -> Paragraph:
    counts = [
        f"{sum(finding.severity is severity for finding in verdict.findings)} {severity}"
        for severity in reversed(Severity)
    ]
    others = f"{len(verdict.skipped)} not judged, {len(verdict.ignored)} not counted, {len(verdict.passed)} good"
    worst = verdict.worst()
    tone = Tone.GOOD if worst is None or worst is Severity.INFO else TONES[worst]
    until = f"fails from {case.gate.fail_on}" if case.gate.fail_on else "never fails"
    return Paragraph(f"{', '.join(counts)}; {others} ({until}). kinetune rule CODE explains each.", tone)


def _data(case: Case, verdict: Verdict, heard: Heard) -> dict[str, object]:
    return {
        "observed_at": case.facts.observed_at,
        "server": None if case.facts.unseen else str(case.facts.server),
        "database": case.facts.database or None,
        "kine": encode(case.facts.kine),
        "findings": [encode(one) | {"fingerprint": one.fingerprint} for one in verdict.findings],
        "skipped": encode(verdict.skipped),
        "ignored": encode(verdict.ignored),
        "passed": list(verdict.passed),
        "notes": list(heard.notes),
        "fail_on": case.gate.fail_on,
    }
