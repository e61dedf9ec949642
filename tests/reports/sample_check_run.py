"""A check run with a result of each kind, and with text that every format must escape."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

from kinetune.model.check_result import CheckRun, RulePage
from kinetune.model.finding import Finding, IgnoredFinding, RuleResults, Severity, SkippedRule
from kinetune.model.report import Report
from kinetune.reports import formats

WHY = (("Why it matters", "Every list asks for `MAX(id)`.\n\nSo does <every> watch."), ("When to ignore", "Never."))
PAGES = (
    RulePage("KT103", "hash-sharded-ids", Severity.ERROR, "The primary key of kine is sharded by range.", WHY),
    RulePage("KT110", "unused-index", Severity.INFO, "Every index serves a query of Kine.", WHY),
    RulePage("KT201", "cached-sequence", Severity.ERROR, "The sequence hands out one id at a time.", WHY),
    RulePage("KT301", "whole-table-reads", Severity.WARNING, "No hot query reads the whole table.", WHY),
    RulePage("KT801", "superuser", Severity.WARNING, "Kine is no superuser.", WHY),
)
HASHED = Finding(
    "KT103", "hash-sharded-ids", Severity.ERROR, "kine", "ids are sharded by hash: lists read all", "kinetune init"
)
UNUSED = Finding("KT110", "unused-index", Severity.INFO, "my_index", "serves no query", "DROP INDEX my_index")
CACHED = Finding("KT201", "cached-sequence", Severity.ERROR, "kine_id_seq", "each connection caches 100 ids", "")
SLOW = Finding(
    "KT301", "whole-table-reads", Severity.WARNING, "list-page", "reads 100% of 50,000 rows", "kinetune explain"
)
RESULTS = RuleResults(
    findings=(HASHED, SLOW, UNUSED),
    skipped=(SkippedRule("KT801", "superuser", "no right to see it: GRANT pg_monitor TO kine"),),
    ignored=(IgnoredFinding(CACHED, "one writer only, see OPS-7"),),
    passed=(),
)
CHECK_RUN = CheckRun(
    results=RESULTS,
    rules=PAGES,
    subject="postgres://kine@db-1.example:5432/kubernetes",
    observed_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    version="0.1.0",
    namespace="kubernetes.public",
)
CLEAN = replace(CHECK_RUN, results=RuleResults((), (), (), tuple(page.code for page in PAGES)))
EVIL = '##[set-output name=x]\n::error::<b>"&]]>%0A\r\x00\x1b[31m\ud800\ufffe{0}'
"""Text that a key, the name of an index or a reason may contain."""


def report(check_run: CheckRun | None = CHECK_RUN) -> Report:
    return Report("kinetune check", "kinetune check", (), check_run=check_run)


def written(format: str, check_run: CheckRun | None = CHECK_RUN) -> str:
    stream = io.StringIO()
    formats.write_report(report(check_run), format, stream)
    return stream.getvalue()


def check_run_with(text: str) -> CheckRun:
    """The sample with this text in every place that a store or a user can fill."""
    finding = replace(HASHED, on=text, says=text, do=text)
    results = RuleResults(
        (finding, replace(UNUSED, on=text, says=text)),
        (SkippedRule("KT801", "superuser", text),),
        (IgnoredFinding(replace(CACHED, on=text, says=text), text),),
        (),
    )
    return replace(CHECK_RUN, results=results, subject=text)
