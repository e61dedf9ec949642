"""What rules read from the plans of a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kinetune.model.finding import Remark
from kinetune.model.workload import MeasuredCall


def describe_call(measured: MeasuredCall) -> str:
    """The call in Kubernetes terms: `list pods, first page`."""
    return measured.call.words.replace("{objects} ", "")


def find_symptom(calls: Iterable[MeasuredCall], symptom: str) -> Iterator[tuple[MeasuredCall, Remark]]:
    """Pairs of a call with that symptom (see kinetune.plans) and the remark about it."""
    return ((measured, remark) for measured in calls for remark in measured.remarks if remark.symptom == symptom)


def measure_work(measured: MeasuredCall) -> tuple[int, str] | None:
    """Storage requests if the plan counts them, else blocks, with the unit; None if the plan has neither."""
    if measured.plan is None:
        return None
    if measured.plan.requests is not None:
        return measured.plan.requests, "storage request"
    return None if measured.plan.blocks is None else (measured.plan.blocks, "block")
