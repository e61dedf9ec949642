from __future__ import annotations

from collections.abc import Iterator, Mapping

from kinetune.model.facts import Relation
from kinetune.model.finding import Remark, Severity
from kinetune.model.server import Server
from kinetune.rules.remedies import type_change_command
from kinetune.rules.rule import rule

BYTES = ("C", "POSIX")
"""Collations that compare bytes, as etcd does."""


@rule("KT112", Severity.WARNING)
def unsuitable_key_column(table: Relation, settings: Mapping[str, str], server: Server) -> Iterator[Remark]:
    """
    kine.name is not text COLLATE "C".

    Why it matters
        Kine selects all keys with a prefix. With another collation LIKE, which Kine sends up to v0.16.2, cannot use an
        index and filters the whole table: 12 s on 990,000 rows (k3s#9256). Newer releases send ranges, which use the
        index but sort keys differently from etcd. VARCHAR(630), the type up to Kine v0.12.2, rejects longer keys: a
        custom resource with a long group, namespace and name cannot be stored.

    What to do
        On PostgreSQL stop Kine and run `kinetune init --allow COLUMN_TYPES`. The change from VARCHAR to text does not
        rewrite the rows; indexes on name are rebuilt. Kine must be stopped because its cached plans would fail (0A000).

    When to ignore
        Lists are fast and no key is close to 630 characters. A database whose default collation is C passes.

    Source
        docs/facts/kine.md §3 (collation, key length) and §0.6 (0A000).
    """
    name = table.column("name")
    if name is None or not name.type.startswith(("text", "character varying")):
        return
    reasons = []
    if (name.collation or settings.get("lc_collate", "")) not in BYTES:
        reasons.append(f"{_describe_collation(name.collation, settings)}: lists may filter the whole table")
    if name.type != "text":
        reasons.append(f"is {name.type}: longer keys are rejected" if "(" in name.type else f"is {name.type}, not text")
    if reasons:
        yield Remark(on="kine.name", says="; ".join(reasons), do=type_change_command(server, table))


def _describe_collation(own: str | None, settings: Mapping[str, str]) -> str:
    if own:
        return f'has collation "{own}" instead of "C"'
    default = settings.get("lc_collate")
    return f"has the database's collation {default} instead of C" if default else "has the database's collation"
