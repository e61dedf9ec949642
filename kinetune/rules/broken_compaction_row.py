from __future__ import annotations

from collections.abc import Iterator

from kinetune.kine.releases import WANTS_COMPACTED_VALUE, describe_release
from kinetune.model.facts import Integrity, KineRelease, Relation
from kinetune.model.finding import Remark, Severity
from kinetune.rules.remedies import qualified_table
from kinetune.rules.rule import rule

NAME = "compact_rev_key"


@rule("KT114", Severity.ERROR)
def broken_compaction_row(table: Relation, integrity: Integrity, release: KineRelease | None) -> Iterator[Remark]:
    """
    The row compact_rev_key is missing or duplicated, or the API server cannot read its compaction mark.

    Why it matters
        Kine stores in prev_revision of that row up to which revision it has compacted. Without the row reads fail
        (`converting NULL to int64`), or Kine exits. With two rows, Kine's UPDATE gives both the same prev_revision,
        which the unique index rejects: every compaction is rolled back, and the table grows with every write. At its
        next start Kine deletes all of these rows, and v0.16.4 then fails every request until it is restarted. Before
        v0.14.10 Kine stored the API server's mark as a version without a value; v0.14.10 and v0.14.11 return an empty
        value for it, and Kubernetes 1.34 and newer stop compacting (`failed to parse compact revision`).

    What to do
        Stop Kine, run the statement of the finding, start Kine. Kine v0.14.12 and newer read the API server's mark.

    When to ignore
        Never.

    Source
        docs/facts/kine.md §8, measured with v0.10.1, v0.14.16, v0.16.4 and v0.17.5.
    """
    if integrity.compaction_rows > 1:
        yield Remark(
            on=NAME,
            says=f"{integrity.compaction_rows} rows have this name: every compaction fails, the table grows with every "
            "write, and Kine deletes all of these rows at its next start",
            do=f"stop Kine; {_delete_older_rows(table)}; start Kine",
        )
    # Kine inserts the row at its first start, so it is no problem in an empty table.
    elif integrity.compaction_rows == 0 and table.max_id is not None:
        yield Remark(
            on=NAME,
            says="no row has this name, but kine has other rows: reads fail, or Kine exits",
            do=f"stop Kine; {_insert_row(table)}; start Kine",
        )
    if integrity.bare_revision and release and WANTS_COMPACTED_VALUE.applies_to(release):
        yield _missing_value(release)


def _missing_value(release: KineRelease) -> Remark:
    return Remark(
        on=f"{NAME}_apiserver",
        says=f"was written before v0.14.10, and {describe_release(release)} returns an empty value for it: Kubernetes "
        "1.34 and newer stop compacting",
        do="upgrade to Kine v0.14.12 or newer",
    )


def _delete_older_rows(table: Relation) -> str:
    """Keeps the row with the highest revision; of equal revisions the newest row."""
    rows = f"FROM {qualified_table(table)} WHERE name = '{NAME}'"
    newest = f"SELECT id {rows} ORDER BY prev_revision DESC NULLS LAST, id DESC LIMIT 1"
    return f"DELETE {rows} AND id <> ({newest})"


def _insert_row(table: Relation) -> str:
    columns = "name, created, deleted, create_revision, prev_revision, lease, value"
    return f"INSERT INTO {qualified_table(table)} ({columns}) VALUES ('{NAME}', 1, 0, 0, 0, 0, '')"  # noqa: S608 - the table name is quoted, the rest is constant
