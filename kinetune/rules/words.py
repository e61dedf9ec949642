"""What several rules say in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kinetune.model.facts import Facts, Relation
from kinetune.model.finding import Remark
from kinetune.model.workload import Measured
from kinetune.quoting import identifier, literal


def in_words(measured: Measured) -> str:
    """What the call does in Kubernetes words: `list pods, first page`."""
    return measured.call.words.replace("{objects} ", "")


def suffering(calls: Iterable[Measured], symptom: str) -> Iterator[tuple[Measured, Remark]]:
    """Calls with that symptom of kinetune.plans, and its remark."""
    return ((measured, remark) for measured in calls for remark in measured.remarks if remark.symptom == symptom)


def work(measured: Measured) -> tuple[int, str] | None:
    """Storage requests where the plan counts them, else blocks; None where it has neither."""
    if measured.plan is None:
        return None
    if measured.plan.requests is not None:
        return measured.plan.requests, "storage request"
    return None if measured.plan.blocks is None else (measured.plan.blocks, "block")


def set_in_database(facts: Facts, name: str, value: str) -> str:
    """The statement that gives a setting to every new session of this database, Kine's included."""
    return f"ALTER DATABASE {identifier(facts.database)} SET {identifier(name)} = {literal(value)}"


def given_to_kine(facts: Facts, name: str) -> str | None:
    """A setting as a new session of Kine gets it: the database's own, else what is in force here; None if not seen."""
    return facts.database_settings.get(name, facts.settings.get(name))


def qualified(table: Relation) -> str:
    return f"{identifier(table.schema)}.kine"
