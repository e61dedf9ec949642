"""Copy the rows of a source that a table lacks, and make both equal after the source has stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kinetune.kine.keyspace import COMPACTION_MARK
from kinetune.transfer.incoming import IncomingTable, ReportRows, ignore_rows
from kinetune.transfer.rows import Batch
from kinetune.transfer.source import Source


def copy_missing_rows(source: Source, table: IncomingTable, report: ReportRows = ignore_rows, after: int = 0) -> int:
    """
    Insert the rows with an id above `after` whose ids the table lacks, and return their number.

    `report` gets the number of the source's rows that are in the table by then. Interrupted at any moment, the next
    call continues; memory does not grow with the number of rows.
    """
    copying = _MissingRows(source.read_changes(after), table.read_ids(after))
    return table.write_batches(copying, lambda written: report(copying.skipped + written))


class _MissingRows:
    """Batches without the rows whose ids are in `present`. Both are sorted, so one walk over both is enough."""

    def __init__(self, batches: Iterable[Batch], present: Iterator[int]) -> None:
        self.skipped = 0
        self._batches, self._present = batches, present

    def __iter__(self) -> Iterator[Batch]:
        present = next(self._present, None)
        for batch in self._batches:
            ids: set[int] = set()
            while present is not None and present <= batch[-1][0]:
                ids.add(present)
                present = next(self._present, None)
            missing = [row for row in batch if row[0] not in ids] if ids else batch
            self.skipped += len(batch) - len(missing)
            if missing:
                yield missing


def make_equal(source: Source, table: IncomingTable) -> tuple[int, int]:
    """
    Make the table equal to a source that has stopped, and return the numbers of inserted and deleted rows.

    While it ran, ids became visible out of order and compaction deleted rows that were copied before, so only the
    comparison of all ids in both directions is complete (docs/facts/moving.md §8). The only rows that Kine updates are
    those named compact_rev_key: they are replaced where they differ.
    """
    wanted = source.read_compactions()
    ids = {row[0] for row in wanted}
    # First: the id of such a row may by now be that of another key in the source.
    deleted = table.delete_ids(row[0] for row in table.find_rows(COMPACTION_MARK) if row[0] not in ids)
    missing: list[int] = []
    deleted += table.delete_ids(_surplus_ids(source.read_ids(), table.read_ids(), missing))
    after = missing[0] - 1 if missing else 0
    # read_rows: read_changes may have rows that the source supersedes, and leaves out those with provisional ids.
    inserted = table.write_batches(_MissingRows(source.read_rows(after), table.read_ids(after))) if missing else 0
    present = table.find_rows(COMPACTION_MARK)
    if changed := [row for row in wanted if row not in present]:
        # A run that ends between the two is continued by the next one.
        table.delete_ids(row[0] for row in changed)
        table.write_batches([changed])
    return inserted, deleted


def _surplus_ids(wanted: Iterator[int], present: Iterator[int], missing: list[int]) -> Iterator[int]:
    """Ids of `present` that are not `wanted`, both sorted. The first of `wanted` that is absent goes to `missing`."""
    expected = next(wanted, None)
    for found in present:
        while expected is not None and expected < found:
            missing[:] = missing or [expected]
            expected = next(wanted, None)
        if expected == found:
            expected = next(wanted, None)
        else:
            yield found
    if expected is not None:
        missing[:] = missing or [expected]
