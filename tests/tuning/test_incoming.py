"""Rows go into a table under another name; it gets all that belongs to it, and its own name last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kinetune.model.backup import StoredGrant, StoredIndex, TableDefinition
from kinetune.model.facts import Facts
from kinetune.model.failure import CouldNotLook, Refused
from kinetune.model.incoming import IncomingComment, IncomingPlace
from kinetune.model.script import Script
from kinetune.model.server import Server
from kinetune.tuning import incoming
from kinetune.tuning.incoming import definition_from_profile, digest_definition, plan_incoming
from tests.tuning.made import PG15, PG16, YB, facts_of, wanted

HERE = IncomingPlace("public", "x.kinetune", roles=frozenset({"kine"}))
NEWEST = 107


def definition(server: Server = PG15, /, **changes: Any) -> TableDefinition:
    target = wanted("tuned", server)
    stored = tuple(
        StoredIndex(index, f"CREATE INDEX {index.name} ON kinetune_incoming USING own WORDS")
        for index in target.indexes
    )
    made = definition_from_profile(target)
    return replace(made, **{"indexes": stored, "settings": {}, "owner": "kine", "flavour": server.flavour} | changes)


def empty(server: Server = PG15, /, **changes: Any) -> Facts:
    return replace(facts_of(wanted("tuned", server), server), table=None, database_settings={}, **changes)


def texts(*scripts: Script) -> list[str]:
    return [text for script in scripts for step in script.steps for text in step.statements]


def made(way: incoming.IncomingScripts) -> list[str]:
    return texts(way.before_rows, way.after_rows)


def left_behind(server: Server = PG15, /, **changes: Any) -> IncomingPlace:
    """What a run from the same source has left, before any index."""
    comment = IncomingComment("x.kinetune", digest_definition(definition(server)), "kine")
    known: dict[str, Any] = {"exists": True, "comment": comment, "key": incoming.INCOMING_KEY}
    return replace(HERE, **known | changes)


def test_on_yugabytedb_no_statement_needs_another_to_be_undone() -> None:
    way = plan_incoming(definition(YB), empty(YB), HERE, NEWEST)
    assert not any(step.atomic for step in (*way.before_rows.steps, *way.after_rows.steps))
    create, *planted, comment = texts(way.before_rows)
    assert create == (
        'CREATE TABLE public.kinetune_incoming (\n    id bigint NOT NULL,\n    name text COLLATE "C",\n'
        "    created integer,\n    deleted integer,\n    create_revision bigint,\n    prev_revision bigint,\n"
        "    lease integer,\n    value bytea,\n    old_value bytea,\n"
        "    CONSTRAINT kinetune_incoming_pkey PRIMARY KEY (id ASC)\n)"
    )
    assert [text.split("(")[0].strip() for text in planted] == [
        "INSERT INTO public.kinetune_incoming",
        "ANALYZE public.kinetune_incoming",
        "DELETE FROM public.kinetune_incoming WHERE id < 1",
    ]
    assert comment.startswith("COMMENT ON TABLE public.kinetune_incoming IS ")
    *indexes, sequence, default, raised, key, renamed, _ = texts(way.after_rows)
    assert (
        indexes[0] == "CREATE INDEX NONCONCURRENTLY kine_name_index ON public.kinetune_incoming (lease ASC) WHERE false"
    )
    assert len(indexes) == 6
    assert all(" ON public.kinetune_incoming (" in text for text in indexes)
    assert (sequence, default, raised, key, renamed) == (
        "CREATE SEQUENCE public.kine_id_seq AS bigint INCREMENT BY 1 CACHE 1 OWNED BY public.kinetune_incoming.id",
        "ALTER TABLE public.kinetune_incoming ALTER COLUMN id SET DEFAULT nextval('public.kine_id_seq'::regclass)",
        "SELECT setval('public.kine_id_seq', 107)",
        "ALTER TABLE public.kinetune_incoming RENAME CONSTRAINT kinetune_incoming_pkey TO kine_pkey",
        "ALTER TABLE public.kinetune_incoming RENAME TO kine",
    )


def test_a_table_that_plants_nothing_is_analysed_after_its_rows() -> None:
    way = plan_incoming(definition(YB, plants=False), empty(YB), HERE, NEWEST)
    assert not [text for text in texts(way.before_rows) if "INSERT" in text]
    assert "ANALYZE public.kinetune_incoming" in texts(way.after_rows)


def test_indexes_may_come_before_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "INDEXES_BEFORE_ROWS", frozenset({YB.flavour}))
    way = plan_incoming(definition(YB), empty(YB), HERE, NEWEST)
    assert len([text for text in texts(way.before_rows) if text.startswith("CREATE") and "INDEX" in text]) == 6
    assert not [text for text in texts(way.after_rows) if "INDEX" in text]


def test_on_a_server_of_the_same_kind_an_index_is_made_in_its_own_words() -> None:
    then = texts(plan_incoming(definition(PG15), empty(PG16), HERE, NEWEST).after_rows)
    assert then[0] == "CREATE INDEX kine_name_index ON public.kinetune_incoming USING own WORDS"


def test_a_profile_has_no_words_of_a_server() -> None:
    way = plan_incoming(definition_from_profile(wanted("tuned", PG15)), empty(), HERE, None)
    assert "CREATE INDEX kine_name_index ON public.kinetune_incoming (lease) WHERE false" in texts(way.after_rows)
    assert "SELECT setval('public.kine_id_seq', (SELECT MAX(id) FROM public.kinetune_incoming))" in texts(
        way.after_rows
    )
    other = made(plan_incoming(definition_from_profile(wanted("tuned", YB)), empty(YB), HERE, 1))
    assert "ALTER DATABASE kubernetes SET yb_bnl_batch_size = '1024'" in other
    assert not [text for text in texts(way.after_rows) if "OWNER TO" in text]


def test_from_one_kind_of_server_to_the_other_only_what_cannot_be_told_is_left_out() -> None:
    stored = definition(YB).indexes
    odd = replace(stored[0], whole=False)
    way = plan_incoming(definition(YB, indexes=(odd, *stored[1:])), empty(PG15), HERE, NEWEST)
    assert way.left_out == (odd,)
    assert texts(way.after_rows)[0].startswith("CREATE INDEX kine_name_id_index ON public.kinetune_incoming (")
    assert "PRIMARY KEY (id)\n" in texts(way.before_rows)[0]


def test_what_an_interrupted_run_has_left_is_continued() -> None:
    left = left_behind(indexes=("kine_name_index", "kine_name_id_index"), invalid=("kine_name_id_index",))
    way = plan_incoming(definition(), empty(), left, NEWEST)
    assert way.continues
    assert not way.before_rows
    drop, first, *_ = texts(way.after_rows)
    assert drop == "DROP INDEX public.kine_name_id_index"
    assert first.startswith("CREATE INDEX kine_name_id_index ")
    assert "CREATE SEQUENCE IF NOT EXISTS public.kine_id_seq" in "".join(texts(way.after_rows))
    assert [text for text in texts(way.after_rows) if "RENAME CONSTRAINT" in text] != []
    last = plan_incoming(definition(), empty(), replace(left, key="kine_pkey"), NEWEST)
    assert [text for text in texts(last.after_rows) if "RENAME CONSTRAINT" in text] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"comment": None},  # it was interrupted before its statistics were complete
        {"comment": IncomingComment("y.kinetune", digest_definition(definition()))},
        {"comment": IncomingComment("x.kinetune", digest_definition(definition_from_profile(wanted("stock"))))},
    ],
    ids=["incomplete", "another source", "another definition"],
)
def test_what_a_run_of_another_kind_has_left_goes_first(changes: dict[str, Any]) -> None:
    left = left_behind(indexes=("kine_name_index",), **changes)
    way = plan_incoming(definition(), empty(), left, NEWEST)
    assert not way.continues
    assert texts(way.before_rows)[0] == "DROP TABLE public.kinetune_incoming"
    assert len([text for text in texts(way.after_rows) if "INDEX" in text]) == 6
    assert texts(plan_incoming(definition(YB), empty(YB), left, NEWEST).before_rows)[:2] == [
        "DROP INDEX public.kine_name_index",
        "DROP TABLE public.kinetune_incoming",
    ]


def test_a_table_without_rows_leaves_the_sequence_at_its_beginning() -> None:
    assert not [text for text in made(plan_incoming(definition(), empty(), HERE, 0)) if "setval" in text]


def test_settings_that_kinetune_had_made_come_back_and_no_other() -> None:
    kept = definition(settings={"random_page_cost": "1.1", "work_mem": "1GB"})
    way = plan_incoming(kept, empty(), HERE, NEWEST)
    assert [text for text in made(way) if "DATABASE" in text] == [
        "ALTER DATABASE kubernetes SET random_page_cost = '1.1'"
    ]
    weak = empty(role=replace(empty().role, superuser=False, owns_database=False))
    refused = plan_incoming(kept, weak, HERE, NEWEST)
    assert (refused.unset, [text for text in made(refused) if "DATABASE" in text]) == (("random_page_cost",), [])


def test_the_table_goes_to_the_role_it_belonged_to_where_that_may_be() -> None:
    give = "ALTER TABLE public.kinetune_incoming OWNER TO k3s"
    kept = definition(owner="k3s")
    assert give in made(plan_incoming(kept, empty(), replace(HERE, roles=frozenset({"k3s"})), NEWEST))
    assert give not in made(plan_incoming(kept, empty(), HERE, NEWEST))


GRANTS = (
    StoredGrant("table", "reader", "SELECT"),
    StoredGrant("sequence", "", "USAGE"),
    StoredGrant("table", "gone", "SELECT"),
)


def test_what_others_might_do_they_may_again_where_they_are_known() -> None:
    way = plan_incoming(definition(grants=GRANTS), empty(), replace(HERE, known=frozenset({"reader"})), NEWEST)
    assert [text for text in texts(way.after_rows) if "GRANT" in text] == [
        "GRANT SELECT ON public.kinetune_incoming TO reader",
        "GRANT USAGE ON SEQUENCE public.kine_id_seq TO PUBLIC",
    ]
    assert way.strangers == ("gone",)
    with pytest.raises(ValueError):
        StoredGrant("table", "x", "SELECT ON kine TO x; --")


def with_empty_kine() -> Facts:
    facts = facts_of(wanted("stock"))
    assert facts.table is not None
    return replace(facts, table=replace(facts.table, max_id=None), database_settings={})


def test_an_empty_kine_gives_its_owner_and_privileges_to_the_new_table() -> None:
    place = replace(HERE, owner="k3s", grants=GRANTS[:1], roles=frozenset({"k3s"}), known=frozenset({"reader", "k3s"}))
    way = plan_incoming(definition_from_profile(wanted("tuned")), with_empty_kine(), place, NEWEST)
    drop, first, *rest = texts(way.after_rows)
    assert "EXISTS (SELECT 1 FROM kine)" in drop
    assert "DROP TABLE kine" in drop
    assert first.startswith("CREATE INDEX kine_name_index")
    assert "ALTER TABLE public.kinetune_incoming OWNER TO k3s" in rest
    assert "GRANT SELECT ON public.kinetune_incoming TO reader" in rest
    # The next run, which does not find it any more, knows both from the comment.
    (text,) = (text for text in texts(way.before_rows) if text.startswith("COMMENT"))
    comment = IncomingComment.parse(text.partition(" IS '")[2].removesuffix("'"))
    left = replace(HERE, exists=True, comment=comment, roles=place.roles, known=place.known)
    again = plan_incoming(definition_from_profile(wanted("tuned")), empty(), left, NEWEST)
    assert again.continues
    assert {"OWNER TO k3s", "TO reader"} <= {text.partition("kinetune_incoming ")[2] for text in made(again)}


def test_a_place_that_is_not_free_is_refused() -> None:
    full = facts_of(wanted("stock"))
    assert full.table is not None
    with pytest.raises(Refused, match=r"already has a table public\.kine"):
        plan_incoming(definition(), replace(full, table=replace(full.table, max_id=3)), HERE, NEWEST)
    view = replace(with_empty_kine(), table=replace(full.table, kind="v", max_id=None))
    with pytest.raises(Refused, match=r"already has a table public\.kine"):
        plan_incoming(definition(), view, HERE, NEWEST)
    with_trigger = replace(with_empty_kine(), table=replace(full.table, attached=("a trigger",), max_id=None))
    with pytest.raises(Refused, match="has a trigger, which a new table would not have"):
        plan_incoming(definition(), with_trigger, HERE, NEWEST)
    with pytest.raises(Refused, match=r"public\.kine_id_seq already exists"):
        plan_incoming(definition(), empty(), replace(HERE, taken=frozenset({"kine_id_seq"})), NEWEST)


def test_a_missing_right_is_named() -> None:
    role = replace(empty().role, may_create=False)
    with pytest.raises(CouldNotLook, match="GRANT CREATE ON SCHEMA public TO kine"):
        plan_incoming(definition(), empty(role=role), HERE, NEWEST)
    with pytest.raises(CouldNotLook, match="CREATE DATABASE kubernetes OWNER kine"):
        plan_incoming(definition(), empty(database_exists=False), HERE, NEWEST)


@pytest.mark.parametrize("text", [None, "", "mine", "[]", "{}", '{"origin": 1, "table": "x"}', '{"origin": "x"}'])
def test_a_comment_of_another_kind_says_nothing(text: str | None) -> None:
    assert IncomingComment.parse(text) is None
