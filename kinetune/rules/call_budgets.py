from __future__ import annotations

from collections.abc import Iterator, Mapping

from kinetune.model.facts import Facts, Unknown
from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import Measured
from kinetune.plans.numbers import counted, milliseconds
from kinetune.rules.evidence import Limits
from kinetune.rules.rule import rule
from kinetune.rules.words import in_words, work

ALL = "*"


@rule("KT303", Severity.ERROR)
def call_budgets(calls: tuple[Measured, ...], limits: Limits, facts: Facts) -> Iterator[Remark]:
    """
    Every hot query finishes, and within the budget set for it.

    Why it matters
        A budget is your own promise: how long a page of a list or a poll may take before kubectl feels slow. Work
        (storage requests or blocks) is counted, not timed, and is the same on a slow machine. A query that cannot be
        finished at all leaves the API server without an answer.

    What to do
        kinetune explain --query NAME --tree shows the plan and what is wrong with it. Budgets stand in kinetune.toml:

            [check.limits]
            milliseconds = { "*" = 200, poll = 10 }
            work = { list-page = 3000 }

        Names are those of calls (list-page), Kine's names of queries (ListCurrent), or * for all others.

    When to ignore
        Without budgets it speaks only of reads that fail.

    Source
        EXPLAIN of Kine's own statements on this store.
    """
    if not isinstance(facts.recordings, Unknown):
        for recording in facts.recordings:
            if recording.failed and not recording.call.writes:
                words = in_words(Measured(recording.call))
                yield _remark(recording.call.scenario, f"{words}: not finished: {recording.failed}")
    for measured in calls:
        if over := [*_time(measured, limits), *_work(measured, limits)]:
            yield _remark(measured.call.scenario, f"{in_words(measured)}: {'; '.join(over)}")
    yield from _strangers(facts, limits)


def _remark(scenario: str, says: str) -> Remark:
    return Remark(on=scenario, says=says, do=f"kinetune explain --query {scenario} --tree")


def _time(measured: Measured, limits: Limits) -> Iterator[str]:
    budget, seen = _budget(limits.milliseconds, measured), measured.milliseconds
    if budget is not None and seen is not None and seen > budget:
        yield f"{milliseconds(seen)}, the budget is {milliseconds(budget)}"


def _work(measured: Measured, limits: Limits) -> Iterator[str]:
    budget, seen = _budget(limits.work, measured), work(measured)
    if budget is not None and seen is not None and seen[0] > budget:
        yield f"{counted(*seen)}, the budget is {budget:,.0f}"


def _budget(budgets: Mapping[str, float], measured: Measured) -> float | None:
    names = (measured.call.scenario, measured.call.query.name, ALL)
    return next((budgets[name] for name in names if name in budgets), None)


def _strangers(facts: Facts, limits: Limits) -> Iterator[Remark]:
    """A budget for a call that nobody makes guards nothing: a slip of the pen, or another era of Kine."""
    recordings = () if isinstance(facts.recordings, Unknown) else facts.recordings
    known = {name for one in recordings for name in (one.call.scenario, one.call.query.name)}
    for name in sorted({*limits.milliseconds, *limits.work} - known - {ALL}):
        calls = ", ".join(dict.fromkeys(one.call.scenario for one in recordings))
        yield Remark(
            on=name,
            says="there is a budget of that name and no such call was run: it guards nothing",
            do=f"change the name under [check.limits]; calls of this run: {calls}",
            severity=Severity.WARNING,
        )
