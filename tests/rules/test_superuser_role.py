from __future__ import annotations

from dataclasses import replace

from kinetune.model.facts import Role
from kinetune.model.finding import Severity
from kinetune.rules.superuser_role import superuser_role
from tests.rules.made import healthy, run_one

POSTGRES = Role("postgres", superuser=True, create_database=True, owns_table=True, may_create=True)


def test_a_superuser_is_a_warning() -> None:
    (found,) = run_one(superuser_role, healthy(role=POSTGRES, database="K3s"))
    assert (found.severity, found.on) == (Severity.WARNING, "postgres")
    assert "is a superuser" in found.says
    assert found.do.startswith('CREATE ROLE kine LOGIN; ALTER DATABASE "K3s" OWNER TO kine; ALTER TABLE public.kine')


def test_before_there_is_a_table_the_database_is_handed_over() -> None:
    (found,) = run_one(superuser_role, healthy(role=POSTGRES, table=None))
    assert "ALTER TABLE" not in found.do


def test_where_the_table_has_an_owner_that_one_is_named() -> None:
    table = healthy().table
    assert table
    (found,) = run_one(superuser_role, healthy(role=POSTGRES, table=replace(table, owner="keeper")))
    assert found.do == "use role keeper, the owner of the table, in Kine's endpoint"


def test_an_ordinary_role_is_fine() -> None:
    assert run_one(superuser_role, healthy()) == ()
