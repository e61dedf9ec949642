"""Quote a text as one token of SQL, shell, YAML, Compose, systemd units and HTML comments."""

from __future__ import annotations

import json
import re
import shlex

_BARE = re.compile(r"[a-z_][a-z0-9_]*")

# Words that quote_ident() quotes: all of PostgreSQL 18's src/include/parser/kwlist.h except UNRESERVED ones. They
# include those of all older releases, and an unnecessary quote does no harm.
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


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def identifier(name: str) -> str:
    """An SQL identifier. The same name as of psycopg.sql.Identifier, but quoted only if the server requires it."""
    if "\0" in name or not name:
        raise ValueError(f"not an SQL identifier: {name!r}")
    if _BARE.fullmatch(name) and name not in _KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """An SQL string literal with the same meaning for both values of standard_conforming_strings."""
    if "\0" in value:
        raise ValueError("text in PostgreSQL cannot contain NUL")
    quoted = "'" + value.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in quoted else quoted


def shell(value: str) -> str:
    """One word of a POSIX shell."""
    return shlex.quote(_line(value))


def yaml(value: str) -> str:
    """A double-quoted scalar with the same meaning in YAML 1.1 and 1.2, JSON and TOML."""
    return json.dumps(_line(value), ensure_ascii=False)


def compose(value: str) -> str:
    """A scalar of a Compose file, in which $ starts a variable."""
    return yaml(value).replace("$", "$$")


def unit(value: str) -> str:
    """One word of ExecStart: systemd.service(5) expands $ and %, systemd.syntax(7) unquotes and reads escapes."""
    return '"' + re.sub(r'([\\"])', r"\\\1", _line(value)).replace("%", "%%").replace("$", "$$") + '"'


def envfile(value: str) -> str:
    """A value for systemd's EnvironmentFile= (systemd.exec(5)), with the same meaning in a shell."""
    return '"' + re.sub(r'([\\"$`])', r"\\\1", _line(value)) + '"'


def remark(value: str) -> str:
    """The text of an HTML comment: it must not contain the end of one."""
    return _line(value).replace("--" + ">", "-- >")


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(f"not one line of text: {value!r}")
    return value


def show_controls(text: str) -> str:
    """Control characters as `\\x1b`: an object key must not move the cursor or reverse the direction of a line."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
