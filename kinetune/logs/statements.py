"""Which of Kine's statements a text in a log is, and which resource it is about. Results are cached: texts repeat."""

from __future__ import annotations

import re
from functools import lru_cache

from kinetune.kine.keyspace import resource_prefix
from kinetune.kine.queries import load_catalogue
from kinetune.kine.query_recognition import eras_of_clauses, name_of, name_of_dialect
from kinetune.kine.releases import ERAS
from kinetune.logs.options import GroupBy

StatementName = tuple[str, tuple[str, ...]]
"""Kine's name for a statement, and the names of the eras that send it."""
NOT_FROM_KINE: StatementName = ("", ())
MAX_STATEMENT_BYTES = 16_384
"""Kine's longest statement has about 1,000 bytes. A longer text is not Kine's, and would fill the cache."""
_FIRST_NAMED_ERA = 17
"""E17 is Kine v0.16.0, the first release that logs the name of a query."""
_NAMES_OF_E17 = "v0.16.3"
# Outside of literals, Kine's statements have no backslash. remove_literals makes #000 of #012.
_ESCAPED_BLANKS = re.compile(rb"\\+[nrt]|#0(?:1[125]|00)")
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_ARGUMENT = re.compile(rb"(?:^\[*|(?<= ))(/[^\s\]]+|gap-\d+)")
_LITERAL = re.compile(rb"'(/[^']+|gap-\d+)'")
_ESCAPED = re.compile(r"[\^\\]([%_^\\])")
# What Kine sends at its start; the names of its indexes begin with kine_ (docs/facts/kine.md).
_SCHEMA = re.compile(r"(?i)\s*create (?:unique )?(?:table|index) if not exists \"?(?:kine|kine_\w+)\"?(?=[\s(])")
_FILL_OR_INSERT = re.compile(r"(?i)\s*insert into \"?kine\"? ?\(\s*(id\b)?")


def recognise_statement(sql: bytes) -> StatementName:
    """Kine's name for the statement and its eras; NOT_FROM_KINE for any other statement."""
    bare = remove_literals(sql)
    return _recognise_text(bare) if len(bare) < MAX_STATEMENT_BYTES else NOT_FROM_KINE


def remove_literals(sql: bytes) -> bytes:
    """
    The statement with '' for each literal and 0 for all digits; unchanged if it has none of the former.

    Kine v0.16.0 and later logs literals instead of parameters. Without them the same statement has the same text again
    and is found in a cache.
    """
    parts = sql.split(b"'")
    return b"''".join(parts[::2]).translate(_ZEROS) if len(parts) > 1 else sql


@lru_cache(maxsize=4096)
def _recognise_text(sql: bytes) -> StatementName:
    text = _decode_statement(sql)
    found = name_of(text) or name_of(text.replace("?", "$1"))  # on SQLite and MySQL, Kine logs ? for $1
    if found:
        return found[1], found[0]
    return _recognise_clauses(" ".join(text.split())) or name_of_dialect(text), eras_of_clauses(text)


def _decode_statement(sql: bytes) -> str:
    """The text with blanks for escaped newlines and tabs: `\\n` of many collectors, `#012` of rsyslog."""
    if b"\\" in sql or b"#0" in sql:
        sql = _ESCAPED_BLANKS.sub(b" ", sql)
    return sql.decode("utf-8", "replace")


@lru_cache(maxsize=1024)
def is_recorded_statement(sql: bytes) -> bool:
    """Whether the statement is exactly one that a recorded era sends."""
    text = _decode_statement(remove_literals(sql[:MAX_STATEMENT_BYTES]))
    return bool(name_of(text) or name_of(text.replace("?", "$1")))


def _recognise_clauses(text: str) -> str:
    """
    The name of a statement from its clauses, for eras whose statements were not recorded; empty for any other text.

    Source: kine pkg/drivers/generic, v0.5.1 to v0.17.5. `name >` and `name >=` are the start of a page, `id <=` is a
    revision, `id >` selects the events after one.
    """
    if _SCHEMA.match(text):
        return "Schema"
    if inserts := _FILL_OR_INSERT.match(text):
        return "Fill" if inserts[1] else "Insert"
    if not re.search(r"(?i)\bfrom kine as [rm]?kv\b", text) or not text.lower().startswith(("select", "with")):
        return ""
    at_revision, paged = re.search(r"\bid <= ", text), re.search(r"\bname >=? ", text)
    if "COUNT(" in text:
        return "CountRevision" if at_revision else "CountCurrent"
    if re.search(r"\bkv\.id > ", text):
        return "AfterOldVal" if "kv.name AS thename" in text else "After"
    if "theid" not in text:
        return ""
    name = "GetCurrent"
    if at_revision:
        name = "GetRevisionAfter" if paged or "ikv.id" in text else "ListRevisionStart"
    return name if "old_value" in text or "value" not in text else f"{name}Val"


def find_eras(name: str, recognised: StatementName) -> tuple[str, ...]:
    """
    The eras of a statement whose name is in the log: those of its text which have a query of that name. Empty for a
    text that no known era sends: a later release may.
    """
    if name == recognised[0]:
        return recognised[1]
    known = eras_with(name)
    return tuple(era for era in recognised[1] if era in known)


@lru_cache(maxsize=64)
def eras_with(name: str) -> tuple[str, ...]:
    """The eras that log the name of a query and have a query of that name. E17 was not recorded; it has E18's names."""
    return tuple(
        era.name
        for era in ERAS
        if int(era.number[1:]) >= _FIRST_NAMED_ERA and name in load_catalogue(era.catalogue or _NAMES_OF_E17)
    )


def find_literal_key(sql: bytes) -> bytes:
    """The first key in quotes, in a statement or in PostgreSQL's list of parameters; empty if there is none."""
    found = _LITERAL.search(sql)
    return found[1] if found else b""


def find_argument_key(arguments: bytes) -> bytes:
    """The first key in Go's form of arguments, `[[/registry/pods/% false]]`; empty if there is none."""
    found = _ARGUMENT.search(arguments, 0, 4096)  # the key comes first; the value of an object may be megabytes
    return found[1] if found else b""


@lru_cache(maxsize=8192)
def locate_key(key: bytes, by: GroupBy) -> tuple[str, str]:
    """
    The resource of a key, and what calls are grouped by: the prefix of its namespace, the key itself, or "".

    The key may be a LIKE pattern: the `%` at its end and the escapes are removed. Kine pages from the key plus NUL, and
    v0.14.4 writes \\x1a for NUL: what follows either is not part of the key.
    """
    text = key.decode("utf-8", "replace")
    bare = _ESCAPED.sub(r"\1", text.removesuffix("%")).split("\0")[0].split("\x1a")[0]
    resource = resource_prefix(bare)
    if by is GroupBy.KEY:
        return resource, bare
    if by is GroupBy.NAMESPACE:
        namespace, found, _ = bare.removeprefix(resource).partition("/")
        return resource, f"{resource}{namespace}/" if found else resource
    return resource, ""
