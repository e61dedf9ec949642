"""A backup's table under another name, with all that belongs to it, and its own name last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from kinetune.model.backup import Backup, BackupSums, Manifest, StoredGrant, StoredIndex
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.script import Script
from kinetune.model.server import Server
from kinetune.tuning.restoration import RestoreTarget, plan_restoration
from tests.tuning.made import PG15, PG16, YB, facts_of, wanted

HERE = RestoreTarget("public", roles=frozenset({"kine"}))


def backup(server: Server = PG15, /, **changes: Any) -> Backup:
    target = wanted("tuned", server)
    stored = tuple(
        StoredIndex(index, f"CREATE INDEX {index.name} ON kinetune_restore USING own WORDS") for index in target.indexes
    )
    manifest = Manifest(
        kinetune="0.1.0",
        taken_at=datetime(2026, 11, 23, tzinfo=UTC),
        server=str(server),
        flavour=server.flavour,
        database="kubernetes",
        schema="public",
        owner="kine",
        columns=target.columns,
        primary_key=target.primary_key,
        sequence=target.sequence,
        indexes=stored,
    )
    return Backup(replace(manifest, **changes), BackupSums(90, 100, 107, 5000, "0" * 64))


def empty(server: Server = PG15, /, **changes: Any) -> Facts:
    return replace(facts_of(wanted("tuned", server), server), table=None, database_settings={}, **changes)


def texts(*scripts: Script) -> list[str]:
    return [text for script in scripts for step in script.steps for text in step.statements]


def test_on_yugabytedb_no_statement_needs_another_to_be_undone() -> None:
    way = plan_restoration(backup(YB), empty(YB), HERE)
    assert not any(step.atomic for step in (*way.before_rows.steps, *way.after_rows.steps))
    assert texts(way.before_rows)[:3] == [
        'CREATE TABLE public.kinetune_restore (\n    id bigint NOT NULL,\n    name text COLLATE "C",\n'
        "    created integer,\n    deleted integer,\n    create_revision bigint,\n    prev_revision bigint,\n"
        "    lease integer,\n    value bytea,\n    old_value bytea,\n    CONSTRAINT kine_pkey PRIMARY KEY (id ASC)\n)",
        "CREATE SEQUENCE public.kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY public.kinetune_restore.id",
        "ALTER TABLE public.kinetune_restore ALTER COLUMN id SET DEFAULT nextval('public.kine_id_seq'::regclass)",
    ]
    planted = [text.split("(")[0].strip() for text in texts(way.before_rows)[3:]]
    assert planted == [
        "INSERT INTO public.kinetune_restore",
        "ANALYZE public.kinetune_restore",
        "DELETE FROM public.kinetune_restore WHERE id < 1",
    ]
    *indexes, raised, renamed = texts(way.after_rows)
    assert (
        indexes[0] == "CREATE INDEX NONCONCURRENTLY kine_name_index ON public.kinetune_restore (lease ASC) WHERE false"
    )
    assert len(indexes) == 6
    assert all(" ON public.kinetune_restore (" in text for text in indexes)
    assert raised == "SELECT setval('public.kine_id_seq', 107)"
    assert renamed == "ALTER TABLE public.kinetune_restore RENAME TO kine"


def test_on_a_server_of_the_same_kind_an_index_is_made_in_its_own_words() -> None:
    then = texts(plan_restoration(backup(PG15), empty(PG16), HERE).after_rows)
    assert then[0] == "CREATE INDEX kine_name_index ON public.kinetune_restore USING own WORDS"


def test_from_one_kind_of_server_to_the_other_only_what_cannot_be_told_is_left_out() -> None:
    stored = backup(YB).manifest.indexes
    odd = replace(stored[0], whole=False)
    way = plan_restoration(backup(YB, indexes=(odd, *stored[1:])), empty(PG15), HERE)
    assert way.left_out == (odd,)
    assert texts(way.after_rows)[0].startswith("CREATE INDEX kine_name_id_index ON public.kinetune_restore (")
    assert "PRIMARY KEY (id)\n" in texts(way.before_rows)[0]


def test_what_an_interrupted_restore_has_left_goes_first() -> None:
    left = replace(HERE, taken=frozenset({"kinetune_restore"}), indexes=("kine_name_index",))
    assert texts(plan_restoration(backup(), empty(), left).before_rows)[:1] == ["DROP TABLE public.kinetune_restore"]
    assert texts(plan_restoration(backup(YB), empty(YB), left).before_rows)[:2] == [
        "DROP INDEX public.kine_name_index",
        "DROP TABLE public.kinetune_restore",
    ]


@pytest.mark.parametrize(
    ("max_id", "last", "raised"), [(100, 107, 107), (100, 3, 100), (None, 12, 12), (None, 0, None)]
)
def test_no_revision_is_given_a_second_time(max_id: int | None, last: int, raised: int | None) -> None:
    kept = backup()
    kept = replace(kept, sums=replace(kept.sums, max_id=max_id, last_id=last))
    found = [text for text in texts(plan_restoration(kept, empty(), HERE).after_rows) if "setval" in text]
    assert found == ([f"SELECT setval('public.kine_id_seq', {raised})"] if raised else [])


def test_settings_that_kinetune_had_made_come_back_and_no_other() -> None:
    kept = backup(settings={"random_page_cost": "1.1", "work_mem": "1GB"})
    found = [text for text in texts(plan_restoration(kept, empty(), HERE).after_rows) if "DATABASE" in text]
    assert found == ["ALTER DATABASE kubernetes SET random_page_cost = '1.1'"]


def test_the_table_goes_to_the_role_it_belonged_to_where_that_may_be() -> None:
    give = "ALTER TABLE public.kinetune_restore OWNER TO k3s"
    kept = backup(owner="k3s")
    assert give in texts(plan_restoration(kept, empty(), replace(HERE, roles=frozenset({"k3s"}))).after_rows)
    assert give not in texts(plan_restoration(kept, empty(), HERE).after_rows)


def test_what_others_might_do_they_may_again_where_they_are_known() -> None:
    grants = (
        StoredGrant("table", "reader", "SELECT"),
        StoredGrant("sequence", "", "USAGE"),
        StoredGrant("table", "gone", "SELECT"),
    )
    way = plan_restoration(backup(grants=grants), empty(), replace(HERE, known=frozenset({"reader"})))
    assert [text for text in texts(way.after_rows) if "GRANT" in text] == [
        "GRANT SELECT ON public.kinetune_restore TO reader",
        "GRANT USAGE ON SEQUENCE public.kine_id_seq TO PUBLIC",
    ]
    assert way.strangers == ("gone",)
    with pytest.raises(ValueError):
        StoredGrant("table", "x", "SELECT ON kine TO x; --")


def test_a_place_that_is_not_free_is_refused() -> None:
    with pytest.raises(Refused, match=r"already has a table public\.kine"):
        plan_restoration(backup(), facts_of(wanted("stock")), HERE)
    with pytest.raises(Refused, match=r"public\.kine_id_seq already exists"):
        plan_restoration(backup(), empty(), replace(HERE, taken=frozenset({"kine_id_seq"})))


def test_a_missing_right_is_named() -> None:
    role = replace(empty().role, may_create=False)
    with pytest.raises(CouldNotLook, match="GRANT CREATE ON SCHEMA public TO kine"):
        plan_restoration(backup(), empty(role=role), HERE)
    with pytest.raises(CouldNotLook, match="CREATE DATABASE kubernetes OWNER kine"):
        plan_restoration(backup(), empty(database_exists=False), HERE)
