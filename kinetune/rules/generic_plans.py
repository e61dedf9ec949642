from __future__ import annotations

from collections.abc import Iterator

from kinetune.model.facts import Facts
from kinetune.model.finding import Remark, Severity
from kinetune.model.workload import Measured
from kinetune.plans.compare import differences
from kinetune.plans.numbers import milliseconds
from kinetune.rules.rule import rule
from kinetune.rules.words import given_to_kine, in_words, set_in_database, suffering

SETTING = "plan_cache_mode"
CUSTOM = "force_custom_plan"
UNPREPARED = "default_query_exec_mode=exec"


@rule("KT304", Severity.WARNING)
def generic_plans(calls: tuple[Measured, ...], facts: Facts) -> Iterator[Remark]:
    """
    No hot query becomes much slower once the server plans it without its arguments.

    Why it matters
        Kine from v0.10.0 on sends prepared statements. After five executions on a connection the server may settle for
        one plan for all arguments: a list is quick after a restart of K3s, and slow a minute later, for no visible
        reason. Up to v0.16.2 it looks for keys by LIKE, where an index serves only a plan that knows the key: reading
        one object takes 42 ms then instead of 0.16 ms (Kine v0.13 on PostgreSQL 15, 100,000 rows). Where the server
        chooses that plan it is a warning, else a remark.

    What to do
        ALTER DATABASE … SET plan_cache_mode = 'force_custom_plan', and restart Kine. Servers without that setting
        (PostgreSQL 11, YugabyteDB up to 2024.2): add default_query_exec_mode=exec to Kine's endpoint.

    When to ignore
        Kine up to v0.9.9 prepares nothing. Kine's endpoint has default_query_exec_mode=exec.

    Source
        Both plans of each call, run on this store; docs/facts/kine.md §1.2 and §3.
    """
    worse = sorted((pair[0] for pair in suffering(calls, "generic-worse") if _is_another(pair[0])), key=_lost)
    if not worse or given_to_kine(facts, SETTING) == CUSTOM:
        return
    taken = [measured for measured in worse if measured.generic_chosen]
    yield Remark(
        on=SETTING,
        says=_says(taken or worse, taken=bool(taken)),
        do=_advice(facts),
        severity=Severity.WARNING if taken else Severity.INFO,
    )


def _says(worse: list[Measured], *, taken: bool) -> str:
    """One sentence for all, since one setting helps all: the call that loses most, and how many more there are."""
    worst = worse[-1]
    will = "takes" if taken else "may take"
    times = f"{milliseconds(worst.generic_milliseconds or 0)} instead of {milliseconds(worst.milliseconds or 0)}"
    others = [measured.call.scenario for measured in worse[:-1]]
    more = f"; so for {', '.join(others)}" if others else ""
    return f"after five executions the server {will} a plan for any argument: {in_words(worst)}: {times}{more}"


def _is_another(measured: Measured) -> bool:
    """Where both plans are the same and read as much, one run was disturbed: the time says nothing of the plan."""
    usual, generic = measured.plan, measured.generic
    return usual is None or generic is None or bool(differences(usual, generic))


def _lost(measured: Measured) -> float:
    return (measured.generic_milliseconds or 0.0) - (measured.milliseconds or 0.0)


def _advice(facts: Facts) -> str:
    if facts.server.can("plan_cache_mode"):
        return f"{set_in_database(facts, SETTING, CUSTOM)}; then restart Kine"
    return f"add {UNPREPARED} to the parameters of Kine's endpoint"
