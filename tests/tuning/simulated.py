"""A server that is no more than its facts: what each statement of a script does to them, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from kinetune.kine.schema import COLUMNS
from kinetune.model.facts import Column, Facts, Index, Key, ObservedIndex, Order, Relation, Sequence

NAMES = ("kine", "kinetune_new_kine", "kine_before_init", "kinetune_staged_kine")
Tables = dict[str, Relation]


def after(facts: Facts, statement: str) -> Facts:
    """The facts once the statement has run. AssertionError for one that would fail, or is not known here."""
    if settings := re.fullmatch(r"ALTER DATABASE \S+ (SET|RESET) (\w+)(?: = '(.*)')?", statement):
        word, name, value = settings.groups()
        kept = {key: old for key, old in facts.database_settings.items() if key != name}
        return replace(facts, database_settings=kept | {name: value} if word == "SET" else kept)
    tables: Tables = {name: seen for name, seen in [("kine", facts.table), *facts.beside.items()] if seen}
    for form, act in FORMS:
        if found := re.fullmatch(form, statement, re.DOTALL):
            act(tables, *found.groups())
            break
    else:
        raise AssertionError(f"not known here: {statement}")
    assert set(tables) <= set(NAMES), statement
    return replace(facts, table=tables.pop("kine", None), beside=tables)


def _nothing(_: Tables, *__: str) -> None:
    """Rows are not simulated."""


def _raise(tables: Tables, name: str) -> None:
    for table, seen in tables.items():
        if seen.sequence and seen.sequence.name == name:
            tables[table] = replace(seen, last_id=seen.max_id)


def _create(tables: Tables, name: str, body: str) -> None:
    assert name not in tables
    columns = tuple(
        Column(name, kind, collation)
        for name, kind, collation in re.findall(
            r'^    (\w+) (\w+)(?: COLLATE "(C)")?(?: NOT NULL)?,$', body, re.MULTILINE
        )
    )
    assert [column.name for column in columns] == [column.name for column in COLUMNS]
    columns = tuple(replace(column, collation=column.collation or None) for column in columns)
    order = re.search(r"PRIMARY KEY \(id ?(\w*)\)", body)
    assert order is not None
    key = Index("kinetune_new_kine_pkey", (Key("id", Order((order[1] or "asc").lower())),), unique=True)
    seen = ObservedIndex(key, constraint=key.name)
    tables[name] = Relation("public", "r", columns, seen, (), None, owner="kine")


def _index(tables: Tables, *parts: str) -> None:
    unique, name, table, keys, include, predicate = parts
    _free(tables, name)
    made = tuple(_key(text) for text in keys.split(", "))
    index = Index(name, made, bool(unique), tuple(include.split(", ")) if include else (), predicate or None)
    tables[table] = replace(tables[table], indexes=(*tables[table].indexes, ObservedIndex(index)))


def _key(text: str) -> Key:
    column, *order = text.split()
    return Key(column, Order(order[0].lower()) if order else Order.ASC)


def _free(tables: Tables, name: str) -> None:
    taken = {seen.index.name for table in tables.values() for seen in table.indexes}
    taken |= {table.primary_key.constraint or "" for table in tables.values() if table.primary_key}
    assert name not in taken, f"{name} is taken"


def _rename(tables: Tables, old: str, new: str) -> None:
    assert new not in tables
    tables[new] = tables.pop(old)
    for name, table in tables.items():  # what it owns is owned by its new name
        if table.sequence and table.sequence.owned_by == (old, "id"):
            tables[name] = replace(table, sequence=replace(table.sequence, owned_by=(new, "id")))


def _rename_key(tables: Tables, table: str, old: str, new: str) -> None:
    _free(tables, new)
    key = tables[table].primary_key
    assert key is not None
    assert key.constraint == old
    tables[table] = replace(tables[table], primary_key=ObservedIndex(replace(key.index, name=new), constraint=new))


def _rename_index(tables: Tables, old: str, new: str) -> None:
    _free(tables, new)
    (table,) = (name for name, seen in tables.items() if seen.index(old))
    renamed = (
        replace(seen, index=replace(seen.index, name=new)) if seen.index.name == old else seen
        for seen in tables[table].indexes
    )
    tables[table] = replace(tables[table], indexes=tuple(renamed))


def _drop_index(tables: Tables, name: str) -> None:
    (table,) = (table for table, seen in tables.items() if seen.index(name))
    kept = tuple(seen for seen in tables[table].indexes if seen.index.name != name)
    tables[table] = replace(tables[table], indexes=kept)


MADE: dict[str, Sequence] = {}
"""Sequences that are there and that no table draws from yet."""


def _drop(tables: Tables, name: str) -> None:
    del tables[name]


def _sequence(_: Tables, *parts: str) -> None:
    name, kind, step, cache, owner = parts
    MADE.setdefault(name, Sequence(name, kind, int(cache), int(step), (owner, "id")))


def _default(tables: Tables, table: str, name: str) -> None:
    drawn = (seen.sequence for seen in tables.values() if seen.sequence and seen.sequence.name == name)
    found = next(drawn, None) or MADE[name]
    tables[table] = replace(tables[table], sequence=found)


def _no_default(tables: Tables, table: str) -> None:
    tables[table] = replace(tables[table], sequence=None)


def _alter_sequence(tables: Tables, *parts: str) -> None:
    name, kind, step, cache, owner = parts
    made = Sequence(name, kind, int(cache), int(step), (owner, "id"))
    for table, seen in tables.items():
        if seen.sequence and seen.sequence.name == name:
            tables[table] = replace(seen, sequence=made)


def _analyse(tables: Tables, table: str) -> None:
    tables[table] = replace(tables[table], rows=2_000)


FORMS: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"SELECT format\(.*|DO \$(?:compare|unwritten|superseded)\$.*", _nothing),
    (r"SELECT setval\('(\w+)'.*", _raise),
    (r"INSERT INTO \w+ \(.*|DELETE FROM \w+ WHERE id < 1|DO \$note\$.*", _nothing),
    (r"DO \$unless\$ BEGIN IF EXISTS \(.*\) THEN RAISE .*; END IF; ALTER TABLE (\w+) RENAME TO (\w+); END .*", _rename),
    (r"DO \$unless\$ BEGIN IF EXISTS \(.*\) THEN RAISE .*; END IF; DROP TABLE (\w+); END .*", _drop),
    (r"CREATE TABLE (?:public\.)?(kinetune_\w+) \((.*)\)", _create),
    (
        r"CREATE (UNIQUE )?INDEX (?:NONCONCURRENTLY |CONCURRENTLY )?(\w+) ON (\w+) \(([^)]*)\)"
        r"(?: INCLUDE \((.*)\))?(?: WHERE (.*))?",
        _index,
    ),
    (r"DROP INDEX (?:CONCURRENTLY )?(\w+)", _drop_index),
    (r"ALTER TABLE (\w+) RENAME TO (\w+)", _rename),
    (r"ALTER TABLE (\w+) RENAME CONSTRAINT (\w+) TO (\w+)", _rename_key),
    (r"ALTER INDEX (\w+) RENAME TO (\w+)", _rename_index),
    (
        r"CREATE SEQUENCE (?:IF NOT EXISTS )?(?:public\.)?(\w+) AS (\w+) INCREMENT BY (\d+) CACHE (\d+)"
        r" OWNED BY (?:public\.)?(\w+)\.id",
        _sequence,
    ),
    (r"ALTER SEQUENCE (\w+) AS (\w+) INCREMENT BY (\d+) CACHE (\d+) OWNED BY (\w+)\.id", _alter_sequence),
    (r"ALTER TABLE (\w+) ALTER COLUMN id SET DEFAULT nextval\('(\w+)'::regclass\)", _default),
    (r"ALTER TABLE (\w+) ALTER COLUMN id DROP DEFAULT", _no_default),
    (r"(?:VACUUM )?\(?ANALYZE\)? (\w+)", _analyse),
)
