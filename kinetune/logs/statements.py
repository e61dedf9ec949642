"""Which of Kine's statements a text in a log is, and which resource it is about. Results are cached: texts repeat."""

from __future__ import annotations

import re
from functools import lru_cache

from kinetune.kine.keyspace import resource_prefix
from kinetune.kine.queries import load_catalogue
from kinetune.kine.query_recognition import name_of
from kinetune.kine.releases import ERAS
from kinetune.logs.options import GroupBy

StatementName = tuple[str, tuple[str, ...]]
"""Kine's name for a statement, and the names of the eras that send it."""
NOT_FROM_KINE: StatementName = ("", ())
MAX_STATEMENT_BYTES = 16_384
"""Kine's longest statement has about 1,000 bytes. A longer text is not Kine's, and would fill the cache."""
_FIRST_NAMED_ERA = 17
"""E17 is Kine v0.16.0, the first release that logs the name of a query."""
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_ARGUMENT = re.compile(rb"(?:^\[*|(?<= ))(/[^\s\]]+|gap-\d+)")
_LITERAL = re.compile(rb"'(/[^']+|gap-\d+)'")
_ESCAPED = re.compile(r"[\^\\]([%_^\\])")
_FILL_OR_INSERT = re.compile(r"(?i)\s*insert into \"?kine\"? ?\(\s*(id\b)?")


def recognise_statement(sql: bytes) -> StatementName:
    """Kine's name for the statement and its eras; NOT_FROM_KINE for any other statement."""
    if b"'" not in sql:
        return _recognise_text(sql) if len(sql) < MAX_STATEMENT_BYTES else NOT_FROM_KINE
    # Kine v0.16.0 and later logs literals instead of parameters. Without them, and with all digits alike, the same
    # statement has the same text again and is found in the cache.
    bare = b"''".join(sql.split(b"'")[::2]).translate(_ZEROS)
    return _recognise_text(bare) if len(bare) < MAX_STATEMENT_BYTES else NOT_FROM_KINE


@lru_cache(maxsize=4096)
def _recognise_text(sql: bytes) -> StatementName:
    text = sql.decode("utf-8", "replace")
    found = name_of(text) or name_of(text.replace("?", "$1"))  # on SQLite and MySQL, Kine logs ? for $1
    if found:
        return found[1], found[0]
    return _recognise_clauses(" ".join(text.split())), ()


def _recognise_clauses(text: str) -> str:
    """
    The name of a statement from its clauses, for eras whose statements were not recorded; empty for any other text.

    Source: kine pkg/drivers/generic, v0.5.1 to v0.17.5. `name >` and `name >=` are the start of a page, `id <=` is a
    revision, `id >` selects the events after one.
    """
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
    """The eras of a statement whose name is in the log: those of its text, else all that have a query of that name."""
    if name == recognised[0]:
        return recognised[1]
    known = eras_with(name)
    return tuple(era for era in recognised[1] if era in known) or known


@lru_cache(maxsize=64)
def eras_with(name: str) -> tuple[str, ...]:
    """The eras that log the name of a query and have a query of that name."""
    return tuple(
        era.name
        for era in ERAS
        if era.catalogue and int(era.number[1:]) >= _FIRST_NAMED_ERA and name in load_catalogue(era.catalogue)
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
