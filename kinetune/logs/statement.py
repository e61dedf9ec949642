"""Which of Kine's statements a text in a log is, and which resource it is about. Statements repeat: both are cached."""

from __future__ import annotations

import re
from functools import lru_cache

from kinetune.kine.keyspace import resource_prefix
from kinetune.kine.queries import catalogue
from kinetune.kine.recognise import name_of
from kinetune.kine.releases import ERAS
from kinetune.logs.options import By

Named = tuple[str, tuple[str, ...]]
NOT_KINES: Named = ("", ())
_LONGEST = 16_384
"""Kine's longest statement has about 1,000 bytes."""
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_ARGUMENT = re.compile(rb"(?:^\[*|(?<= ))(/[^\s\]]+|gap-\d+)")
_LITERAL = re.compile(rb"'(/[^']+|gap-\d+)'")
_ESCAPED = re.compile(r"[\^\\]([%_^\\])")
_FILL_OR_INSERT = re.compile(r"(?i)\s*insert into \"?kine\"? ?\(\s*(id\b)?")


def recognise(sql: bytes) -> Named:
    """Kine's name for the statement and the eras that send it; ("", ()) where it is not Kine's."""
    if b"'" not in sql:
        return _known(sql) if len(sql) < _LONGEST else NOT_KINES
    bare = b"''".join(sql.split(b"'")[::2]).translate(_ZEROS)
    return _known(bare) if len(bare) < _LONGEST else NOT_KINES


@lru_cache(maxsize=4096)
def _known(sql: bytes) -> Named:
    text = sql.decode("utf-8", "replace")
    found = name_of(text) or name_of(text.replace("?", "$1"))
    if found:
        return found[1], found[0]
    return _by_shape(" ".join(text.split())), ()


def _by_shape(text: str) -> str:
    """
    The name of a statement of an era that was not recorded, from what its clauses ask (kine pkg/drivers/generic,
    v0.5.1 to v0.17.5: `name >` or `>=` is a page's start, `id <=` a revision, `id >` the events after one).
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


def eras_of(name: str, recognised: Named) -> tuple[str, ...]:
    """The eras of a statement whose name the log says: those of its text, else those that have such a name."""
    if name == recognised[0]:
        return recognised[1]
    known = eras_with(name)
    return tuple(era for era in recognised[1] if era in known) or known


@lru_cache(maxsize=64)
def eras_with(name: str) -> tuple[str, ...]:
    """Eras of v0.16.0 and later, which log the name, that have a query of that name."""
    return tuple(
        era.name for era in ERAS if era.catalogue and int(era.number[1:]) >= 17 and name in catalogue(era.catalogue)
    )


def literal_key(sql: bytes) -> bytes:
    """The first key inlined in a statement, or in PostgreSQL's line of parameters; empty where there is none."""
    found = _LITERAL.search(sql)
    return found[1] if found else b""


def argument_key(arguments: bytes) -> bytes:
    """The first key in Go's print of arguments: `[[/registry/pods/% false]]`."""
    found = _ARGUMENT.search(arguments, 0, 4096)
    return found[1] if found else b""


@lru_cache(maxsize=8192)
def place(key: bytes, by: By) -> tuple[str, str]:
    """
    The resource a key belongs to and, where asked for, the namespace's prefix or the key itself, else "".

    A LIKE pattern is read as the key it stands for: `%` at its end goes, its escapes too. What follows NUL or the
    \\x1a that Kine writes for it (v0.14.4) is not the key's.
    """
    text = key.decode("utf-8", "replace")
    bare = _ESCAPED.sub(r"\1", text.removesuffix("%")).split("\0")[0].split("\x1a")[0]
    resource = resource_prefix(bare)
    if by is By.KEY:
        return resource, bare
    if by is By.NAMESPACE:
        namespace, found, _ = bare.removeprefix(resource).partition("/")
        return resource, f"{resource}{namespace}/" if found else resource
    return resource, ""
