"""Recorded YugabyteDB catalogs as facts, by the same code path as a live look."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from kinetune.database.observe import build_relation
from kinetune.model.facts import Facts, Relation
from kinetune.model.unknown import NOT_REQUESTED
from kinetune.servers.identification import identify_server
from tests.rules.made import written_by, yugabytedb

DATA = Path(__file__).parent.parent / "data" / "rules" / "yugabytedb-2.21"
VERSION = "PostgreSQL 11.2-YB-2.21.0.0-b0 on x86_64-pc-linux-gnu"
Catalog = dict[str, list[dict[str, Any]]]


def facts(name: str, release: str = "v0.17.2") -> Facts:
    """A recorded database as `check` without plans, probe and a deeper look would see it."""
    return yugabytedb(
        server=identify_server(VERSION, 110002),
        database=name,
        table=table(catalog(name)),
        settings=json.loads((DATA / "settings.json").read_text(encoding="utf-8")),
        database_settings={},
        kine=written_by(release),
        **dict.fromkeys(
            ("statistics", "growth", "integrity", "connections", "security", "probe", "recordings", "cluster"),
            NOT_REQUESTED,
        ),
    )


def with_ids(name: str) -> Facts:
    """The same with the newest id and what the sequence gave last, as recorded."""
    seen, found = facts(name), catalog(name)
    (sequence,), (rows,) = found["sequence_row"], found["row_counts"]
    last = sequence["last_value"] if sequence["is_called"] else 0
    assert seen.table is not None
    return replace(seen, table=replace(seen.table, max_id=rows["max"], last_id=last))


def catalog(name: str) -> Catalog:
    found: Catalog = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


def table(found: Catalog) -> Relation:
    """Rows of pg_catalog as sql/facts/{relation,columns,indexes,sequence}.sql would return them."""
    (kine,) = (row for row in found["pg_class"] if row["relname"] == "kine")
    row = {
        "schema": kine["nsp"],
        "kind": kine["relkind"],
        "rows": round(kine["reltuples"]),
        "bytes": _sizes(found)["kine"],
    }
    return build_relation(row, _columns(found), _indexes(found), _sequences(found))


def _columns(found: Catalog) -> list[dict[str, Any]]:
    return [
        {
            "name": row["attname"],
            "type": row["type"],
            "collation": None if row["collname"] == "default" else row["collname"],
        }
        for row in found["pg_attribute"]
        if row["rel"] == "kine" and not row["attisdropped"]
    ]


def _indexes(found: Catalog) -> list[dict[str, Any]]:
    names = {row["attnum"]: row["attname"] for row in found["pg_attribute"] if row["rel"] == "kine"}
    constraints = {row["index"]: row["conname"] for row in found["pg_constraint"] if row["contype"] in "pux"}
    return [
        {
            "name": row["index"],
            "unique": row["indisunique"],
            "primary": row["indisprimary"],
            "valid": row["indisvalid"] and row["indisready"],
            "key_count": row["indnkeyatts"],
            "columns": [names.get(number) for number in map(int, row["indkey"].split())],
            "options": list(map(int, row["indoption"].split())),
            "predicate": row["indpred"],
            "constraint": constraints.get(row["index"]),
            "bytes": _sizes(found)[row["index"]],
        }
        for row in found["pg_index"]
        if row["rel"] == "kine"
    ]


def _sequences(found: Catalog) -> list[dict[str, Any]]:
    (default,) = (row["expr"] for row in found["pg_attrdef"] if row["rel"] == "kine" and row["adnum"] == 1)
    drawn = re.fullmatch(r"nextval\('(\w+)'::regclass\)", default)
    assert drawn is not None
    (row,) = (row for row in found["pg_sequence"] if row["seq"] == drawn[1])
    names = {row["attnum"]: row["attname"] for row in found["pg_attribute"] if row["rel"] == "kine"}
    owner = next(
        (
            (used["refobjid"], names[used["refobjsubid"]])
            for used in found["pg_depend_sequence"]
            if used["objid"] == drawn[1] and used["refclassid"] == "pg_class" and used["deptype"] in "ai"
        ),
        (None, None),
    )
    return [
        {
            "name": row["seq"],
            "type": row["type"],
            "cache": row["seqcache"],
            "increment": row["seqincrement"],
            "owner_table": owner[0],
            "owner_column": owner[1],
        }
    ]


def _sizes(found: Catalog) -> dict[str, int | None]:
    return {row["relname"]: row["tab"] for row in found["sizes"]}
