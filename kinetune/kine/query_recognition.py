"""
Recognizes statements of Kine, and the release that sends them, in pg_stat_statements and in logs of servers and Kine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from functools import cache, lru_cache
from types import MappingProxyType

from kinetune.kine.queries import load_catalogue, with_limit
from kinetune.kine.releases import ERAS, Era, find_era

# Constants as SQL writes them, parameters, and what Kine's own log writes for bytes and NULL (pkg/query/query.go).
_CONSTANT = r"""
    [eEnNbBxX]?'(?:[^']|'')*'
  | \[\d+\]byte\(\.\.\.\) | <nil>(?:\{\.\.\.\})?
  | \$\d+
  | (?<![\w.$])\d+(?:\.\d+)?(?![\w.])
  | (?<!is\ )(?<!not\ )\b(?:null|true|false)\b
"""


# Queries by the era in which they first appear, newest first. Only those that every Kine of the era sends at its start
# or at its first write (docs/facts/kine.md §2.1), so that their absence is significant.
_FIRST_IN = (("InsertReturning", "E20"), ("AllCurrent", "E19"), ("AllCurrentVal", "E19"), ("AfterAllOldVal", "E18"))
_PREPARED = re.compile(r"PREPARE kinetune_call\s+(?:\([^)]*\)\s+)?AS\s+")


@cache
def _compile_patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(r"/\*.*?\*/|--[^\n]*", re.DOTALL),
        re.compile(_CONSTANT, re.VERBOSE | re.IGNORECASE),
        re.compile(r"(?<=\() | (?=[),])"),
    )


@lru_cache(maxsize=1024)
def normalise_statement(text: str) -> str:
    """
    The statement without its variable parts: constants and parameters become `$n`, comments are removed, blanks are
    single.

    Statements from Kine, from pg_stat_statements (which numbers constants after the parameters) and from Kine's log
    become equal. Upper and lower case are kept. Idempotent.
    """
    comment, constant, beside_bracket = _compile_patterns()
    bare = constant.sub("$n", " ".join(comment.sub(" ", text).split()))
    return beside_bracket.sub("", bare).rstrip("; ")


def name_of(text: str, era: str = "") -> tuple[tuple[str, ...], str] | None:
    """
    The eras that send this statement, and its name; None if no Kine does.

    Names changed over time: the result is the name in `era` if that era sends the statement, else the newest one.
    pg_stat_statements shows calls of Kine as the PREPARE of kinetune explain if that came first, because both have the
    same query id.
    """
    # PREPARE of kinetune explain has the same query id as the call of Kine and may be the stored text.
    names = _build_index().get(normalise_statement(_PREPARED.sub("", text)))
    if names is None:
        return None
    return tuple(names), names.get(era, names[max(names, key=_era_position)])


_DIALECTS = (
    (
        "GetSize",
        re.compile(
            r"(?i)^select (?:sum\(pgsize\) from dbstat$|sum\(data_length \+ index_length\) from |.* from "
            r"pragma_page_count\()"
        ),
    ),
    ("Compact", re.compile(r"(?i)^delete (?:kv )?from kine as kv .*\bkp\.prev_revision\b")),
)


def name_of_dialect(text: str) -> str:
    """
    The name of a statement that Kine sends to SQLite or MySQL in another form than to PostgreSQL; empty for any other.

    Source: kine pkg/drivers/sqlite/sqlite.go and pkg/drivers/mysql/mysql.go, v0.9.9, v0.14.16 and v0.17.5.
    """
    bare = " ".join(text.split())
    return next((name for name, pattern in _DIALECTS if pattern.search(bare)), "")


def eras_of_clauses(text: str) -> tuple[str, ...]:
    """
    The eras that send a list or count with these clauses, for eras whose statements were not recorded; empty for any
    other text.

    Source: kine pkg/drivers/pgsql/pgsql.go and pkg/drivers/generic/generic.go of v0.6.2, v0.8.1, v0.11.11, v0.14.0,
    v0.14.4 and v0.14.6; for v0.14.7 and v0.16.0 docs/facts/kine.md §1.1. On SQLite and MySQL the clauses of E10 are
    sent by later eras too, so nothing is said of a text with `?`.
    """
    bare = " ".join(text.split())
    if not bare.upper().startswith(("SELECT", "WITH")) or re.search(r"(?:=|LIKE) \?(?:\s|$)", bare):
        return ()
    if " AS current" in bare and "MAX(id)" in bare:  # E18 compares with a range instead of LIKE
        return ("v0.16.0",) if " LIKE " in bare else ()
    if "DISTINCT ON (name)" in bare and "theid" in bare:
        return _era_of_distinct(bare)
    if "GROUP BY mkv.name" in bare:
        if "AS thename" in bare:
            return ("v0.11.9",)
        return () if "AS lkv" in bare else ("v0.5.1", "v0.8.0")
    return ()


def _era_of_distinct(bare: str) -> tuple[str, ...]:
    escape = re.search(r"ESCAPE '([^']*)'", bare)
    if escape:
        # Without its quotes, as it is looked up, a literal is empty: both eras had it.
        return {"\\": ("v0.14.7",), "\\\\": ("v0.14.7",), "^": ("v0.14.8",)}.get(escape[1], ("v0.14.7", "v0.14.8"))
    if re.search(r"\bname >= ", bare):
        return ("v0.14.4",)
    if "old_value" in bare:
        return ("v0.13.0",)
    # Counts have no columns, and are the same in E11 to E13; a list of E12 and E13 has no old_value.
    return ("v0.14.0", "v0.14.3") if "COUNT(" not in bare else ("v0.13.0", "v0.14.0", "v0.14.3")


def era_of_statements(texts: Iterable[str]) -> Era | None:
    """
    The newest era that can have sent these statements; None if they do not identify one.

    After an upgrade the statistics contain statements of both releases, so statements of newer eras decide. Of eras
    with equal SQL the first one is returned.
    """
    seen = {form: names for form in map(normalise_statement, texts) if (names := _build_index().get(form))}
    left = {era.name for era in ERAS if era.catalogue == era.name}
    # Statements that appeared latest rule out most eras, so they come first; a statement of an older release that
    # contradicts them is ignored.
    for names in sorted(seen.values(), key=lambda names: -min(map(_era_position, names))):
        left = left & names.keys() or left
    shares = {name: sum(name in names for names in seen.values()) / len(load_catalogue(name)) for name in left}
    best = max(shares, key=lambda name: (shares[name], _era_position(name)))
    # Too few statements of the best era were seen to distinguish it from the others.
    if len(left) > 1 and shares[best] < 0.5:
        return None
    return ERAS[_era_position(best)]


def era_of_metric_names(names: Set[str]) -> Era | None:
    """
    The era whose Kine has these values of the label `name` in its metric kine_sql_time_seconds, which exists from
    v0.16.0 on. None if none of them belongs to a single era.
    """
    return next((find_era(number) for name, number in _FIRST_IN if name in names), None)


def _era_position(name: str) -> int:
    return next(at for at, era in enumerate(ERAS) if era.name == name)


@cache
def _build_index() -> Mapping[str, Mapping[str, str]]:
    """Normalised statement, with and without LIMIT → era → name of the statement."""
    index: dict[str, dict[str, str]] = {}
    for era in ERAS:
        if era.catalogue is not None:
            for query in load_catalogue(era.name).values():
                for text in (query.text, with_limit(query.text, 1)):
                    index.setdefault(normalise_statement(text), {})[era.name] = query.name
    return MappingProxyType(index)
