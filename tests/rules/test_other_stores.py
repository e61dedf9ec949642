from __future__ import annotations

from kinetune.model.finding import Severity
from kinetune.rules.other_stores import other_stores
from tests.rules.made import healthy, heard


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not heard(other_stores, healthy())


def test_another_store_is_a_note_beside_one_and_a_warning_without() -> None:
    (beside,) = heard(other_stores, healthy(stores=("k3s",)))
    (alone,) = heard(other_stores, healthy(stores=("k3s",), table=None))
    assert (beside.severity, alone.severity) == (Severity.INFO, Severity.WARNING)
