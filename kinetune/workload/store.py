"""Fills an empty table kine as a busy K3s cluster would have left it: for the demo, the bench and the tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kinetune.database.errors import translated
from kinetune.database.session import Session, visit
from kinetune.model.endpoint import Endpoint
from kinetune.model.failure import Refused, UsageFailure
from kinetune.workload.history import OWN, history

COLUMNS = "id, name, created, deleted, create_revision, prev_revision, lease, value, old_value"
TYPES = ("int8", "text", "int4", "int4", "int8", "int8", "int4", "bytea", "bytea")
EACH = 1000
MEAN = 5
"""Revisions of an object where nothing else is asked: the mean, leases have hundreds and secrets one."""

Told = Callable[[int], None]


@dataclass(frozen=True)
class Store:
    """
    What to make: so many objects, `revisions` of each in the mean, always the same for the same seed.

    UsageFailure for less than one key or one revision.
    """

    objects: int = 20_000
    revisions: float = MEAN
    seed: int = 1

    def __post_init__(self) -> None:
        if self.objects < 1 or self.revisions < 1:
            raise UsageFailure("a store has at least one object and one revision of each")

    @classmethod
    def of_rows(cls, rows: int, seed: int = 1) -> Store:
        """The store of exactly `rows` rows (at least three), five revisions an object."""
        objects = max(1, (rows - len(OWN)) // MEAN)
        return cls(objects, (rows - len(OWN)) / objects, seed)

    @property
    def rows(self) -> int:
        """All revisions, and the two rows that Kine itself writes."""
        return round(self.objects * self.revisions) + len(OWN)


def fill(endpoint: Endpoint, store: Store, told: Told = lambda _: None) -> None:
    """
    All rows in one COPY, then VACUUM (ANALYZE), so that plans see statistics and a visibility map.

    `told` hears how many rows were sent, every thousand. Refused where the table is not empty; interrupted, it is
    empty again. The ids must be BIGINT and the names TEXT, as Kine creates them since v0.13.0.
    """
    # A commit that is not flushed yet is not visible to all: VACUUM would mark no page.
    with visit(endpoint, "fill", write=True, synchronous_commit="on") as session, translated():
        _refuse_rows(session)
        with session.connection.transaction():
            _copy(session, store, told)
            session.connection.execute("SELECT setval(pg_get_serial_sequence('kine', 'id'), %s)", (store.rows,))
    vacuum(endpoint)


def vacuum(endpoint: Endpoint) -> None:
    """What autovacuum does sooner or later, now: two runs of explain before and after a change are then comparable."""
    _maintain(endpoint, "VACUUM (ANALYZE) kine")


def rebuild(endpoint: Endpoint) -> None:
    """
    All indexes anew, with a lock that stops writers: grown ones are a third larger than those `init` builds, and
    would make it look better than it is.
    """
    _maintain(endpoint, "REINDEX TABLE kine")


def _maintain(endpoint: Endpoint, statement: str) -> None:
    with visit(endpoint, "fill", write=True) as session, translated():
        session.connection.execute(statement.encode())


def _refuse_rows(session: Session) -> None:
    if session.rows("SELECT 1 FROM kine LIMIT 1"):
        raise Refused("the table kine is not empty: made-up objects among real ones would harm a cluster")


def _copy(session: Session, store: Store, told: Told) -> None:
    statement = f"COPY kine ({COLUMNS}) FROM STDIN (FORMAT BINARY)".encode()
    with session.connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(TYPES)
        for row in history(store.objects, store.rows, store.seed):
            copy.write_row(row)
            if not row[0] % EACH:
                told(row[0])
    told(store.rows)
