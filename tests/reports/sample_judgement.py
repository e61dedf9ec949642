"""A verdict with something of everything, and with text that no format may take at its word."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from kinetune.model.finding import Finding, Ignored, Severity, Skipped, Verdict
from kinetune.model.judgement import Judgement, RulePage
from kinetune.model.report import Report
from kinetune.reports import table

WHY = (("Why it matters", "Every list asks for `MAX(id)`.\n\nSo does <every> watch."), ("When to ignore", "Never."))
PAGES = (
    RulePage("KT103", "range-sharded-ids", Severity.ERROR, "The primary key of kine is sharded by range.", WHY),
    RulePage("KT110", "unused-index", Severity.INFO, "Every index serves a query of Kine.", WHY),
    RulePage("KT201", "sequence-cache", Severity.ERROR, "The sequence hands out one id at a time.", WHY),
    RulePage("KT301", "whole-table-reads", Severity.WARNING, "No hot query reads the whole table.", WHY),
    RulePage("KT801", "superuser", Severity.WARNING, "Kine is no superuser.", WHY),
)
HASHED = Finding(
    "KT103", "range-sharded-ids", Severity.ERROR, "kine", "ids are sharded by hash: lists read all", "kinetune init"
)
UNUSED = Finding("KT110", "unused-index", Severity.INFO, "my_index", "serves no query", "DROP INDEX my_index")
CACHED = Finding("KT201", "sequence-cache", Severity.ERROR, "kine_id_seq", "ids are cached 100 at a time", "")
SLOW = Finding(
    "KT301", "whole-table-reads", Severity.WARNING, "list-page", "reads 100% of 50,000 rows", "kinetune explain"
)
VERDICT = Verdict(
    findings=(HASHED, SLOW, UNUSED),
    skipped=(Skipped("KT801", "superuser", "no right to see it: GRANT pg_monitor TO kine"),),
    ignored=(Ignored(CACHED, "one writer only, see OPS-7"),),
    passed=(),
)
JUDGEMENT = Judgement(
    verdict=VERDICT,
    rules=PAGES,
    place="postgres://kine@db-1.example:5432/kubernetes",
    observed_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    version="0.1.0",
    namespace="kubernetes.public",
)
CLEAN = replace(JUDGEMENT, verdict=Verdict((), (), (), tuple(page.code for page in PAGES)))
EVIL = '##[set-output name=x]\n::error::<b>"&]]>%0A\r\x00\x1b[31m\ud800\ufffe{0}'
"""What an object's key, an index's name or a reason may hold."""


def report(judgement: Judgement | None = JUDGEMENT) -> Report:
    return Report("kinetune check", "kinetune check", (), judgement=judgement)


def written(format: str, judgement: Judgement | None = JUDGEMENT) -> str:
    stream = io.StringIO()
    table.write(report(judgement), format, stream)
    return stream.getvalue()


def said(text: str) -> Judgement:
    """The sample with that text wherever a store or a user may put one."""
    finding = replace(HASHED, on=text, says=text, do=text)
    verdict = Verdict(
        (finding, replace(UNUSED, on=text, says=text)),
        (Skipped("KT801", "superuser", text),),
        (Ignored(replace(CACHED, on=text, says=text), text),),
        (),
    )
    return replace(JUDGEMENT, verdict=verdict, place=text)
