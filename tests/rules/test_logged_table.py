from __future__ import annotations

from kinetune.rules.logged_table import logged_table
from tests.rules.made import healthy, heard, with_table


def test_a_store_as_it_should_be_is_fine() -> None:
    assert not heard(logged_table, healthy())


def test_an_unlogged_store_is_an_error() -> None:
    (finding,) = heard(logged_table, with_table(healthy(), unlogged=True))
    assert finding.do == "stop Kine; ALTER TABLE public.kine SET LOGGED; start Kine"
