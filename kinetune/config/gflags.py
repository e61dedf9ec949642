"""YugabyteDB's flags as yugabyted takes them: one text, cut at commas, unless braces hold it together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kinetune.servers.sequence_flag import SEQUENCE_FLAG

# Names of PostgreSQL's settings, which only ysql_pg_conf_csv may carry.
_POSTGRES = re.compile(
    r"(log_|auto_explain|pg_stat_statements|pgaudit|shared_preload|work_mem|temp_|statement_|idle_|lock_|deadlock_"
    r"|max_connections|yb_bnl|yb_enable_opt|yb_enable_base|suppress_|jit$|timezone$|search_path$|default_transaction"
    r"|client_|track_|session_preload|password_encryption|row_security|effective_|random_page|maintenance_|wal_)"
)


def split_flags(text: str) -> Iterator[tuple[str, str, str]]:
    """
    Name, value and what is wrong with it, of each flag in `a=1,b={x=1,y=2}` (docs/facts/yugabytedb.md §2.4).

    Braces are removed. A piece that a comma cut off from the value before it has the name of that flag as its fault.
    """
    before = ""
    for piece in _split_outside_braces(text):
        name, mark, value = piece.strip().partition("=")
        braced = value.startswith("{") and value.endswith("}")
        cut = before and (not mark or not re.fullmatch(r"-*\w+", name) or _POSTGRES.match(name))
        yield name.lstrip("-").strip(), value[1:-1] if braced else value, before if cut else ""
        if not cut:
            before = "" if braced or not name.endswith("_csv") else name


def hidden_value(name: str, value: str) -> str | None:
    """The value that the sequence flag would have if it were not inside another flag's value; None where it is not."""
    found = re.search(rf"\b{SEQUENCE_FLAG}\b\s*[=:]?\s*(\d*)", value)
    return found[1] if found and name != SEQUENCE_FLAG else None


def _split_outside_braces(text: str) -> Iterator[str]:
    depth, piece = 0, ""
    for letter in text:
        depth = max(depth + {"{": 1, "}": -1}.get(letter, 0), 0)
        if letter == "," and not depth:
            yield piece
            piece = ""
        else:
            piece += letter
    if piece:
        yield piece
