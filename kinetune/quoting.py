"""Text of one language as a token of another: SQL, shell, YAML, Compose, systemd, HTML comments."""

from __future__ import annotations

import json
import re
import shlex

_BARE = re.compile(r"[a-z_][a-z0-9_]*")

# What quote_ident quotes: all of PostgreSQL 18's src/include/parser/kwlist.h that is not UNRESERVED. Holds all of 15's.
_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
    char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
    json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
    not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
    primary real references returning right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
    varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
_KEYWORDS = frozenset(_WORDS.split())


def identifier(name: str) -> str:
    """One SQL identifier. The same name as psycopg.sql.Identifier makes, but quoted only where the server needs it."""
    if "\0" in name or not name:
        raise ValueError(f"not an SQL identifier: {name!r}")
    if _BARE.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """One SQL string literal, read the same whatever standard_conforming_strings says."""
    if "\0" in value:
        raise ValueError("PostgreSQL's text holds no NUL")
    quoted = "'" + value.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in quoted else quoted


def shell(value: str) -> str:
    """One word of a POSIX shell."""
    return shlex.quote(_line(value))


def yaml(value: str) -> str:
    """One double-quoted scalar: YAML 1.1 and 1.2, JSON, and TOML read it alike."""
    return json.dumps(_line(value), ensure_ascii=False)


def compose(value: str) -> str:
    """A scalar of a Compose file, which reads $ as the start of a variable."""
    return yaml(value).replace("$", "$$")


def unit(value: str) -> str:
    """One word of ExecStart: systemd.service(5) expands $ and %, systemd.syntax(7) unquotes and reads escapes."""
    return '"' + re.sub(r'([\\"])', r"\\\1", _line(value)).replace("%", "%%").replace("$", "$$") + '"'


def envfile(value: str) -> str:
    """A value of systemd's EnvironmentFile= (systemd.exec(5)); a shell reads it alike."""
    return '"' + re.sub(r'([\\"$`])', r"\\\1", _line(value)) + '"'


def remark(value: str) -> str:
    """The inside of an HTML comment, which holds no end of it."""
    return _line(value).replace("--" + ">", "-- >")


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"not one line of text: {value!r}")
    return value
