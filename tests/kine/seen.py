"""What the server saw: statements read from its log, with Kine's names for them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinetune.kine.queries import LIMIT_TOKEN, with_limit
from kinetune.kine.releases import era_of_kine

# Not data: connection and transaction keeping, DDL at start, and probes of the migration from another table (≤v0.17.2).
_HOUSEKEEPING = re.compile(
    r"(begin|commit|rollback|-- ping|;|select version\(\)|create |SELECT 1 FROM pg_database|SELECT COUNT\(\*\) FROM )",
    re.IGNORECASE,
)
_EXECUTED = re.compile(r"(?:execute [^:]+|statement): (.*)", re.DOTALL)
_LIMIT = re.compile(r" LIMIT (\d+)")
# How Kine writes arguments into its log (pkg/query/query.go summarize): text, number, bool, [5]byte(...), type{...}.
_ARGUMENT = r"""('[^']*'|-?\d+|true|false|\[\d+\]byte\(\.\.\.\)|\S+\{\.\.\.\})"""

# Releases before v0.16.0 do not name their statements. These are the fields of Generic (pkg/drivers/generic/generic.go)
# and what tells their statements apart; the first that fits is meant. CurrentRev and CompactRev are v0.16.0's names.
_BEFORE_V0_16 = (
    ("Fill", r"INSERT INTO kine\(id,"),
    ("Insert", r"INSERT INTO kine\(name,"),
    ("Compact", r"DELETE FROM kine AS kv USING"),
    ("Delete", r"DELETE FROM kine AS kv WHERE kv.id = \$1"),
    ("UpdateCompact", r"UPDATE kine SET prev_revision"),
    ("GetSize", r"SELECT pg_total_relation_size"),
    ("CurrentRev", r"SELECT MAX\(rkv.id\) AS id FROM kine AS rkv$"),
    ("CompactRev", r"SELECT MAX\(crkv.prev_revision\)"),
    ("GetRevision", r"SELECT 0, 0, .* WHERE kv.id = \$1"),
    ("CountRevision", r".*COUNT\(c.theid\).* m?kv.id <= "),
    ("CountCurrent", r".*COUNT\(c.theid\)"),
    ("After", r".* kv.id > \$2 ORDER BY kv.id"),
    ("GetRevisionAfter", r".* ikv.name = \$3"),
    ("GetRevisionAfter", r".* kv.name >=? \$2 AND kv.id <= \$3"),
    ("ListRevisionStart", r".* m?kv.id <= \$2"),
    ("GetCurrent", r".*kv.name LIKE \$1"),
)


@dataclass(frozen=True)
class Seen:
    """A statement under its name, without its limit; `limits` are those it came with, 0 for none."""

    name: str
    text: str
    limits: frozenset[int]


def collapsed(text: str) -> str:
    """The text with each run of blanks and line ends as one blank, as Kine itself does from v0.16.0 on."""
    return " ".join(text.split())


def statements(log: Path, database: str) -> Iterator[str]:
    """What Kine sent to that database, in order, housekeeping left out."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry.get("dbname") != database or entry.get("application_name") != "kine":
                continue
            executed = _EXECUTED.fullmatch(entry.get("message", ""))
            if executed and not _HOUSEKEEPING.match(text := collapsed(executed[1])):
                yield text


def unlimited(text: str) -> tuple[str, int]:
    """The statement without its LIMIT, and that limit (0: none); what `limited` makes of it is the statement again."""
    found = _LIMIT.findall(text)
    if not found:
        return text, 0
    n = int(found[0])
    clause = f" LIMIT {n}"
    plain = text.removesuffix(clause) if text.endswith(clause) else text.replace(clause, f" {LIMIT_TOKEN}")
    assert len(found) == 1, text
    assert with_limit(plain, n) == text, text
    return plain, n


def named(tag: str, texts: Iterator[str], kine_log: str) -> dict[str, Seen]:
    """Each statement once, under Kine's name for it."""
    limits: dict[str, set[int]] = defaultdict(set)
    for text in texts:
        plain, n = unlimited(text)
        limits[plain].add(n)
    own = own_names(kine_log)
    found: dict[str, Seen] = {}
    for plain, numbers in limits.items():
        name = name_in_log(plain, own) if own else name_before_v0_16(tag, plain)
        assert name not in found, f"two statements are {name}: {plain} and {found[name].text}"
        found[name] = Seen(name, plain, frozenset(numbers))
    return found


def own_names(kine_log: str) -> dict[str, set[str]]:
    """Name → statements with their arguments written in, from the Slow SQL lines of v0.16.0 and later."""
    names: dict[str, set[str]] = defaultdict(set)
    for line in kine_log.splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if "name" in entry and entry["message"].startswith("Slow SQL: "):
                names[entry["name"]].add(unlimited(collapsed(entry["message"].removeprefix("Slow SQL: ")))[0])
    return names


def name_in_log(plain: str, own: dict[str, set[str]]) -> str:
    """The one name under which Kine logged this statement."""
    pattern = re.compile(re.sub(r"\\\$\d+", lambda _: _ARGUMENT, re.escape(plain)))
    fitting = [name for name, written in own.items() if any(pattern.fullmatch(text) for text in written)]
    assert len(fitting) == 1, f"{fitting} for {plain}"
    return fitting[0]


def name_before_v0_16(tag: str, plain: str) -> str:
    name = next(name for name, pattern in _BEFORE_V0_16 if re.match(pattern, plain))
    era = era_of_kine(tag).number
    if name == "CountCurrent" and era < "E08":
        return "Count"
    if era < "E12":
        return name
    if name == "After":
        return "AfterOldVal"
    return f"{name}Val" if "kv.value" in plain else name
