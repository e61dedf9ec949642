from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.traits import WANTS_COMPACTED_VALUE, named
from kinetune.model.facts import Integrity, KineRelease, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.rule import rule
from kinetune.rules.words import qualified

NAME = "compact_rev_key"


@rule("KT114", Severity.ERROR)
def compaction_row(table: Relation, integrity: Integrity, release: KineRelease | None) -> Iterator[Remark]:
    """
    One row is called compact_rev_key, and what the API server noted of its compaction can be read.

    Why it matters
        Kine notes in prev_revision of that row how far it has compacted. Without it reads fail (`converting NULL to
        int64`), or Kine ends. With two, its UPDATE gives both the same prev_revision, which the unique index refuses:
        each compaction is rolled back, and the table grows with every write. At its next start Kine deletes all of
        them, not all but one, and v0.16.4 then fails every request until it is started again. Before v0.14.10 Kine
        noted for the API server a version without a value; v0.14.10 and v0.14.11 hand on nothing in its place, and
        Kubernetes 1.34 and newer compact no more (`failed to parse compact revision`).

    What to do
        Stop Kine, run the statement of the finding, start Kine. The note is read by Kine v0.14.12 and newer.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §8, measured with v0.10.1, v0.14.16, v0.16.4 and v0.17.5.
    """
    if integrity.compaction_rows > 1:
        yield Remark(
            on=NAME,
            says=f"{integrity.compaction_rows} rows have this name: compaction cannot note its revision, the table "
            "grows with every write, and Kine's next start deletes them all",
            do=f"stop Kine; {_keep_newest(table)}; start Kine",
        )
    elif integrity.compaction_rows == 0 and table.max_id is not None:
        yield Remark(
            on=NAME,
            says="no row has this name, though there are others: reads fail, or Kine ends",
            do=f"stop Kine; {_make(table)}; start Kine",
        )
    if integrity.bare_revision and release and WANTS_COMPACTED_VALUE.of(release):
        yield _without_value(release)


def _without_value(release: KineRelease) -> Remark:
    return Remark(
        on=f"{NAME}_apiserver",
        says=f"was written before v0.14.10, and {named(release)} reads no value in it: Kubernetes 1.34 and "
        "newer compact no more",
        do="run Kine v0.14.12 or newer, which reads it",
    )


def _keep_newest(table: Relation) -> str:
    """Of two with the same revision the newer stays."""
    rows = f"FROM {qualified(table)} WHERE name = '{NAME}'"
    newest = f"SELECT id {rows} ORDER BY prev_revision DESC NULLS LAST, id DESC LIMIT 1"
    return f"DELETE {rows} AND id <> ({newest})"


def _make(table: Relation) -> str:
    columns = "name, created, deleted, create_revision, prev_revision, lease, value"
    return f"INSERT INTO {qualified(table)} ({columns}) VALUES ('{NAME}', 1, 0, 0, 0, 0, '')"  # noqa: S608 - the same
