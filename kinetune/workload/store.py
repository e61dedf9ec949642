"""Fill an empty table kine with the rows of a busy K3s cluster, for the demo, the benchmarks and the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kinetune.database.session import Session, open_session, translate_errors
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import Refused, UsageFailure
from kinetune.workload.history import KINE_ROWS, generate_rows

COLUMNS = "id, name, created, deleted, create_revision, prev_revision, lease, value, old_value"
TYPES = ("int8", "text", "int4", "int4", "int8", "int8", "int4", "bytea", "bytea")
PROGRESS_ROWS = 1000
MEAN_REVISIONS = 5
"""Default of revisions per object. It is the mean: leases have hundreds of revisions, and most secrets one."""

ReportRows = Callable[[int], None]


@dataclass(frozen=True)
class StoreSize:
    """
    The number of objects and of revisions per object (the mean). Equal seeds give equal rows.

    UsageFailure for less than one object or one revision.
    """

    objects: int = 20_000
    revisions: float = MEAN_REVISIONS
    seed: int = 1

    def __post_init__(self) -> None:
        if self.objects < 1 or self.revisions < 1:
            raise UsageFailure("a store needs at least one object and one revision per object")

    @classmethod
    def of_rows(cls, rows: int, seed: int = 1) -> StoreSize:
        """A store of exactly `rows` rows (at least three), with five revisions per object."""
        objects = max(1, (rows - len(KINE_ROWS)) // MEAN_REVISIONS)
        return cls(objects, (rows - len(KINE_ROWS)) / objects, seed)

    @property
    def rows(self) -> int:
        """The number of all revisions and of the rows that Kine itself writes."""
        return round(self.objects * self.revisions) + len(KINE_ROWS)


def fill_store(endpoint: Endpoint, store: StoreSize, report: ReportRows = lambda _: None) -> None:
    """
    Copy all rows in one COPY, then run VACUUM (ANALYZE), so that plans have statistics and a visibility map.

    `report` gets the number of rows so far, every PROGRESS_ROWS. Refused if the table is not empty; after an
    interruption it is empty again. Ids must be BIGINT and names TEXT, as Kine creates them since v0.13.0.
    """
    # With synchronous_commit off, VACUUM could run before the commit is flushed, and would mark no page as all-visible.
    with open_session(endpoint, "fill", write=True, synchronous_commit="on") as session, translate_errors():
        _refuse_rows(session)
        with session.connection.transaction():
            _copy_rows(session, store, report)
            # COPY inserted the ids explicitly, so the sequence has not moved.
            session.connection.execute("SELECT setval(pg_get_serial_sequence('kine', 'id'), %s)", (store.rows,))
    vacuum_table(endpoint)


def vacuum_table(endpoint: Endpoint) -> None:
    """Do now what autovacuum would do later, so that runs of explain before and after a change are comparable."""
    _run_maintenance(endpoint, "VACUUM (ANALYZE) kine")


def rebuild_indexes(endpoint: Endpoint) -> None:
    """
    Rebuild all indexes. Indexes that have grown are a third larger than those that `init` builds; compared with them
    `init` would look better than it is. The lock blocks writes.
    """
    _run_maintenance(endpoint, "REINDEX TABLE kine")


def _run_maintenance(endpoint: Endpoint, statement: str) -> None:
    # VACUUM and REINDEX cannot run inside a transaction; the session is in autocommit.
    with open_session(endpoint, "fill", write=True) as session, translate_errors():
        session.connection.execute(statement.encode())


def _refuse_rows(session: Session) -> None:
    if session.query("SELECT 1 FROM kine LIMIT 1"):
        raise Refused(
            "the table kine is not empty, and generated objects would damage a real cluster",
            "name an empty database, or remove the store with kinetune drop",
        )


def _copy_rows(session: Session, store: StoreSize, report: ReportRows) -> None:
    statement = f"COPY kine ({COLUMNS}) FROM STDIN (FORMAT BINARY)".encode()
    with session.connection.cursor() as cursor, cursor.copy(statement) as copy:
        # Binary COPY needs the exact types: int8 and int4 have different lengths.
        copy.set_types(TYPES)
        for row in generate_rows(store.objects, store.rows, store.seed):
            copy.write_row(row)
            if not row[0] % PROGRESS_ROWS:
                report(row[0])
    report(store.rows)
