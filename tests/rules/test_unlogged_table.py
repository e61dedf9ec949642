from __future__ import annotations

from kinetune.rules.unlogged_table import unlogged_table
from tests.rules.made import healthy, run_one, with_table


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not run_one(unlogged_table, healthy())


def test_an_unlogged_store_is_an_error() -> None:
    (finding,) = run_one(unlogged_table, with_table(healthy(), unlogged=True))
    assert finding.do == "stop Kine; ALTER TABLE public.kine SET LOGGED; start Kine"
