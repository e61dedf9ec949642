"""The result of `kinetune check` as a report: findings by group with consequence and remedy, then skipped rules."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from kinetune import __version__
from kinetune.formatting import format_count
from kinetune.model.check_result import RULE_GROUPS, CheckResult, CheckRun
from kinetune.model.configuration import UNKNOWN_KIND, Component, Configuration
from kinetune.model.facts import Facts
from kinetune.model.finding import Finding, RuleResults, Severity, SkippedRule
from kinetune.model.plain_data import encode
from kinetune.model.report import BulletList, Cell, Heading, Paragraph, Report, Section, Tone
from kinetune.model.unknown import Unknown
from kinetune.rules.context import Limits
from kinetune.rules.runner import RuleSelection

NAMED_FILES, NAMED_CODES = 4, 8
"""So many files and codes are listed by name; of more the first ones, or the first and the last, and their number."""
TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARN, Severity.INFO: Tone.DIM}


def check_report(result: CheckResult) -> Report:
    """Sections for people, data for programs, the run for SARIF, JUnit and GitHub."""
    facts, subject = result.facts, _describe_subject(result)
    sections = (
        Paragraph(subject),
        *_finding_sections(result.results),
        *_skipped_sections(result.results),
        *_file_sections(facts),
        *(Paragraph(note, Tone.WARN) for note in result.notes),
        _summary(result),
    )
    run = CheckRun(
        results=result.results,
        rules=result.rules,
        subject=subject,
        observed_at=facts.observed_at,
        version=__version__,
        fail_on=result.fail_on,
        facts_file=result.facts_file,
        namespace=f"{facts.database}.{facts.table.schema}" if facts.table else facts.database,
    )
    return Report("kinetune check", "kinetune check", sections, _data(result), check_run=run)


def describe_settings(selection: RuleSelection, limits: Limits, others: Mapping[str, object]) -> str:
    """The settings in force for --show-settings, one a line; `others` are those by name that are not about rules."""
    lines = [
        *(f"{name}: {'none' if value is None else value}" for name, value in others.items()),
        f"rules: {', '.join(rule.code for rule in selection.rules)}",
        *(f"severity of {code}: {severity}" for code, severity in selection.severities.items()),
        *(f"ignored {key}: {reason}" for key, reason in selection.ignore.items()),
        *_limit_lines(limits),
    ]
    return "\n".join(lines)


def _limit_lines(limits: Limits) -> Iterator[str]:
    """Each as it is written in [check.limits]; what is not set is 0 or not shown."""
    for name, value in vars(limits).items():
        if isinstance(value, Mapping):
            yield from (f"limits.{name}.{call}: {json.dumps(amount)}" for call, amount in value.items())
        else:
            yield f"limits.{name}: {json.dumps(value)}"


def _describe_subject(result: CheckResult) -> str:
    """What was checked, in one line and without a password."""
    facts = result.facts
    if facts.unseen:
        return f"{_name_files(facts)}; {facts.unseen}"
    kine = "release unknown" if isinstance(facts.kine, Unknown) else f"era {facts.kine.era} ({facts.kine.source})"
    saved = f"Facts of {facts.observed_at:%Y-%m-%d %H:%M} UTC from {result.facts_file}: " if result.facts_file else ""
    files = "" if isinstance(facts.configuration, Unknown) else f"; {_name_files(facts)}"
    return f"{saved}{facts.server}, database {facts.database}; Kine {kine}{files}"


def _name_files(facts: Facts) -> str:
    files = () if isinstance(facts.configuration, Unknown) else facts.configuration.files
    names = ", ".join(file.path for file in files[:NAMED_FILES]) + (" …" if len(files) > NAMED_FILES else "")
    return f"{format_count(len(files), 'configuration file')}: {names}"


def _finding_sections(results: RuleResults) -> Iterator[Section]:
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for finding in results.findings:
        grouped[finding.code[2]].append(finding)  # KT103 is in group 1
    for group in sorted(grouped):
        yield Heading(RULE_GROUPS[group].title)
        yield BulletList(tuple(_finding_line(finding) for finding in grouped[group]))


def _finding_line(finding: Finding) -> Cell:
    remedy = f" → {finding.do}" if finding.do else ""
    where = f"{finding.place}: " if finding.place else ""
    text = f"{finding.code} {finding.severity} {where}{finding.on}: {finding.says}{remedy}"
    return Cell(text, TONES[finding.severity])


def _skipped_sections(results: RuleResults) -> Iterator[Section]:
    """Ignored findings with their reasons, and skipped rules by reason."""
    if results.ignored:
        yield Heading("Ignored")
        lines = (f"{one.finding.code} {one.finding.on}: {one.reason}" for one in results.ignored)
        yield BulletList(tuple(Cell(line, Tone.DIM) for line in lines))
    by_reason: dict[str, list[SkippedRule]] = defaultdict(list)
    for skipped in results.skipped:
        by_reason[skipped.reason].append(skipped)
    if by_reason:
        yield Heading("Skipped")
        yield BulletList(tuple(Cell(f"{_list_codes(rules)}: {why}", Tone.DIM) for why, rules in by_reason.items()))


def _file_sections(facts: Facts) -> Iterator[Section]:
    if lines := describe_files(facts):
        yield Heading("Configuration files")
        yield BulletList(tuple(Cell(line, Tone.WARN) for line in lines))


def _list_codes(skipped: list[SkippedRule]) -> str:
    """All codes; of many that were out of scope of this run the first and the last."""
    codes = [rule.code for rule in skipped]
    if len(codes) > NAMED_CODES and not skipped[0].asked:
        return f"{codes[0]} … {codes[-1]} ({len(codes)} rules)"
    return ", ".join(codes)


def _summary(result: CheckResult) -> Paragraph:
    worst = result.results.worst_severity()
    tone = Tone.GOOD if worst is None or worst is Severity.INFO else TONES[worst]
    details = "" if worst is None else " Details: kinetune rule CODE."
    return Paragraph(f"{result.results.describe_counts()} (fail-on: {result.fail_on or 'never'}).{details}", tone)


def _data(result: CheckResult) -> dict[str, object]:
    facts, results = result.facts, result.results
    return {
        "observed_at": facts.observed_at,
        "server": None if facts.unseen else str(facts.server),
        "database": facts.database or None,
        "kine": encode(facts.kine),
        "findings": [encode(finding) | {"fingerprint": finding.fingerprint} for finding in results.findings],
        "skipped": encode(results.skipped),
        "ignored": encode(results.ignored),
        "passed": list(results.passed),
        "notes": [*describe_files(facts), *result.notes],
        "fail_on": result.fail_on,
    }


def describe_files(facts: Facts) -> tuple[str, ...]:
    """A line for each place that was not judged, each file of an unknown kind and each that could not be read."""
    return () if isinstance(facts.configuration, Unknown) else tuple(_lines(facts.configuration))


def _lines(configuration: Configuration) -> Iterator[str]:
    for process in configuration.of(Component.NOT_JUDGED):
        name = "" if process.place.file.endswith(process.name) else f"{process.name}: "
        yield f"{process.place}: {name}not judged: {process.unread}"
    for file in configuration.files:
        if file.kind == UNKNOWN_KIND:
            yield f"{file.path}: in a file of a kind that is not known only endpoints and images are checked"
    yield from (f"not read: {failure}" for failure in configuration.failures)
    if configuration.mentions:
        yield f"mentions k3s or kine, not read: {', '.join(configuration.mentions)}"
