from __future__ import annotations

from collections.abc import Iterator

from kinetune.formatting import format_duration
from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import MeasuredCall
from kinetune.plans.compare import plan_differences
from kinetune.rules.calls import describe_call, find_symptom
from kinetune.rules.context import effective_setting
from kinetune.rules.remedies import set_in_database
from kinetune.rules.rule import rule

SETTING = "plan_cache_mode"
CUSTOM = "force_custom_plan"
UNPREPARED = "default_query_exec_mode=exec"


@rule("KT304", Severity.WARNING)
def slow_generic_plans(calls: tuple[MeasuredCall, ...], facts: Facts) -> Iterator[Remark]:
    """
    A frequent query becomes much slower with a generic plan.

    Why it matters
        Kine v0.10.0 and newer sends prepared statements. After five executions on a connection the server may use one
        generic plan for all arguments: a list is fast after a restart of K3s and slow a minute later, without a visible
        cause. Up to v0.16.2 Kine finds keys with LIKE, where only a plan for a given key can use an index: with a
        generic plan, reading one object takes 42 ms instead of 0.16 ms (Kine v0.13 on PostgreSQL 15, 100,000 rows). If
        the server chooses the generic plan the severity is warning, else info.

    What to do
        ALTER DATABASE … SET plan_cache_mode = 'force_custom_plan', then restart Kine. For servers without this setting
        (PostgreSQL 11, YugabyteDB up to 2024.2) add default_query_exec_mode=exec to Kine's endpoint.

    When to ignore
        Kine up to v0.9.9 does not prepare statements. Kine's endpoint contains default_query_exec_mode=exec.

    Source
        Both plans of each call, executed on this store; docs/facts/kine.md §1.2 and §3.
    """
    worse = sorted(
        (pair[0] for pair in find_symptom(calls, "generic-worse") if _plans_differ(pair[0])), key=_lost_milliseconds
    )
    # With force_custom_plan the server never uses a generic plan.
    if not worse or effective_setting(facts, SETTING) == CUSTOM:
        return
    taken = [measured for measured in worse if measured.generic_chosen]
    yield Remark(
        on=SETTING,
        says=_describe_calls(taken or worse, taken=bool(taken)),
        do=_choose_remedy(facts),
        severity=Severity.WARNING if taken else Severity.INFO,
    )


def _describe_calls(worse: list[MeasuredCall], *, taken: bool) -> str:
    """One sentence for all calls, because one setting fixes all of them: the call with the largest loss, and the "
    "others."""
    worst = worse[-1]
    uses = "uses" if taken else "may use"
    times = f"{format_duration(worst.generic_milliseconds or 0)} instead of {format_duration(worst.milliseconds or 0)}"
    others = [measured.call.scenario for measured in worse[:-1]]
    more = f"; also {', '.join(others)}" if others else ""
    return f"after five executions the server {uses} a generic plan: {describe_call(worst)}: {times}{more}"


def _plans_differ(measured: MeasuredCall) -> bool:
    """Equal plans with different times mean that one run was disturbed, not that a plan is slow."""
    usual, generic = measured.plan, measured.generic
    return usual is None or generic is None or bool(plan_differences(usual, generic))


def _lost_milliseconds(measured: MeasuredCall) -> float:
    return (measured.generic_milliseconds or 0.0) - (measured.milliseconds or 0.0)


def _choose_remedy(facts: Facts) -> str:
    if facts.server.can("plan_cache_mode"):
        return f"{set_in_database(facts, SETTING, CUSTOM)}; then restart Kine"
    return f"add {UNPREPARED} to the parameters of Kine's endpoint"
