from __future__ import annotations

from collections.abc import Iterator, Mapping

from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.remedy import change_types
from kinetune.rules.rule import rule

BYTES = ("C", "POSIX")
"""Collations that compare bytes, as etcd does."""


@rule("KT112", Severity.WARNING)
def key_collation(table: Relation, settings: Mapping[str, str], server: Server) -> Iterator[Remark]:
    """
    Keys are compared byte by byte and may be of any length: name is text COLLATE "C".

    Why it matters
        Kine asks for all keys of a prefix. Under another collation LIKE, which Kine sends up to v0.16.2, cannot seek in
        an index and filters the whole table: 12 s on 990,000 rows (k3s#9256). Ranges, which newer releases send, do
        seek, but sort otherwise than etcd. VARCHAR(630), Kine's type up to v0.12.2, refuses a longer key: a custom
        resource with long group, namespace and name cannot be stored.

    What to do
        On PostgreSQL stop Kine and run `kinetune init --allow COLUMN_TYPES`. VARCHAR becomes text without a rewrite of
        the rows; indexes on name are built anew. While Kine runs its cached plans would fail (0A000).

    When to ignore
        When lists are fast and no key comes near 630 characters. Where the whole database has the collation C there is
        nothing to say about it.

    Source
        docs/facts/kine.md §3 (collation, key length) and §0.6 (0A000).
    """
    name = table.column("name")
    if name is None or not name.type.startswith(("text", "character varying")):
        return
    reasons = []
    if (name.collation or settings.get("lc_collate", "")) not in BYTES:
        reasons.append(f"{_compared(name.collation, settings)}: lists of a prefix may filter the whole table")
    if name.type != "text":
        reasons.append(f"is {name.type}: longer keys are refused" if "(" in name.type else f"is {name.type}, not text")
    if reasons:
        yield Remark(on="kine.name", says="; ".join(reasons), do=change_types(server, table))


def _compared(own: str | None, settings: Mapping[str, str]) -> str:
    if own:
        return f'is compared by "{own}", not "C"'
    default = settings.get("lc_collate")
    return f"is compared by the database's {default}, not C" if default else "is compared by the database's collation"
