from __future__ import annotations

from collections.abc import Iterator, Mapping

from kinetune.formatting import format_count, format_duration
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.unknown import Unknown
from kinetune.model.workload import MeasuredCall
from kinetune.rules.calls import describe_call, measure_work
from kinetune.rules.context import Limits
from kinetune.rules.rule import rule

ALL = "*"


@rule("KT303", Severity.ERROR)
def exceeded_budgets(calls: tuple[MeasuredCall, ...], limits: Limits, facts: Facts) -> Iterator[Remark]:
    """
    A frequent query fails, or exceeds the budget that you set for it.

    Why it matters
        A budget is your own limit: how long a page of a list or a poll may take before kubectl feels slow. Work
        (storage requests or blocks) is counted instead of timed, so it is the same on a slow machine. If a query fails,
        the API server gets no answer.

    What to do
        kinetune explain --query NAME --tree shows the plan and its problems. Set budgets in kinetune.toml:

            [check.limits]
            milliseconds = { "*" = 200, poll = 10 }
            work = { list-page = 3000 }

        Use the names of calls (list-page), Kine's names of queries (ListCurrent), or * for all other calls.

    When to ignore
        Without budgets the rule reports only reads that fail.

    Source
        EXPLAIN of Kine's own statements on this store.
    """
    if not isinstance(facts.recordings, Unknown):
        for recording in facts.recordings:
            if recording.failed and not recording.call.writes:
                words = describe_call(MeasuredCall(recording.call))
                yield _create_finding(recording.call.scenario, f"{words}: failed: {recording.failed}")
    for measured in calls:
        if over := [*_exceeded_time(measured, limits), *_exceeded_work(measured, limits)]:
            yield _create_finding(measured.call.scenario, f"{describe_call(measured)}: {'; '.join(over)}")
    yield from _unknown_names(facts, limits)


def _create_finding(scenario: str, says: str) -> Remark:
    return Remark(on=scenario, says=says, do=f"kinetune explain --query {scenario} --tree")


def _exceeded_time(measured: MeasuredCall, limits: Limits) -> Iterator[str]:
    budget, actual = _find_budget(limits.milliseconds, measured), measured.milliseconds
    if budget is not None and actual is not None and actual > budget:
        yield f"{format_duration(actual)}, the budget is {format_duration(budget)}"


def _exceeded_work(measured: MeasuredCall, limits: Limits) -> Iterator[str]:
    budget, actual = _find_budget(limits.work, measured), measure_work(measured)
    if budget is not None and actual is not None and actual[0] > budget:
        yield f"{format_count(*actual)}, the budget is {budget:,.0f}"


def _find_budget(budgets: Mapping[str, float], measured: MeasuredCall) -> float | None:
    names = (measured.call.scenario, measured.call.query.name, ALL)
    return next((budgets[name] for name in names if name in budgets), None)


def _unknown_names(facts: Facts, limits: Limits) -> Iterator[Remark]:
    """Budgets for unknown calls: a typing error, or a call of another Kine release."""
    recordings = () if isinstance(facts.recordings, Unknown) else facts.recordings
    known = {name for one in recordings for name in (one.call.scenario, one.call.query.name)}
    for name in sorted({*limits.milliseconds, *limits.work} - known - {ALL}):
        calls = ", ".join(dict.fromkeys(one.call.scenario for one in recordings))
        yield Remark(
            on=name,
            says="has a budget, but no call has this name: the budget has no effect",
            do=f"change the name under [check.limits]; the calls are {calls}",
            severity=Severity.WARNING,
        )
