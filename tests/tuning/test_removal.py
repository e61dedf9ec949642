"""What is Kine's and kinetune's goes, statement by statement, and nothing else is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kinetune.model.facts import ObservedIndex, Role, Sequence
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.holdings import Holdings, Leftover, StoreUser, WriteWatch
from kinetune.model.script import Script
from kinetune.model.server import Server
from kinetune.model.unknown import Unknown
from kinetune.tuning.refusals import require_drop_privileges
from kinetune.tuning.removal import (
    find_drop_hazards,
    plan_database_drop,
    plan_removal,
    refuse_dependants,
)
from tests.tuning.made import OWNER, PG15, SERVERS, YB, facts_of, plain, wanted

AT = datetime(2026, 11, 23, tzinfo=UTC)
LEFT = (
    Leftover("table", "public", "kine_before_init"),
    Leftover("table", "kinetune_shadow", "kine"),
    Leftover("sequence", "public", "kine_seq"),
    Leftover("schema", "kinetune_shadow", "kinetune_shadow"),
)


def held(server: Server = PG15, /, **changes: Any) -> Holdings:
    return Holdings(facts_of(wanted("tuned", server, "E07"), server, **changes), leftovers=LEFT)


def texts(script: Script) -> list[str]:
    return [text for step in script.steps for text in step.statements]


def test_on_postgresql_the_table_goes_in_one_transaction_that_looks_at_the_newest_revision_again() -> None:
    script = plan_removal(held())
    first, *rest = script.steps
    assert first.atomic
    assert first.statements == (
        "LOCK TABLE public.kine IN ACCESS EXCLUSIVE MODE",
        "DO 'BEGIN\n  IF (SELECT MAX(id) FROM public.kine) IS DISTINCT FROM 100 THEN\n"
        "    RAISE ''kine has been written to'' USING ERRCODE = ''KT001'';\n  END IF;\nEND'",
        "DROP TABLE public.kine",
    )
    assert [text for step in rest for text in step.statements] == [
        "DROP TABLE public.kine_before_init",
        "DROP TABLE kinetune_shadow.kine",
        "DROP SEQUENCE public.kine_seq",
        "DROP SCHEMA kinetune_shadow",
        "ALTER DATABASE kubernetes RESET plan_cache_mode",
        "ALTER DATABASE kubernetes RESET random_page_cost",
        "ALTER DATABASE kubernetes RESET enable_mergejoin",
    ]


def test_on_yugabytedb_each_object_is_a_statement_of_its_own_and_the_table_is_the_last_of_its_own() -> None:
    script = plan_removal(held(YB, sequence=Sequence("kine_seq", "bigint", 100)))
    assert not any(step.atomic for step in script.steps)
    assert {len(step.statements) for step in script.steps} == {1}
    assert texts(script) == [
        "ALTER SEQUENCE public.kine_seq OWNED BY public.kine.id",
        "DROP INDEX public.kine_name_index",
        "DROP INDEX public.kine_name_id_index",
        "DROP INDEX public.kine_id_deleted_index",
        "DROP INDEX public.kine_prev_revision_index",
        "DROP INDEX public.kine_name_prev_revision_uindex",
        "DROP INDEX public.kine_list_query_index",
        "DROP TABLE public.kine",
        "DROP TABLE public.kine_before_init",
        "DROP TABLE kinetune_shadow.kine",
        "DROP SEQUENCE public.kine_seq",
        "DROP SCHEMA kinetune_shadow",
        *(f"ALTER DATABASE kubernetes RESET {name}" for name in wanted("tuned", YB, "E07").settings),
    ]


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_where_nothing_is_left_nothing_is_done(server: Server) -> None:
    facts = replace(facts_of(wanted("tuned", server), server), table=None, database_settings={})
    assert not plan_removal(Holdings(facts))


def test_an_unowned_sequence_goes_in_the_transaction_of_its_table() -> None:
    step = plan_removal(held(sequence=Sequence("kine_seq", "bigint", 100))).steps[0]
    assert step.statements[-2:] == ("DROP TABLE public.kine", "DROP SEQUENCE public.kine_seq")


def test_settings_of_somebody_else_stay() -> None:
    facts = replace(facts_of(wanted("tuned")), database_settings={"random_page_cost": "2", "work_mem": "64MB"})
    assert not [text for text in texts(plan_removal(Holdings(facts))) if "RESET" in text]


def test_a_name_is_quoted_whatever_it_is() -> None:
    odd = ObservedIndex(plain('x"; DROP TABLE t; --', "name"))
    statements = texts(plan_removal(held(YB, schema='a"b', indexes=(odd,))))
    assert 'DROP INDEX "a""b"."x""; DROP TABLE t; --"' in statements
    assert 'DROP TABLE "a""b".kine' in statements


def test_what_is_not_kines_is_refused() -> None:
    for script in (plan_removal, lambda seen: plan_database_drop(seen, force=False)):
        with pytest.raises(Refused, match="is a view, not Kine's table"):
            script(held(kind="v"))


@pytest.mark.parametrize(("server", "force", "end"), [(PG15, True, " WITH (FORCE)"), (PG15, False, ""), (YB, True, "")])
def test_a_whole_database_goes_from_outside(server: Server, force: bool, end: str) -> None:
    (step,) = plan_database_drop(held(server), force=force).steps
    assert step.statements == (f"DROP DATABASE kubernetes{end}",)
    assert not step.in_database


@pytest.mark.parametrize("name", ["postgres", "yugabyte", "template1"])
def test_a_database_of_the_servers_own_stays(name: str) -> None:
    with pytest.raises(Refused, match="is a database of the server itself"):
        plan_database_drop(Holdings(replace(facts_of(wanted("stock")), database=name)), force=True)


def watched(**changes: Any) -> WriteWatch:
    return replace(WriteWatch(10.0, "", Unknown("off")), **changes)


def test_what_speaks_against_it_is_told_by_name() -> None:
    seen = held()
    assert list(find_drop_hazards(seen, database=False)) == []
    idle, busy = StoreUser(7, "psql", ""), StoreUser(8, "", "holds a lock on kine")
    assert list(find_drop_hazards(replace(seen, users=(idle,)), database=False)) == []
    for users, database in (((idle, busy), False), ((idle,), True)):
        ((hazard, why),) = find_drop_hazards(replace(seen, users=users), database=database)
        assert hazard == "KINE_RUNS"
        assert "server process 8 holds a lock on kine" in why or "the session psql is connected" in why
    ((hazard, why),) = find_drop_hazards(replace(seen, watched=watched(wrote="x moved")), database=False)
    assert (hazard, why) == ("RECENT_WRITES", "the store is being written to: x moved within 10.0 s")
    ((hazard, why),) = find_drop_hazards(replace(seen, watched=watched(written_at=AT, age=59.0)), database=False)
    assert (hazard, why) == ("RECENT_WRITES", "the newest revision was written 59 s ago")
    assert list(find_drop_hazards(replace(seen, watched=watched(written_at=AT, age=60.0)), database=False)) == []
    others = replace(seen, others=("public.a", "public.b", "public.c", "public.d"))
    assert list(find_drop_hazards(others, database=False)) == []
    ((hazard, why),) = find_drop_hazards(others, database=True)
    assert (hazard, why) == (
        "OTHER_RELATIONS",
        "the database contains relations that are not Kine's: public.a, public.b, public.c and 1 more",
    )


def test_what_depends_on_the_table_keeps_it() -> None:
    refuse_dependants(held())
    with pytest.raises(Refused, match="nothing was changed: view v depend on the table kine; drop these objects first"):
        refuse_dependants(replace(held(), dependants=("view v",)))


def test_who_lacks_a_right_hears_of_the_statement_that_gives_it() -> None:
    def role(**changes: Any) -> Holdings:
        seen = held(owner="keeper")
        return replace(seen, facts=replace(seen.facts, role=replace(OWNER, **changes)))

    def told(seen: Holdings) -> str:
        with pytest.raises(CouldNotLook) as failure:
            require_drop_privileges(seen, plan_removal(seen))
        return str(failure.value)

    require_drop_privileges(role(), plan_removal(role()))
    require_drop_privileges(role(superuser=True, owns_table=False), plan_removal(role()))
    assert told(role(owns_table=False)).endswith("administrator for: GRANT keeper TO kine, or connect as keeper")
    assert "does not own the database kubernetes; ask the administrator for: ALTER DATABASE kubernetes RESET" in told(
        role(owns_database=False)
    )
    seen = replace(role(), leftovers=(Leftover("schema", "kinetune_x", "kinetune_x", owned=False),))
    assert told(seen).endswith("ALTER SCHEMA kinetune_x OWNER TO kine")
    nobody = replace(role().facts, role=Role("guest", False, False, False, False, owns_database=False))
    with pytest.raises(CouldNotLook, match="administrator for: DROP DATABASE kubernetes"):
        require_drop_privileges(Holdings(nobody), plan_database_drop(Holdings(nobody), force=False))
