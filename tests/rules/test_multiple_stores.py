from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.multiple_stores import multiple_stores
from tests.rules.made import healthy, run_one


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not run_one(multiple_stores, healthy())


def test_another_store_is_a_note_beside_one_and_a_warning_without() -> None:
    (beside,) = run_one(multiple_stores, healthy(stores=("k3s",)))
    (alone,) = run_one(multiple_stores, healthy(stores=("k3s",), table=None))
    assert (beside.severity, alone.severity) == (Severity.INFO, Severity.WARNING)
